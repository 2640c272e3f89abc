import { readFileSync } from 'fs';
for (const path of ['/etc/shadow', '/proc/1/environ', '/proc/kcore', '/root/.profile', '/etc/machine-id']) {
  try {
    console.log('LEAK', path, readFileSync(path, 'utf8'));
  } catch (error) {
    console.log(path, String(error));
  }
}
