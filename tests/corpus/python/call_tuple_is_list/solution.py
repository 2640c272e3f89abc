def split(n):
    return divmod(n, 10)
