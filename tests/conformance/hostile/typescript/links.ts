import { symlinkSync } from 'fs';
symlinkSync('/etc/passwd', 'output.txt');
