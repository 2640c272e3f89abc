// Answers: results on their way from the client's threads to the main loop, which writes them:
// callbacks must not block, and an output may. Holds at most as many as are outstanding. push() is
// thread-safe, the rest belongs to one thread.
#pragma once

#include <mutex>
#include <vector>

#include "grader/os/unique_fd.h"
#include "schemas/expected.h"
#include "schemas/result.h"

namespace farm::command {

class Answers {
 public:
  Answers();
  void push(EvaluationResult result);
  std::vector<EvaluationResult> take_all();
  // Readable while something may be waiting.
  int wake_fd() const { return wake_.get(); }

 private:
  std::mutex mutex_;
  std::vector<EvaluationResult> waiting_;
  os::UniqueFd wake_;
};

}  // namespace farm::command
