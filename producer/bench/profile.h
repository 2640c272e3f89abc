// Profile: where the time of one request goes, as the engine saw it from outside the sandbox:
//   decide, judge   evaluate() itself: plan, build cache, comparison, result
//   compiler        the compiler's sandbox, all of it
//   set up, clean   a case's sandbox less its program: placing files, clone, supervision, tear-down
//   programs        the cases' programs, from exec to their end; of that their CPU time
//   no CPU          what programs were ready to run and waited for a CPU: this host is busy
// Each is the sum over the cases of one request.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "producer/bench/engine.h"

namespace farm::bench {

struct ProfileStep {
  std::string name;
  double median_us = 0;
  double p90_us = 0;
  double share = 0;  // of the median request; steps that overlap or are part of another have none
};

// Thread-safe.
class Profile {
 public:
  void add(const Graded& graded);
  // Empty where nothing was added.
  std::vector<ProfileStep> steps() const;

 private:
  struct Row {
    double total, own, compiler, around, program, cpu, waited;
    double runs;
  };
  mutable std::mutex mutex_;
  std::vector<Row> rows_;
};

}  // namespace farm::bench
