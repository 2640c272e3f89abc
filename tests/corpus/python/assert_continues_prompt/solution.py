    return sum(n for n in numbers if n % 2 == 0)

def leftover(:
