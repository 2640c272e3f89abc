seen = []


def f(x):
    seen.append(x)
    print("case", x)
    return len(seen) - 1
