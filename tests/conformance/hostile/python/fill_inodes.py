count = 0
try:
    while True:
        open(f"empty-{count}", "w").close()
        count += 1
except OSError as error:
    print(count < 1_000_000, error.errno)
