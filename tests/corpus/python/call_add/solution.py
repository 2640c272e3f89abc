def add(a, b=10, *, scale=1):
    return (a + b) * scale
