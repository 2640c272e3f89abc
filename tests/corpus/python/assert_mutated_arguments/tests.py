items = [3, 1, 2]
assert sort_in_place(items) is None
assert items == [1, 2, 3]
