#include "grader/service/bad_cases.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>
#include <utility>

#include "grader/service/grading.h"
#include "monitoring/log.h"
#include "schemas/blob.h"
#include "schemas/topics.h"

namespace farm::service {
namespace {

namespace log = monitoring::log;
using monitoring::BadCaseOutcome;

constexpr Milliseconds kComplaintPause{10'000};
constexpr Milliseconds kFlushTimeout{5'000};

// What a copy of it holds in memory, about: outputs and files are what can be large.
Bytes size_of(std::string_view body, const EvaluationResult& result) {
  std::size_t size = body.size() + 1024;
  for (const CaseResult& one : result.cases)
    size += sizeof one + one.stdout_bytes.size() + one.stderr_bytes.size();
  for (const auto& [path, content] : result.files) size += path.size() + content.size();
  if (result.compile)
    size += result.compile->stdout_bytes.size() + result.compile->stderr_bytes.size();
  return {static_cast<std::int64_t>(size)};
}

Expected<double> share_of(std::string_view text) {
  double share = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data(), end, share);
  if (code != std::errc{} || rest != end || !(share > 0) || share > 1) {
    return invalid_request("'sample:" + std::string(text) +
                           "' is no share: give a number above 0 and at most 1, as in sample:0.01");
  }
  return share;
}

bool is_sampled(std::string_view request_id, double share) {
  constexpr double kAll = 18446744073709551616.0;  // 2^64
  return static_cast<double>(stable_hash(request_id)) < share * kAll || share >= 1;
}

bool any_not_run(const EvaluationResult& result) {
  return std::any_of(result.cases.begin(), result.cases.end(),
                     [](const CaseResult& one) { return one.verdict == Verdict::kNotRun; });
}

}  // namespace

bool cut_short_by_total_wall(const EvaluationRequest& request, const EvaluationResult& result) {
  if (!any_not_run(result)) return false;
  if (result.verdict == Verdict::kCompileError || result.verdict == Verdict::kCancelled)
    return false;
  // Without run_all_cases a failed case stops the request by itself; with it, only the time does.
  return request.policy.run_all_cases ||
         std::all_of(result.cases.begin(), result.cases.end(), [](const CaseResult& one) {
           return one.verdict == Verdict::kAccepted || one.verdict == Verdict::kNotRun;
         });
}

Expected<BadCaseFilter> BadCaseFilter::parse(std::string_view text) {
  constexpr std::string_view kFaultPrefix = "fault:";
  constexpr std::string_view kSamplePrefix = "sample:";
  BadCaseFilter filter;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view item = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (item == "not_run") {
      filter.not_run_ = true;
    } else if (item == "total_wall") {
      filter.total_wall_ = true;
    } else if (item.starts_with(kSamplePrefix)) {
      FARM_TRY(const double share, share_of(item.substr(kSamplePrefix.size())));
      filter.sample_ = std::max(filter.sample_, share);
    } else if (const auto fault = item.starts_with(kFaultPrefix)
                                      ? parse_fault(item.substr(kFaultPrefix.size()))
                                      : std::nullopt) {
      filter.faults_.insert(*fault);
    } else if (const auto verdict = parse_verdict(item)) {
      filter.verdicts_.insert(*verdict);
    } else {
      return invalid_request("'" + std::string(item) +
                             "' is no bad case: give verdicts, fault:farm, fault:request, "
                             "fault:submission, not_run, total_wall or sample:0.01");
    }
  }
  return filter;
}

bool BadCaseFilter::takes(const EvaluationRequest* request, const EvaluationResult& result) const {
  if (verdicts_.contains(result.verdict) || faults_.contains(result.fault())) return true;
  if (not_run_ && any_not_run(result)) return true;
  if (total_wall_ && request != nullptr && cut_short_by_total_wall(*request, result)) return true;
  return sample_ > 0 && is_sampled(result.request_id, sample_);
}

BadCases::BadCases(BadCaseSettings settings, monitoring::Metrics& metrics)
    : settings_(std::move(settings)), metrics_(metrics), thread_([this] { run(); }) {}

BadCases::~BadCases() { close(); }

void BadCases::offer(std::string_view body, const EvaluationRequest* request,
                     const EvaluationResult& result) {
  if (!settings_.filter.takes(request, result)) return;
  Waiting waiting;
  waiting.bad_case.dumped_at_unix_ms = now_unix_ms();
  waiting.bad_case.grader = settings_.grader;
  waiting.bad_case.request = body;
  waiting.bad_case.result = result;
  waiting.size = size_of(body, result);
  {
    const std::lock_guard lock(mutex_);
    // One that is larger than the bound by itself still has its chance.
    if (!closing_ && (waiting_.empty() || waiting_size_ + waiting.size <= settings_.max_waiting)) {
      waiting_size_ = waiting_size_ + waiting.size;
      waiting_.push_back(std::move(waiting));
      changed_.notify_one();
      return;
    }
  }
  count(BadCaseOutcome::kDropped, "more than can be written");
}

void BadCases::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    changed_.notify_one();
  }
  if (!thread_.joinable()) return;
  thread_.join();
  if (settings_.topic != nullptr) (void)settings_.topic->flush(kFlushTimeout);
}

void BadCases::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    // Its size counts until it is written: it is in memory until then.
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    keep(next.bad_case);
    lock.lock();
    waiting_size_ = waiting_size_ - next.size;
  }
}

void BadCases::keep(const BadCase& bad_case) {
  std::string text = encode_bad_case(bad_case);
  if (settings_.directory) write(bad_case, text);
  if (settings_.topic != nullptr) publish(bad_case, std::move(text));
}

void BadCases::write(const BadCase& bad_case, const std::string& text) {
  const auto written = settings_.directory->write(bad_case_file_name(bad_case), text + '\n');
  if (written) return metrics_.count_bad_case(BadCaseOutcome::kWritten);
  count(BadCaseOutcome::kFailed, written.error().text());
}

void BadCases::publish(const BadCase& bad_case, std::string text) {
  if (static_cast<std::int64_t>(text.size()) > settings_.max_record.count) {
    if (settings_.blobs == nullptr) {
      return count(BadCaseOutcome::kFailed,
                   std::to_string(text.size()) +
                       " bytes are more than one record takes and no blob directory is configured");
    }
    const auto reference = settings_.blobs->put(text);
    if (!reference) return count(BadCaseOutcome::kFailed, reference.error().text());
    text = encode_blob_envelope({bad_case.result.request_id, bad_case.result.trainer, *reference});
  }
  kafka::OutgoingRecord record;
  record.topic = topics::kBadCases;
  record.key = bad_case_file_name(bad_case);
  record.value = std::move(text);
  const auto queued =
      settings_.topic->publish(std::move(record), [this](const Expected<kafka::Delivery>& sent) {
        if (sent) return metrics_.count_bad_case(BadCaseOutcome::kPublished);
        count(BadCaseOutcome::kFailed, sent.error().text());
      });
  if (!queued) count(BadCaseOutcome::kFailed, queued.error().text());
}

void BadCases::count(BadCaseOutcome outcome, const std::string& problem) {
  metrics_.count_bad_case(outcome);
  const SteadyTime now = std::chrono::steady_clock::now();
  const std::lock_guard lock(log_mutex_);
  ++unsaid_;
  if (now < next_complaint_) return;  // a full disk would fill the log as well
  log::warning("bad cases are lost", {{"problem", problem}, {"lost", unsaid_}});
  next_complaint_ = now + kComplaintPause;
  unsaid_ = 0;
}

}  // namespace farm::service
