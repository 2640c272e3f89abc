// ScriptedGrader: reads a pool's request topic and answers as a test tells it. It judges nothing
// and commits nothing.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "grader/kafka/client_config.h"
#include "grader/kafka/producer.h"
#include "grader/kafka/record.h"
#include "grader/kafka/tail.h"
#include "schemas/result.h"

namespace farm::test {

class ScriptedGrader {
 public:
  // Runs on the grader's thread, one record at a time.
  using Script = std::function<void(ScriptedGrader&, const kafka::Record&)>;

  // On return every request published later will be seen. The topic has to exist.
  ScriptedGrader(const kafka::ClientConfig& client, const std::string& pool, Script script);

  // Publishes a result with the request's correlation id to the topic that the request names.
  void answer(const kafka::Record& request, const EvaluationResult& result);
  // The same with any value.
  void reply(const kafka::Record& request, std::string value);
  // The same with another correlation id.
  void reply_as(const kafka::Record& request, const std::string& correlation, std::string value);

  // What was seen so far, oldest first.
  std::vector<kafka::Record> seen() const;

  static EvaluationResult accepted(const kafka::Record& request);
  static std::string header(const kafka::Record& request, std::string_view key);

 private:
  Script script_;
  mutable std::mutex mutex_;
  std::vector<kafka::Record> seen_;
  std::unique_ptr<kafka::Producer> producer_;
  std::unique_ptr<kafka::Tail> tail_;  // last: its thread uses the rest
};

}  // namespace farm::test
