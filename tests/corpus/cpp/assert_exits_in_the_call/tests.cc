#include <cassert>
int main() {
  assert(is_prime(2));
  assert(is_prime(97));
  assert(!is_prime(1));
  assert(!is_prime(91));
}
