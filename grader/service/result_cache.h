// ResultCache: recent results by what was asked, for requests that allow an earlier verdict on the
// same bytes (policy.cache): samplers produce many duplicates. Unlike the deduplicator it knows
// nothing of who asked.
#pragma once

#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "schemas/request.h"
#include "schemas/result.h"
#include "schemas/units.h"

namespace farm::service {

// Thread-safe. Nothing blocks.
class ResultCache {
 public:
  // What is older than `window` is forgotten, and above `capacity` the oldest. A capacity of 0
  // keeps nothing.
  ResultCache(Bytes capacity, Milliseconds window) : capacity_(capacity), window_(window) {}

  // Names everything of a request that its verdict depends on, and nothing else: submission,
  // evaluation, limits and policy. Toolchains are not in it: they are those of this grader.
  static std::string key_of(const EvaluationRequest& request);
  // Whether a repeat would come to the same: a judgement of the submission of which no case needed
  // a second run, and neither a limit of its compiler nor total_wall_ms had a say in it.
  static bool may_keep(const EvaluationRequest& request, const EvaluationResult& result);

  // As if it were an answer to `request`, marked as cached, without timings.
  std::optional<EvaluationResult> find(const std::string& key, const EvaluationRequest& request,
                                       SteadyTime now);
  void keep(const std::string& key, const EvaluationResult& result, SteadyTime now);

 private:
  struct Entry {
    std::string key;
    std::string encoded;  // the result: decoded, values take many times their text
    SteadyTime kept_at;
  };
  void drop_oldest();

  const Bytes capacity_;
  const Milliseconds window_;
  std::mutex mutex_;
  Bytes held_;
  std::list<Entry> by_age_;  // oldest first
  std::map<std::string, std::list<Entry>::iterator> entries_;
};

}  // namespace farm::service
