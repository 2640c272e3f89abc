print("not a number")
