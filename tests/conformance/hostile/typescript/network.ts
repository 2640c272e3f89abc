import { connect } from 'net';
import { networkInterfaces } from 'os';
for (const [name, all] of Object.entries(networkInterfaces())) if (name !== 'lo') console.log('LEAK', name, all);
for (const port of [22, 80, 9092, 8080]) {
  connect(port, '127.0.0.1', () => console.log('LEAK', port)).on('error', (error: Error) => console.log(String(error)));
}
