def head(items):
    print("debug: ünïcode", items)
    return items[0]
