setTimeout(() => undefined, 1_000_000);
