#include "schemas/error.h"

#include <cerrno>
#include <cstring>

namespace farm {

std::string Error::text() const {
  if (sys_errno == 0) return what;
  return what + ": " +
         std::strerror(sys_errno);  // glibc's strerror is thread-safe for known numbers
}

Error system_error(std::string what, int sys_errno) {
  switch (sys_errno) {
    case EAGAIN:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case ENOSPC:
    case EDQUOT:
    case EBUSY:
      return exhausted(std::move(what), sys_errno);
    default:
      return internal_error(std::move(what), sys_errno);
  }
}

}  // namespace farm
