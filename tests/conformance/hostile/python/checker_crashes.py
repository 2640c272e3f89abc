print("-1")
