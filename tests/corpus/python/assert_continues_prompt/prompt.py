def sum_of_evens(numbers):
    """The sum of the even ones among `numbers`."""
