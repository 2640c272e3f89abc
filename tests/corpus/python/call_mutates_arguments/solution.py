def drain(items):
    total = 0
    while items:
        total += items.pop()
    return total
