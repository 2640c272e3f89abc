// The gradefarm command: reads its options and hands over to one subcommand. Wiring only.
#include <cstdio>
#include <type_traits>
#include <variant>

#include "grader/config/config.h"
#include "monitoring/log.h"
#include "producer/bench/bench.h"
#include "producer/command/cancel.h"
#include "producer/command/collect.h"
#include "producer/command/dead_letters.h"
#include "producer/command/doctor.h"
#include "producer/command/grade.h"
#include "producer/command/interrupt.h"
#include "producer/command/replay.h"
#include "producer/command/report.h"
#include "producer/command/status.h"
#include "producer/command/topics.h"
#include "producer/command/up.h"

namespace {

using namespace farm;

int run(const config::ShowText& text) {
  std::fputs(text.text.c_str(), stdout);
  return 0;
}
int run(const config::GradeOptions& options) {
  const command::Interrupt interrupt;
  return command::grade(options, interrupt);
}
int run(const config::UpOptions& options) {
  const command::Interrupt interrupt;
  return command::up(options, interrupt);
}
int run(const config::TopicsOptions& options) { return command::topics(options); }
int run(const config::StatusOptions& options) {
  const command::Interrupt interrupt;
  return command::status(options, interrupt);
}
int run(const config::CancelOptions& options) { return command::cancel(options); }
int run(const config::DeadLettersOptions& options) { return command::dead_letters(options); }
int run(const config::DoctorOptions& options) { return command::doctor(options); }
int run(const config::ReplayOptions& options) {
  const command::Interrupt interrupt;
  return command::replay(options, interrupt);
}
int run(const config::CollectOptions& options) {
  const command::Interrupt interrupt;
  return command::collect(options, interrupt);
}
int run(const config::ReportOptions& options) { return command::report(options); }
int run(const config::BenchOptions& options) {
  const command::Interrupt interrupt;
  return bench::bench(options, interrupt);
}

}  // namespace

int main(int argc, char** argv) {
  auto parsed = config::parse_gradefarm(config::invocation_of_process(argc, argv));
  if (!parsed) {
    std::fprintf(stderr, "gradefarm: %s\n", parsed.error().text().c_str());
    return config::kUsageExitCode;
  }
  return std::visit(
      [](const auto& options) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(options)>, config::ShowText>) {
          monitoring::log::configure(options.log);
          for (const auto& warning : options.warnings) {
            monitoring::log::warning("configuration", {{"warning", warning}});
          }
        }
        return run(options);
      },
      *parsed);
}
