print(*range(1000), sep="\n")
