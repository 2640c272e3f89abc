#include "producer/command/answers.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

namespace farm::command {

Answers::Answers() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { FARM_ASSERT(wake_); }

void Answers::push(EvaluationResult result) {
  {
    const std::scoped_lock lock(mutex_);
    waiting_.push_back(std::move(result));
  }
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then it is readable anyway.
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

std::vector<EvaluationResult> Answers::take_all() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &count, sizeof count);
  const std::scoped_lock lock(mutex_);
  return std::exchange(waiting_, {});
}

}  // namespace farm::command
