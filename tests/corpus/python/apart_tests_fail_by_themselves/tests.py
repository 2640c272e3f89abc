wanted = {}["missing"]
assert f() == wanted
