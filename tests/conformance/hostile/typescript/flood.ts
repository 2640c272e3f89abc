import { writeSync } from 'fs';
const line: string = 'x'.repeat(1 << 16);
for (;;) writeSync(1, line);
