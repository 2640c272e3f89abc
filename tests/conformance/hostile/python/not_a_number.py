def half(a):
    return float("nan") if a == 1 else float("inf")
