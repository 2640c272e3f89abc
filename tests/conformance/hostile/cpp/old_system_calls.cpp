#include <sys/wait.h>
#include <unistd.h>
#include <cstdio>
int main() {
  const pid_t child = fork();
  if (child == 0) {
    long result;
    asm volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory");
    _exit(result > 0 ? 42 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 42) std::puts("LEAK: the 32-bit door is open");
}
