assert sum_of_evens([1, 2, 3, 4]) == 6
