bool is_prime(int n) { return n > 1; }
