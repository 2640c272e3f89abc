def head(items):
    return items[0]
