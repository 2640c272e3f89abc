for _ in range(500_000):
    print("123456789")
