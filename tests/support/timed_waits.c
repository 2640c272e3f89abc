/* To be loaded before libfaketime, which knows nothing of C11 threads: librdkafka waits by cnd_timedwait() until a time
 * of the realtime clock, and glibc would compare that stepped time with the kernel's. By pthread_cond_timedwait() it
 * comes to libfaketime. In glibc a cnd_t and a mtx_t are what the functions of pthreads take (nptl/thrd_priv.h). */
#include <errno.h>
#include <pthread.h>
#include <threads.h>

int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const struct timespec* until) {
  switch (pthread_cond_timedwait((pthread_cond_t*)condition, (pthread_mutex_t*)mutex, until)) {
    case 0:
      return thrd_success;
    case ETIMEDOUT:
      return thrd_timedout;
    default:
      return thrd_error;
  }
}
