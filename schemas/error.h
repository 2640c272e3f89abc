// What went wrong outside the submission. A submission's fate is never an Error: it is a Verdict
// (verdict.h). An Error is the fault of the request or of the farm, and its code says which.
#pragma once

#include <string>
#include <utility>

namespace farm {

enum class ErrorCode {
  kInvalidRequest,  // the request breaks the contract: published as verdict `rejected`
  kUnsupported,     // the request is well-formed but this grader cannot serve it: also `rejected`
  kExhausted,       // the host ran out of something (EAGAIN, EMFILE, ENOSPC, memory): retried, then
                    // `farm_error`
  kUnavailable,     // a peer or device does not answer now: retried, then `farm_error`
  kInternal,  // the farm is broken or misconfigured: `farm_error`, and the operator has to act
};

// `what` names the operation and the object ("open /sys/fs/cgroup/…/memory.max"), and, where an
// operator can act, ends with the remedy. `sys_errno` is 0 where no system call failed.
struct [[nodiscard]] Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string what;
  int sys_errno = 0;

  // Whether the same operation may succeed if it is simply tried again.
  bool retryable() const {
    return code == ErrorCode::kExhausted || code == ErrorCode::kUnavailable;
  }
  // The request's own fault, as opposed to the farm's.
  bool request_fault() const {
    return code == ErrorCode::kInvalidRequest || code == ErrorCode::kUnsupported;
  }
  // "open …/memory.max: Permission denied"
  std::string text() const;
};

inline Error invalid_request(std::string what) {
  return {ErrorCode::kInvalidRequest, std::move(what), 0};
}
inline Error unsupported(std::string what) { return {ErrorCode::kUnsupported, std::move(what), 0}; }
inline Error internal_error(std::string what, int sys_errno = 0) {
  return {ErrorCode::kInternal, std::move(what), sys_errno};
}
inline Error unavailable(std::string what, int sys_errno = 0) {
  return {ErrorCode::kUnavailable, std::move(what), sys_errno};
}
inline Error exhausted(std::string what, int sys_errno = 0) {
  return {ErrorCode::kExhausted, std::move(what), sys_errno};
}
// Classifies a failed system call: EAGAIN ENOMEM EMFILE ENFILE ENOSPC EDQUOT EBUSY are kExhausted,
// the rest kInternal.
Error system_error(std::string what, int sys_errno);

}  // namespace farm
