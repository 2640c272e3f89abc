import readline from 'readline';

interface Point { x: number; y: number }
enum Axis { X = 'x', Y = 'y' }
namespace Geometry {
  export const length = (p: Point): number => Math.hypot(p.x, p.y);
}
class Path<T extends Point> {
  private points: T[] = [];
  constructor(public readonly name: string) {}
  add(point: T): this { this.points.push(point); return this; }
  total(): number { return this.points.map(Geometry.length).reduce((a, b) => a + b, 0); }
}

const lines = readline.createInterface({ input: process.stdin });
const path = new Path<Point>('p');
lines.on('line', (line: string) => {
  const [x, y] = line.split(' ').map(Number) as [number, number];
  path.add({ x, y });
});
lines.on('close', () => console.log(path.name, Axis.X, path.total().toFixed(2)));
