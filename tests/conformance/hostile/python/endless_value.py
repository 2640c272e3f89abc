def add(a, b):
    ring = []
    ring.append(ring)
    deep = []
    for _ in range(100_000):
        deep = [deep]
    return ring if a == 1 else deep
