// Runs inside the sandbox: a translation unit of its own, linked with the submission and its tests
// by -Wl,--wrap=main. The program's main() is the one of the trusted tests; the C runtime calls
// __wrap_main() instead, which lets it run and vouches on descriptor 4 only after it has returned
// 0. exit() in a static initialiser, in the tested function or in a signal handler never gets
// there.
//
// Descriptor 3 holds one line with the completion token. It is read and closed before any
// constructor of the submission runs. The answer is one line: "passed TOKEN", "assertion" or
// "exception"; only the first can be accepted, so lying about the others costs nothing. A
// submission that is written against this very file can find the token in its memory: that is what
// the label `sentinel` says.
//
// FARM_TESTS_END is the name of a function that stands behind the last line of the tests: without
// it, the tests have been swallowed and the program does not link.
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iostream>

extern "C" int __real_main(int argc, char** argv, char** environment);
extern "C" int FARM_TESTS_END();

// What compilers make comparisons of strings and vectors from. A program that defines one of these
// would compare for the tests.
extern "C" {
extern const char __executable_start, _end;  // of the linker
void farm_memcmp() __asm__("memcmp");
void farm_bcmp() __asm__("bcmp");
void farm_strlen() __asm__("strlen");
void farm_strcmp() __asm__("strcmp");
void farm_strncmp() __asm__("strncmp");
void farm_memcpy() __asm__("memcpy");
void farm_memmove() __asm__("memmove");
void farm_compare_text() __asm__(
    "_ZNKSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE7compareEPKc");
void farm_compare_string() __asm__(
    "_ZNKSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE7compareERKS4_");
void farm_memcmp_of_tests(void (**memcmp_there)(), void (**strlen_there)());
}

namespace {

// Whether all of them are those of the libraries, here and where the tests were compiled.
bool compares_by_libraries() {
  void (*memcmp_there)();
  void (*strlen_there)();
  farm_memcmp_of_tests(&memcmp_there, &strlen_there);
  void (*const volatile used[])() = {
      farm_memcmp,  farm_bcmp,    farm_strlen,       farm_strcmp,         farm_strncmp, farm_memcpy,
      memcmp_there, strlen_there, farm_compare_text, farm_compare_string, farm_memmove};
  for (void (*const function)() : used) {
    const char* const at = reinterpret_cast<const char*>(function);
    if (at >= &__executable_start && at < &_end) return false;
  }
  return true;
}

constexpr std::size_t kMaxToken = 256;
// Of the token, its difference from noise: nothing in this process looks like it.
char veil[kMaxToken], veiled_token[kMaxToken];
std::size_t token_size = 0;

// Not read() and write(): a submission may define functions of these names, and would be handed
// the token.
long system_call(long number, long descriptor, const void* buffer, std::size_t size) {
#ifdef __x86_64__
  long result;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(descriptor), "S"(buffer), "d"(size)
               : "rcx", "r11", "memory");
  return result;
#else
  return ::syscall(number, descriptor, buffer, size);
#endif
}

void read_token(int, char**, char**) {
  char token[kMaxToken];
  while (token_size < kMaxToken) {
    const long got = system_call(SYS_read, 3, token + token_size, kMaxToken - token_size);
    if (got <= 0) break;
    token_size += static_cast<std::size_t>(got);
  }
  system_call(SYS_close, 3, nullptr, 0);
  system_call(SYS_getrandom, reinterpret_cast<long>(veil), reinterpret_cast<void*>(kMaxToken), 0);
  for (std::size_t i = 0; i < token_size; ++i) {
    if (token[i] == '\n') token_size = i;
    veiled_token[i] = static_cast<char>(token[i] ^ veil[i]);
  }
  for (volatile char& left : token) left = 0;
}

// Runs before every constructor, and, as this object is linked first, before any other entry of
// this kind.
__attribute__((section(".preinit_array"),
               used)) void (*const read_token_first)(int, char**, char**) = read_token;

void answer(const char* word, bool vouch) {
  char line[kMaxToken + 16];
  std::size_t size = std::strlen(word);
  std::memcpy(line, word, size);
  if (vouch) {
    line[size++] = ' ';
    for (std::size_t i = 0; i < token_size; ++i)
      line[size++] = static_cast<char>(veiled_token[i] ^ veil[i]);
  }
  if (system_call(SYS_write, 4, line, size) != static_cast<long>(size)) std::_Exit(1);
  system_call(SYS_close, 4, nullptr, 0);
}

}  // namespace

// What assert() calls. Defined here so that a submission that brings its own does not link.
extern "C" void __assert_fail(const char* expression, const char* file, unsigned int line,
                              const char* function) noexcept {
  std::cout.flush();
  std::fflush(nullptr);
  std::fprintf(stderr, "%s:%u: %s: Assertion `%s' failed.\n", file, line, function, expression);
  std::fflush(nullptr);
  answer("assertion", false);
  std::_Exit(1);  // not abort(): a handler of SIGABRT has no say
}

extern "C" int __wrap_main(int argc, char** argv, char** environment) {
  int status = 1;
  try {
    status = __real_main(argc, argv, environment);
  } catch (const std::exception& error) {
    std::cout.flush();
    std::fflush(nullptr);
    std::fprintf(stderr, "uncaught exception: %s\n", error.what());
    answer("exception", false);
    return 1;
  } catch (...) {
    std::cout.flush();
    std::fflush(nullptr);
    std::fprintf(stderr, "uncaught exception that is no std::exception\n");
    answer("exception", false);
    return 1;
  }
  std::cout.flush();
  std::fflush(nullptr);
  if (!compares_by_libraries()) {
    std::fprintf(stderr, "the program brings its own memcmp or another function of that kind\n");
    status = 1;
  } else if (status == 0 && FARM_TESTS_END() == 1) {
    answer("passed", true);
  } else {
    std::fprintf(stderr, "main() of the tests returned %d\n", status);
  }
  return status;
}
