#include <cstdio>
bool is_odd(long long n) {
  std::printf("asked about %lld\n", n);
  return n % 2 != 0;
}
