import { writeFileSync } from 'fs';
writeFileSync('out.txt', 'kept\n');
console.log(process.argv.length - 2, process.argv[2]);
