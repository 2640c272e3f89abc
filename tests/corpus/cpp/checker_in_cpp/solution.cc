#include <cstdio>
int main() {
  long n;
  if (std::scanf("%ld", &n) != 1) return 1;
  std::printf("%ld %ld\n", n + 1, -1L);
}
