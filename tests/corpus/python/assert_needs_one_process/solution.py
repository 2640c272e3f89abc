def counter():
    count = [0]

    def step():
        count[0] += 1
        return count[0]

    return step
