#include <cstdio>
static long depth(long n) {
  volatile char frame[64] = {};
  return n == 0 ? frame[0] : depth(n - 1) + 1;
}
int main() {
  long n;
  if (std::scanf("%ld", &n) != 1) return 1;
  std::printf("%ld\n", depth(n));
}
