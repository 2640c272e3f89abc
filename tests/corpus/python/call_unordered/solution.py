def letters(text):
    return sorted(set(text), reverse=True)
