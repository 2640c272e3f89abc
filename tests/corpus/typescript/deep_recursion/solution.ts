const depth = (n: number): number => (n === 0 ? 0 : depth(n - 1) + 1);
console.log(depth(Number(require('fs').readFileSync(0, 'utf8'))));
