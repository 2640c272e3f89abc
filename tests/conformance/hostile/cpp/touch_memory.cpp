#include <cstdlib>
#include <cstring>
int main() {
  for (;;) {
    void* more = std::malloc(1 << 22);
    if (more) std::memset(more, 1, 1 << 22);
  }
}
