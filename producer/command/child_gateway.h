// ChildGateway: a gradefarm-gateway for `gradefarm up`, in front of its embedded broker; started
// again when it ends. Not thread-safe; the thread that starts it must live as long as it
// (grader_process.h says why).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "producer/command/grader_process.h"
#include "schemas/expected.h"
#include "schemas/units.h"

namespace farm::command {

struct ChildGatewayOptions {
  std::string program;
  std::string brokers;  // of the embedded broker
  std::string pool;
  std::string blob_dir;
  std::string address;  // to listen on
  Milliseconds drain_timeout{0};
};

class ChildGateway {
 public:
  // On return it serves. Errors: kUnavailable with how it ended.
  static Expected<ChildGateway> start(ChildGatewayOptions options,
                                      const std::function<bool()>& give_up);

  // Starts another in place of one that ended, a second later. Does not wait until it serves: one
  // that cannot will end. To be called a few times a second.
  void look_after();
  void stop(const std::function<bool()>& give_up);

 private:
  explicit ChildGateway(ChildGatewayOptions options) : options_(std::move(options)) {}
  Expected<Done> launch();

  ChildGatewayOptions options_;
  std::optional<GraderProcess> process_;
  SteadyTime start_again_{};
};

}  // namespace farm::command
