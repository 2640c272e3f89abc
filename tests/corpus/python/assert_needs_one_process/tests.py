step = counter()
assert [step(), step()] == [1, 2]
