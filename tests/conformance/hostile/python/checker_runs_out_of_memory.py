print(10 ** 12)
