// Engine: what a grader is without Kafka: slots with their sandboxes and evaluate(), in this
// process, set up by the code that sets up a grader and with the settings that a grader would have.
// Beside each result it tells when each sandbox run began and ended, for profiles and for figures
// that leave compiling out; that costs two readings of the clock a run.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "grader/config/config.h"
#include "grader/evaluate/compile_cache.h"
#include "grader/evaluate/tools.h"
#include "grader/languages/registry.h"
#include "grader/os/capped_directory.h"
#include "grader/startup/startup.h"
#include "schemas/expected.h"
#include "schemas/request.h"
#include "schemas/result.h"

namespace farm::bench {

// One use of the sandbox.
struct SandboxRun {
  SteadyTime begun, ended;
  Microseconds program_wall{0};  // of the program in it, as the sandbox told it
  Microseconds program_cpu{0};
  Microseconds waited{0};  // of it, ready to run without a CPU: not in program_wall
  bool compiler = false;
};

struct Graded {
  EvaluationResult result;
  SteadyTime begun, ended;
  std::vector<SandboxRun> runs;

  double seconds() const;
  // From the first run that is no compiler's; everything where there is none.
  double seconds_without_compiling() const;
};

class Engine {
 public:
  // Forks, and keeps the privileges of this process: precondition: single-threaded. What compilers
  // make is kept in config.compile_cache_dir. Errors: kInternal naming what the host lacks and the
  // remedy.
  static Expected<std::unique_ptr<Engine>> start(const config::GraderConfig& config);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // What a grader does before it compiles: finds the linker, precompiles headers, and opens the
  // compile cache. Once; blocks for some seconds. Before any slot is used. Errors: the language
  // does not work here.
  Expected<Done> prepare_compilers();

  // Blocks. A slot is used by one thread at a time.
  Graded grade(const EvaluationRequest& request, int slot);

  bool serves(std::string_view language) const { return languages_.find(language) != nullptr; }
  // Whether a compiler that stays waits for the next program in this slot.
  bool has_resident(const std::string& language, int slot) const {
    evaluate::ResidentCompilers* residents = slots_.residents[static_cast<std::size_t>(slot)].get();
    return residents != nullptr && residents->stands_by(language);
  }
  int slots() const { return static_cast<int>(slots_.sandboxes.size()); }
  Isolation isolation() const { return slots_.isolation; }

 private:
  class WatchedSandbox;
  Engine(grader::Slots slots, languages::Registry languages,
         std::optional<os::CappedDirectory> compiled, std::string headers);

  grader::Slots slots_;
  languages::Registry languages_;
  std::optional<os::CappedDirectory> compiled_;  // until it is the cache's
  std::string headers_;                          // their directory
  std::unique_ptr<evaluate::CompileCache> compile_cache_;
  std::vector<std::unique_ptr<WatchedSandbox>> watched_;
  evaluate::Tools tools_;  // but for the sandbox
};

}  // namespace farm::bench
