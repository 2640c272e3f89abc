// Deduplicator: recognises a request that was already answered, or is being graded right now, by
// trainer and request id. Redelivery and resubmission are normal in Kafka; grading twice is a
// waste, and answering twice with different results would be a lie. Bounded: the oldest answers are
// forgotten, and then a repeat is graded again.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "grader/kafka/record.h"
#include "grader/service/reply_address.h"
#include "schemas/units.h"

namespace farm::service {

// Who waits for an answer: the record to mark as done and where the answer goes.
struct Waiting {
  kafka::Position position;
  ReplyAddress address;
  std::int64_t published_unix_ms = 0;
};

// Thread-safe. Nothing blocks.
class Deduplicator {
 public:
  explicit Deduplicator(Bytes capacity) : capacity_(capacity) {}

  enum class Kind {
    kNew,       // grade it; finish() or abandon() must follow
    kRunning,   // the same request is being graded: `waiting` was kept and comes back from that
                // finish()
    kAnswered,  // `answer` is what was answered before
    kConflict,  // the same id with another body: refuse it
  };
  struct Begun {
    Kind kind = Kind::kNew;
    std::string answer;
  };
  // `fingerprint` identifies the body (its SHA-256).
  Begun begin(const std::string& trainer, const std::string& request_id,
              const std::string& fingerprint, const Waiting& waiting);
  // As begin(), of what shall not be graded: kNew if it is not known here, and nothing is kept.
  Begun find(const std::string& trainer, const std::string& request_id,
             const std::string& fingerprint, const Waiting& waiting);

  // Ends what kNew began. `keep` says whether the answer is final (a farm_error is not: a repeat
  // deserves another try). Returns those who waited for the same answer.
  std::vector<Waiting> finish(const std::string& trainer, const std::string& request_id,
                              const std::string& answer, bool keep);

 private:
  using Key = std::pair<std::string, std::string>;
  struct Entry;
  static Begun known(Entry& entry, const std::string& fingerprint, const Waiting& waiting);
  struct Entry {
    std::string fingerprint;
    bool running = true;
    std::vector<Waiting> waiting;
    std::string answer;
    std::list<Key>::iterator age;  // valid when not running
  };
  std::mutex mutex_;
  const Bytes capacity_;
  Bytes held_;
  std::map<Key, Entry> entries_;
  std::list<Key> by_age_;  // of the answered, oldest first
};

}  // namespace farm::service
