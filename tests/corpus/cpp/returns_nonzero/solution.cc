#include <cstdio>
int main() {
  std::puts("done");
  return 2;
}
