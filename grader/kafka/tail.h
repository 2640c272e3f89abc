// Tail: reads all partitions of one topic without a group: from the end as it was at creation, as a
// trainer does with its reply topic, or from the beginning, as a grader does with cancels. Owns one
// poll thread that runs the callback.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "grader/kafka/client_config.h"
#include "grader/kafka/record.h"
#include "schemas/expected.h"

namespace farm::kafka {

class Tail {
 public:
  enum class From { kBeginning, kEnd };

  // On return the end offsets are captured: every record published later will be seen. `on_record`
  // runs on the poll thread, one at a time. Errors: kUnavailable (broker, or the topic does not
  // exist).
  static Expected<std::unique_ptr<Tail>> create(const ClientConfig& client,
                                                const std::string& topic,
                                                std::function<void(Record)> on_record,
                                                From from = From::kEnd);
  // Waits until every record that was there at creation has been given to the callback. Errors:
  // kUnavailable when `timeout` passes first.
  virtual Expected<Done> await_caught_up(Milliseconds timeout) = 0;
  virtual ~Tail() = default;  // joins the thread; no callback runs afterwards
};

}  // namespace farm::kafka
