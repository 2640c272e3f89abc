assert head([3, 4]) == 3
try:
    head([])
    assert False, "no exception"
except ValueError as error:
    assert "empty" in str(error)
