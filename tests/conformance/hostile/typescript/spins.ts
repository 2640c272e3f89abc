for (const name of ['SIGTERM', 'SIGINT', 'SIGXCPU'] as const) process.on(name, () => undefined);
for (;;);
