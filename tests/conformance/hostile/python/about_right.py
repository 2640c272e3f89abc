print(sum(map(int, input().split())) + 1e-9)
