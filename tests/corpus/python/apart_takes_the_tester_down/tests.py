values = [0] * 10
values += list(range(f()))
assert values
