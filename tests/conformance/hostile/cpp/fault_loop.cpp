#include <csignal>
int main() {
  std::signal(SIGSEGV, [](int) {});
  struct sigaction again {};
  again.sa_handler = [](int) {};
  again.sa_flags = SA_NODEFER;
  sigaction(SIGSEGV, &again, nullptr);
  *reinterpret_cast<volatile int*>(8) = 1;
}
