// WholeFarm: requests that go the whole way: a client of ours, a broker, and a gradefarm-grader as
// our child. The broker is an embedded one, or the cluster of --brokers, where pool and trainer are
// named after this run, so that nobody else's requests are graded; its topics stay there, with a
// retention of ten minutes. Not thread-safe; the thread that starts it must live as long as it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "producer/bench/lab.h"
#include "producer/client.h"
#include "producer/command/embedded_farm.h"
#include "schemas/expected.h"

namespace farm::bench {

class WholeFarm {
 public:
  // On return the grader takes work. Errors: kUnavailable (broker, grader), those of its parts.
  static Expected<std::unique_ptr<WholeFarm>> start(const Lab& lab, int slots);
  ~WholeFarm();

  struct Burst {
    double seconds = 0;             // from the first publish to the last verdict
    double publishing_seconds = 0;  // of that, until the last one was handed to the client
    double our_cpu_seconds = 0;     // of this process: the client, and the embedded broker
    double broker_cpu_seconds = 0;  // of brokers on this host that are processes of their own
    std::vector<EvaluationResult> results;  // in the order of the requests
  };
  // Publishes all, as fast as the client's window lets it, and waits for all verdicts. Each call
  // gives the requests ids of its own. Errors: kUnavailable: the grader ended, or a signal came.
  Expected<Burst> grade(std::vector<EvaluationRequest> requests);

  pid_t grader_pid() const;

 private:
  explicit WholeFarm(const Lab& lab) : lab_(lab) {}
  Expected<Done> start_grader(int slots, kafka::ClientConfig& client, std::string& blob_dir);
  Expected<Done> check_alive();

  const Lab& lab_;
  std::unique_ptr<command::EmbeddedFarm> embedded_;
  std::optional<command::GraderProcess> grader_;  // where the broker is not ours
  std::vector<pid_t> brokers_;
  std::unique_ptr<producer::Client> client_;
  std::int64_t next_id_ = 0;
};

}  // namespace farm::bench
