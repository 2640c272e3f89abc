// EmbeddedFarm: a broker in this process, a directory for blobs, and one gradefarm-grader as a
// child: all that `gradefarm grade --embedded` and `gradefarm up` need. Not for production: the
// broker keeps nothing on disk.
//
// stop() (and the destructor) ends the grader before the broker. Not thread-safe; the thread that
// starts it must live as long as it (grader_process.h says why).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "grader/config/config.h"
#include "grader/kafka/client_config.h"
#include "grader/kafka/embedded_broker.h"
#include "producer/command/grader_process.h"
#include "producer/command/scratch_dir.h"
#include "schemas/expected.h"
#include "schemas/units.h"

namespace farm::command {

struct EmbeddedFarmOptions {
  config::ChildGrader grader;
  std::string pool;
  std::string blob_dir;                        // empty: a temporary one
  std::optional<std::string> metrics_address;  // of the grader
  config::BadCaseOptions bad_cases;
  Milliseconds canary_interval{0};     // of the grader; 0: no canary
  Milliseconds drain_timeout{30'000};  // how long stop() lets the grader finish what it has
  bool keep_stderr = false;            // of the grader; GraderCommand says what it means
};

// The arguments that a grader of this farm gets. Pure.
std::vector<std::string> grader_arguments(const EmbeddedFarmOptions& options,
                                          const std::string& bootstrap,
                                          const std::string& blob_dir);

class EmbeddedFarm {
 public:
  // On return the grader takes work. Errors: those of its parts; kUnavailable with the grader's
  // last words if it ended.
  static Expected<std::unique_ptr<EmbeddedFarm>> start(EmbeddedFarmOptions options,
                                                       const std::function<bool()>& give_up);
  ~EmbeddedFarm();
  EmbeddedFarm(const EmbeddedFarm&) = delete;
  EmbeddedFarm& operator=(const EmbeddedFarm&) = delete;

  kafka::ClientConfig client_config() const;
  const std::string& blob_dir() const { return blob_dir_; }

  // The grader; unset after stop() and after a restart that failed.
  std::optional<GraderProcess>& grader() { return grader_; }
  // Another grader in place of one that ended.
  Expected<Done> restart_grader(const std::function<bool()>& give_up);
  // How the grader ended, if there was one.
  std::optional<ExitStatus> stop(const std::function<bool()>& give_up);

 private:
  explicit EmbeddedFarm(EmbeddedFarmOptions options);

  EmbeddedFarmOptions options_;
  std::unique_ptr<kafka::EmbeddedBroker> broker_;
  std::optional<ScratchDir> scratch_;
  std::string blob_dir_;
  std::optional<GraderProcess> grader_;
};

}  // namespace farm::command
