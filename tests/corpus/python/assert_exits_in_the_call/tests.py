def check(candidate):
    assert candidate(2)
    assert candidate(97)
    assert not candidate(1)
    assert not candidate(91)


check(is_prime)
