#include <cstdio>
int main() {
  long a, b;
  if (std::scanf("%ld %ld", &a, &b) != 2) return 1;
  std::printf("%ld\n", a + b);
}
