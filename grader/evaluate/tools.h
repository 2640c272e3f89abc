// Tools: what evaluate() works with, lent by its caller for the length of one call, after which it
// uses none of them.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>

#include "grader/evaluate/compile_cache.h"
#include "grader/evaluate/plan.h"
#include "grader/evaluate/resident_compilers.h"
#include "grader/sandbox/sandbox.h"

namespace farm::evaluate {

// Bump when the same outputs could be judged differently than before: it is part of a grader's
// `environment`.
inline constexpr const char* kJudgeVersion = "2";

struct Tools {
  sandbox::Sandbox* sandbox = nullptr;     // not owned
  ResidentCompilers* residents = nullptr;  // of this slot, not owned; null: compilers come and go
  CompileCache* compile_cache = nullptr;   // not owned; null: everything is compiled
  PlanSettings settings;
  const std::atomic<bool>* cancelled =
      nullptr;  // not owned; looked at before each run; may be null
  // Lends an idle sandbox of this grader: calls the work with it, on a thread of its own, and
  // returns at once; or false, and nothing is called. Empty: there are no others. Thread-safe.
  std::function<bool(std::function<void(sandbox::Sandbox&)>)> lend;
  // Whether requests of others wait for the sandboxes that were lent, which go back after the case
  // that they run. Empty where `lend` is. Thread-safe.
  std::function<bool()> wanted_back;
  std::function<SteadyTime()> now = [] { return std::chrono::steady_clock::now(); };
  Milliseconds retry_pause{500};  // before a run is tried again because the farm had failed it;
                                  // shortages and standstills last some seconds
};

}  // namespace farm::evaluate
