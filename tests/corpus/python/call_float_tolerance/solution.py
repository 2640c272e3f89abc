def third(n):
    return round(n / 3, 4)
