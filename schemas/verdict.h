// The words of a judgement and whose fault each is: one table for the whole farm.
#pragma once

#include <optional>
#include <string_view>

namespace farm {

// Of a request, and (with kNotRun) of a case. The spelling in JSON is word(verdict).
enum class Verdict {
  kAccepted,
  kWrongAnswer,
  kRuntimeError,
  kTimeLimit,
  kMemoryLimit,
  kOutputLimit,
  kCompileError,
  kRejected,   // the request breaks the contract or asks for what this farm does not offer
  kExpired,    // deadline_unix_ms passed before it could be judged
  kCancelled,  // the trainer took it back
  kFarmError,  // the farm failed; says nothing about the submission, and must not become a reward
  kNotRun,     // cases only: an earlier case failed, or total_wall_ms ended
};

enum class Fault { kNone, kSubmission, kRequest, kFarm };

// How hard it is for the submission to lie about its own verdict; ordered from weak to strong.
enum class Integrity {
  kExitStatus,  // `run`: nothing is judged
  kSentinel,    // tests ran in the submission's process; only a completion token vouches for them
  kIsolated,    // judged outside the process that ran the submission
};

// What stood between the submission and the host; ordered from weak to strong. Reported from what
// was set up.
enum class Isolation { kNone, kReduced, kFull };

std::string_view word(Verdict);
std::string_view word(Fault);
std::string_view word(Integrity);
std::string_view word(Isolation);
Fault fault_of(Verdict);  // kNotRun: kNone

std::optional<Verdict> parse_verdict(std::string_view);
std::optional<Fault> parse_fault(std::string_view);
std::optional<Integrity> parse_integrity(std::string_view);
std::optional<Isolation> parse_isolation(std::string_view);

}  // namespace farm
