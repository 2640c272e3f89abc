#include "schemas/verdict.h"

#include <array>

#include "schemas/expected.h"

namespace farm {
namespace {

struct VerdictRow {
  Verdict verdict;
  std::string_view word;
  Fault fault;
};

constexpr std::array<VerdictRow, 12> kVerdicts = {{
    {Verdict::kAccepted, "accepted", Fault::kNone},
    {Verdict::kWrongAnswer, "wrong_answer", Fault::kSubmission},
    {Verdict::kRuntimeError, "runtime_error", Fault::kSubmission},
    {Verdict::kTimeLimit, "time_limit", Fault::kSubmission},
    {Verdict::kMemoryLimit, "memory_limit", Fault::kSubmission},
    {Verdict::kOutputLimit, "output_limit", Fault::kSubmission},
    {Verdict::kCompileError, "compile_error", Fault::kSubmission},
    {Verdict::kRejected, "rejected", Fault::kRequest},
    {Verdict::kExpired, "expired", Fault::kRequest},
    {Verdict::kCancelled, "cancelled", Fault::kRequest},
    {Verdict::kFarmError, "farm_error", Fault::kFarm},
    {Verdict::kNotRun, "not_run", Fault::kNone},
}};

template <typename E>
struct Row {
  E value;
  std::string_view word;
};

constexpr std::array<Row<Fault>, 4> kFaults = {{{Fault::kNone, "none"},
                                                {Fault::kSubmission, "submission"},
                                                {Fault::kRequest, "request"},
                                                {Fault::kFarm, "farm"}}};
constexpr std::array<Row<Integrity>, 3> kIntegrities = {{{Integrity::kExitStatus, "exit_status"},
                                                         {Integrity::kSentinel, "sentinel"},
                                                         {Integrity::kIsolated, "isolated"}}};
constexpr std::array<Row<Isolation>, 3> kIsolations = {
    {{Isolation::kNone, "none"}, {Isolation::kReduced, "reduced"}, {Isolation::kFull, "full"}}};

const VerdictRow& row_of(Verdict verdict) {
  for (const VerdictRow& row : kVerdicts) {
    if (row.verdict == verdict) return row;
  }
  FARM_ASSERT(!"every Verdict has a row");
  return kVerdicts.front();
}

template <typename E, std::size_t N>
std::string_view word_in(const std::array<Row<E>, N>& rows, E value) {
  for (const Row<E>& row : rows) {
    if (row.value == value) return row.word;
  }
  FARM_ASSERT(!"every enumerator has a row");
  return {};
}

template <typename E, std::size_t N>
std::optional<E> parse_in(const std::array<Row<E>, N>& rows, std::string_view text) {
  for (const Row<E>& row : rows) {
    if (row.word == text) return row.value;
  }
  return std::nullopt;
}

}  // namespace

std::string_view word(Verdict verdict) { return row_of(verdict).word; }
Fault fault_of(Verdict verdict) { return row_of(verdict).fault; }
std::string_view word(Fault fault) { return word_in(kFaults, fault); }
std::string_view word(Integrity integrity) { return word_in(kIntegrities, integrity); }
std::string_view word(Isolation isolation) { return word_in(kIsolations, isolation); }

std::optional<Verdict> parse_verdict(std::string_view text) {
  for (const VerdictRow& row : kVerdicts) {
    if (row.word == text) return row.verdict;
  }
  return std::nullopt;
}
std::optional<Fault> parse_fault(std::string_view text) { return parse_in(kFaults, text); }
std::optional<Integrity> parse_integrity(std::string_view text) {
  return parse_in(kIntegrities, text);
}
std::optional<Isolation> parse_isolation(std::string_view text) {
  return parse_in(kIsolations, text);
}

}  // namespace farm
