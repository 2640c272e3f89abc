def head(items):
    if not items:
        raise ValueError("empty")
    return items[0]
