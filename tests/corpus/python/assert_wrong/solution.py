def is_prime(n):
    return n > 1
