// The parts of a grader's start that its main wires together, in the order in which privileges
// shrink.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "grader/config/config.h"
#include "grader/evaluate/plan.h"
#include "grader/evaluate/precompiled_headers.h"
#include "grader/evaluate/resident_compilers.h"
#include "grader/kafka/client_config.h"
#include "grader/languages/registry.h"
#include "grader/os/capped_directory.h"
#include "grader/sandbox/forkserver.h"
#include "grader/sandbox/linux_sandbox.h"
#include "schemas/expected.h"

namespace farm::grader {

// The configured directory of language files, or that of the installation or build tree this
// program runs from.
std::filesystem::path languages_directory(const config::GraderConfig& config);

// Slots, each with its sandbox; and the forkserver that serves them.
struct Slots {
  std::unique_ptr<sandbox::Forkserver> forkserver;
  std::vector<std::unique_ptr<sandbox::LinuxSandbox>> sandboxes;
  // Of each slot; null without --resident-compilers.
  std::vector<std::unique_ptr<evaluate::ResidentCompilers>> residents;
  Isolation isolation = Isolation::kNone;  // of a program that ran in the first one
  std::string set_up;                      // the same in words

  std::int64_t launcher_restarts() const;
};

// The directory of precompiled headers, made ready for the daemon that drop_privileges() makes of
// us; empty: this user has no place for it, or --compile-cache is 0. Errors: kInternal naming the
// path.
Expected<std::string> open_headers(const config::GraderConfig& config);

// Its contents, for compilers of this `stamp` (service/toolchain_stamp.h). None: there is no place.
std::optional<evaluate::PrecompiledHeaders> headers_in(const Expected<std::string>& directory,
                                                       const std::string& stamp);

// `headers` may be empty. Forks the part that builds sandboxes, and runs a program in one.
// Precondition: single-threaded. Where isolation `reduced` is asked of root, privileges are dropped
// before: nothing needs them then. Errors: kInternal naming what the host lacks and the remedy;
// never less isolation than configured.
Expected<Slots> start_slots(const config::GraderConfig& config,
                            const languages::Registry& languages, const std::string& headers = {});

// The directory of bad cases, if one is configured, ready for the daemon that drop_privileges()
// makes of us. Errors: kInternal naming the path and the remedy.
Expected<std::optional<os::CappedDirectory>> open_bad_cases(const config::GraderConfig& config);

// Where compilers' work is kept: --compile-cache-dir, or the default for this user; below it a
// directory for the daemon's uid, so that graders of several do not meet. Empty: this user has no
// home to keep it in.
std::string compiler_directory(const config::GraderConfig& config);

// Its part for compiled programs, ready for the daemon that drop_privileges() makes of us; none
// where --compile-cache is 0. Errors: kInternal naming the path.
Expected<std::optional<os::CappedDirectory>> open_compile_cache(const config::GraderConfig& config);

// Gives up root, if it is there, for good: the daemon parses what comes from the network. Errors:
// kInternal.
Expected<Done> drop_privileges(const config::GraderConfig& config);

// The limits of this host: the configured maxima, with memory cut so that all slots together fit
// its memory, each with a submission and a tester.
// `residents` is what each slot sets aside for its resident compilers.
evaluate::ServerLimits server_limits(const config::GraderConfig& config, Bytes host_memory,
                                     Bytes residents);

// The memory of the resident compilers of these languages in one slot.
Bytes resident_memory(const config::GraderConfig& config, const languages::Registry& languages);
Bytes host_memory();

kafka::ClientConfig kafka_client(const config::GraderConfig& config);

// "<host>-<pid>": names this grader in results, dead letters and Kafka.
std::string grader_id();

}  // namespace farm::grader
