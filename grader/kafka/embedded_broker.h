// EmbeddedBroker: librdkafka's mock cluster on 127.0.0.1, for the quickstart and for tests. Not for
// production: it keeps nothing on disk and silently drops the oldest batches above 5 MiB a
// partition (hard-coded in librdkafka), so clients in embedded mode keep at most
// kMaxOutstandingPerPartition unanswered and resubmit what was not answered.
#pragma once

#include <memory>
#include <string>

#include "grader/kafka/client_config.h"
#include "schemas/expected.h"
#include "schemas/units.h"

namespace farm::kafka {

class EmbeddedBroker {
 public:
  static constexpr Bytes kMaxOutstandingPerPartition = mib(2);
  static constexpr Bytes kMaxInlineRecord =
      kib(256);                          // larger ones travel as blobs in a shared directory
  static constexpr int kPartitions = 4;  // of topics that are created on demand

  // `log` takes the broker's own lines (see client_config.h).
  static Expected<std::unique_ptr<EmbeddedBroker>> create(LogSink log = {});
  virtual ~EmbeddedBroker() = default;

  virtual std::string bootstrap() const = 0;  // "127.0.0.1:port"; the port is chosen by the kernel
  virtual Expected<Done> create_topic(const std::string& name, int partitions) = 0;
  // For tests: answers the next `count` produce requests with "not enough replicas" / makes the
  // broker unreachable.
  virtual void fail_next_produces(int count) = 0;
  virtual void set_reachable(bool reachable) = 0;
};

}  // namespace farm::kafka
