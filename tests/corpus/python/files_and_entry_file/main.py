from maths.products import factorial
print(factorial(int(input())))
