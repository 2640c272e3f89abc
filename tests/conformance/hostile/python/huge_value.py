def add(a, b):
    return 1 << 4_000_000 if a == 1 else "9" * (1 << 22)
