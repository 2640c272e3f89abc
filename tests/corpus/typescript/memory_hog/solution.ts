const held: number[][] = [];
for (;;) held.push(new Array<number>(1 << 16).fill(1.5));
