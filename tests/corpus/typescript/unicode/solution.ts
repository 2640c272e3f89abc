import { readFileSync } from 'node:fs';
const größer = (text: string): string => text.toUpperCase();
console.log(größer(readFileSync('/dev/stdin', 'utf8').trim()) + ' — ΩЖ漢😀');
