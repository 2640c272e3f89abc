print(len(str(7 ** 40_000_000)))
