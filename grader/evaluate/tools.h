// Tools: what evaluate() works with, lent by its caller for the length of one call.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>

#include "grader/evaluate/plan.h"
#include "grader/sandbox/sandbox.h"

namespace farm::evaluate {

// Bump when the same outputs could be judged differently than before: it is part of a grader's
// `environment`.
inline constexpr const char* kJudgeVersion = "2";

struct Tools {
  sandbox::Sandbox* sandbox = nullptr;  // not owned
  PlanSettings settings;
  const std::atomic<bool>* cancelled =
      nullptr;  // not owned; looked at before each run; may be null
  std::function<SteadyTime()> now = [] { return std::chrono::steady_clock::now(); };
  Milliseconds retry_pause{500};  // before a run is tried again because the farm had failed it;
                                  // shortages and standstills last some seconds
};

}  // namespace farm::evaluate
