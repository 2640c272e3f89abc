assert f( == 1
