let x: number = 1;
while (x !== 0) x = (x * 48271) % 2147483647;
