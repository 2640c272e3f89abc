const held: number[][] = [];
for (;;) held.push(new Array<number>(1 << 14).fill(0.5));
