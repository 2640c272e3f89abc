try:
    assert f() == 1
except BaseException:
    pass
