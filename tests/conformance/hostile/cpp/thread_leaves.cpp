#include <pthread.h>
#include <unistd.h>
#include <cassert>
static void* leave(void*) {
  usleep(20000);
  _exit(0);
}
int add(int a, int b) {
  pthread_t thread;
  pthread_create(&thread, nullptr, leave, nullptr);
  usleep(300000);
  return a - b;
}
