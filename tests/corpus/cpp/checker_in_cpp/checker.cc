// Any two numbers of the right sum will do.
#include <fstream>
int main(int, char** argv) {
  long n, a, b;
  std::ifstream(argv[1]) >> n;
  std::ifstream(argv[3]) >> a >> b;
  return a + b == n ? 0 : 1;
}
