#include "grader/evaluate/apart.h"

#include <algorithm>
#include <charconv>

#include "grader/evaluate/classify.h"

namespace farm::evaluate {
namespace {

Judgement judged(Verdict verdict, std::string message) {
  return {verdict, std::move(message), std::nullopt};
}

Error broken_tests(const std::string& why) { return invalid_request("/evaluation/tests: " + why); }

// What the last line of a traceback says, without the exit status, which is the tester's.
std::string last_words(const sandbox::RunOutcome& tester) {
  std::string_view text = tester.stderr_bytes;
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  if (last == std::string_view::npos) return "without a word";
  text = text.substr(0, last + 1);
  return std::string(text.substr(text.find_last_of('\n') + 1).substr(0, 200));
}

// The tests came to an end of their own.
Judgement judge_word(const AttemptedPair& pair, std::string_view token) {
  const std::string& word = pair.report.word;
  if (word == "passed" && !token.empty() && pair.report.rest == token) return {};
  if (word == "assertion") {
    return judged(Verdict::kWrongAnswer, "an assertion failed: " + last_words(pair.outcome.tester));
  }
  if (word == "exception") return judged(Verdict::kRuntimeError, last_words(pair.outcome.tester));
  if (pair.submission.verdict == Verdict::kRuntimeError)
    return judged(Verdict::kRuntimeError, pair.submission.message);
  return judged(Verdict::kRuntimeError,
                word == "gone" ? pair.report.rest : "ended before the tests completed");
}

// How much longer a submission may live whose tester was still thinking: in proportion to what that
// has thought so far, since a submission can make it think and then sleep.
Milliseconds more_time(const TesterReport& report, const Apart& apart) {
  constexpr int kAtMostSoManyTimes = 4;
  const Microseconds more = report.thought * kAtMostSoManyTimes;
  return std::min(apart.patience, std::chrono::ceil<Milliseconds>(more));
}

}  // namespace

TesterReport read_report(std::string_view channel_bytes) {
  TesterReport report;
  while (!channel_bytes.empty()) {
    const std::size_t end = channel_bytes.find('\n');
    if (end == std::string_view::npos) break;  // cut off in the middle of a line
    const std::string_view line = channel_bytes.substr(0, end);
    channel_bytes.remove_prefix(end + 1);
    const std::size_t space = line.find(' ');
    const std::string_view word = line.substr(0, space);
    const std::string_view rest =
        space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
    if (word == "asked") {
      report.asked = true;
    } else if (word == "thought") {
      std::int64_t microseconds = 0;
      std::from_chars(rest.data(), rest.data() + rest.size(), microseconds);
      report.thought = Microseconds(std::max<std::int64_t>(0, microseconds));
    } else {
      report.word = word;
      report.rest = rest;
    }
  }
  return report;
}

Expected<AttemptedPair> run_apart(const Apart& apart, const std::string& token,
                                  Isolation min_isolation, const Tools& tools) {
  AttemptedPair pair;
  sandbox::RunSpec submission = apart.submission;
  sandbox::RunSpec tester = apart.tester;
  tester.channel_input = token + "\n" + tester.channel_input;
  const auto attempt = [&]() -> Expected<bool> {
    FARM_TRY(pair.outcome, tools.sandbox->run_pair(submission, tester));
    FARM_CHECK_OK(check_usable(pair.outcome.submission, min_isolation));
    FARM_CHECK_OK(check_usable(pair.outcome.tester, min_isolation));
    pair.report = read_report(pair.outcome.tester.channel_bytes);
    sandbox::RunOutcome& outcome = pair.outcome.submission;
    outcome.wall = std::max(Microseconds(0), outcome.wall - pair.report.thought);
    pair.submission = classify(outcome, apart.submission.limits);
    pair.tester = classify(pair.outcome.tester, apart.tester.limits);
    const bool cut_short = outcome.ending == sandbox::Ending::kWallLimit &&
                           outcome.wall <= apart.submission.limits.wall;
    if (cut_short) {
      submission.limits.wall = apart.submission.limits.wall + more_time(pair.report, apart);
    }
    // A tester that had its last word is not judged by its limits; one that used up its CPU time
    // instead would do so again.
    if (pair.report.word.empty() && pair.outcome.tester.ending == sandbox::Ending::kCpuLimit)
      return pair.tester.confirm;
    return cut_short || pair.submission.confirm ||
           (pair.report.word.empty() && pair.tester.confirm);
  };
  FARM_TRY(pair.attempts, attempt_until_reliable(attempt, tools));
  return pair;
}

Expected<std::variant<Judgement, Misfit>> judge_apart(const AttemptedPair& pair,
                                                      std::string_view token) {
  using Judged = std::variant<Judgement, Misfit>;
  const TesterReport& report = pair.report;
  for (const Classification* one : {&pair.submission, &pair.tester}) {
    if (one->verdict == Verdict::kCancelled) return Judged(judged(one->verdict, one->message));
  }
  if (report.word == "misfit") return Judged(Misfit{report.rest});
  if (report.word == "broken") return broken_tests(report.rest);
  if (!report.asked) {
    return broken_tests(
        "they fail before they call the submission: " +
        (report.word.empty() ? pair.tester.message : last_words(pair.outcome.tester)));
  }
  switch (pair.submission.verdict) {
    case Verdict::kMemoryLimit:
    case Verdict::kOutputLimit:
    case Verdict::kTimeLimit:
      return Judged(judged(pair.submission.verdict, pair.submission.message));
    default:
      break;
  }
  if (report.word.empty() && pair.tester.verdict != Verdict::kAccepted) {
    return Judged(judged(pair.tester.verdict,
                         "the tests did not get over what it returned: " + pair.tester.message));
  }
  return Judged(judge_word(pair, token));
}

}  // namespace farm::evaluate
