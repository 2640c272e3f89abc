#include "monitoring/metric_table.h"

namespace farm::monitoring {

std::string_view word(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
  }
  return "unknown";
}

std::span<const MetricSpec> metric_table() {
  using enum MetricType;
  static const std::vector<MetricSpec> table = {
      {"gradefarm_requests_total",
       kCounter,
       "requests",
       {"pool", "language", "verdict"},
       "Requests answered, counted when the reply has settled (delivered, or sent to the dead "
       "letters)."},
      {"gradefarm_queue_wait_seconds",
       kHistogram,
       "seconds",
       {"pool", "language"},
       "From the publication of a request (record timestamp) to its start here; scale on this, not "
       "on consumer lag."},
      {"gradefarm_compile_seconds",
       kHistogram,
       "seconds",
       {"pool", "language"},
       "Wall time of the compile step of a request; requests without one, or answered by the "
       "compile cache, are not counted."},
      {"gradefarm_run_seconds",
       kHistogram,
       "seconds",
       {"pool", "language"},
       "Wall time from the first case's start to the last case's end of a request."},
      {"gradefarm_e2e_seconds",
       kHistogram,
       "seconds",
       {"pool", "language"},
       "From the publication of a request to the confirmed delivery of its reply."},
      {"gradefarm_requests_in_flight",
       kGauge,
       "requests",
       {"pool"},
       "Requests pulled and not yet answered."},
      {"gradefarm_slots",
       kGauge,
       "slots",
       {"pool", "state"},
       "Slots by state: busy (runs something) or idle."},
      {"gradefarm_retries_total",
       kCounter,
       "runs",
       {"pool"},
       "Runs repeated after a failure of the farm or to confirm a limit."},
      {"gradefarm_duplicates_total",
       kCounter,
       "requests",
       {"pool"},
       "Requests that were delivered again after their answer and were not graded again."},
      {"gradefarm_cached_results_total",
       kCounter,
       "requests",
       {"pool"},
       "Requests answered with an earlier result on the same bytes, as their policy.cache allows."},
      {"gradefarm_replies_failed_total",
       kCounter,
       "replies",
       {"pool"},
       "Attempts to publish a reply that failed; each is tried again or ends in a dead letter."},
      {"gradefarm_dead_letters_total",
       kCounter,
       "records",
       {"pool"},
       "Records that could not be answered and went to grading.dead-letters."},
      {"gradefarm_forwarded_total",
       kCounter,
       "requests",
       {"pool"},
       "Requests handed on to another grader because this one lacks what they ask for; growth says "
       "that the graders of the pool are not alike."},
      {"gradefarm_bad_cases_total",
       kCounter,
       "dumps",
       {"pool", "outcome"},
       "Requests that the filter of bad cases took: written, published, dropped (more than could "
       "be "
       "written) or failed."},
      {"gradefarm_launcher_restarts_total",
       kCounter,
       "processes",
       {"pool"},
       "Slot launchers that died and were replaced."},
      {"gradefarm_compile_cache_hits_total",
       kCounter,
       "compilations",
       {"pool"},
       "Compile steps answered from the compile cache or by another slot that was at it already."},
      {"gradefarm_compile_cache_misses_total",
       kCounter,
       "compilations",
       {"pool"},
       "Compile steps that the compile cache did not know."},
      {"gradefarm_compile_cache_failures_total",
       kCounter,
       "entries",
       {"pool"},
       "Entries of the compile cache that were corrupted, or could not be read or written."},
      {"gradefarm_compile_cache_bytes",
       kGauge,
       "bytes",
       {"pool"},
       "Size of the compile cache's directory, which graders of a host may share."},
      {"gradefarm_canary_runs_total",
       kCounter,
       "runs",
       {"pool", "outcome"},
       "Canaries by what became of them: answered, wrong, unpublished or lost."},
      {"gradefarm_canary_seconds",
       kHistogram,
       "seconds",
       {"pool"},
       "From the publication of a canary to its right answer, the wait in the queue included."},
      {"gradefarm_canary_last_success_timestamp_seconds",
       kGauge,
       "seconds",
       {"pool"},
       "When a canary was last answered rightly, in seconds since 1970; 0 before the first."},
      {"gradefarm_assigned_partitions",
       kGauge,
       "partitions",
       {"pool"},
       "Partitions of the request topics that this grader owns now."},
      {"gradefarm_rebalances_total",
       kCounter,
       "rebalances",
       {"pool"},
       "Changes of the partition assignment."},
      {"gradefarm_commits_total", kCounter, "commits", {"pool"}, "Offset commits that succeeded."},
      {"gradefarm_commit_failures_total",
       kCounter,
       "commits",
       {"pool"},
       "Offset commits that failed; they are tried again."},
      {"gradefarm_commit_span",
       kGauge,
       "offsets",
       {"pool"},
       "Largest distance over the assigned partitions between the first unanswered and the last "
       "started offset."},
      {"gradefarm_commit_metadata_bytes",
       kGauge,
       "bytes",
       {"pool"},
       "Largest commit metadata over the assigned partitions; the broker refuses more than 4096."},
      {"gradefarm_languages_available",
       kGauge,
       "boolean",
       {"pool", "language"},
       "1 if the language's toolchain passed its self-test here, 0 if not."},
      {"gradefarm_start_time_seconds",
       kGauge,
       "seconds",
       {"pool"},
       "When this grader started, in seconds since 1970; each change is a restart."},
      {"gradefarm_build_info",
       kGauge,
       "constant",
       {"version"},
       "Always 1; the version is in the label."},
  };
  return table;
}

std::span<const MetricSpec> gateway_metric_table() {
  using enum MetricType;
  static const std::vector<MetricSpec> table = {
      {"gradefarm_http_requests_total",
       kCounter,
       "requests",
       {"pool", "route", "status"},
       "HTTP requests answered, by route (a path that is served, or other) and status; those that "
       "the server refuses unread are not counted."},
      {"gradefarm_http_waiting",
       kGauge,
       "requests",
       {"pool"},
       "HTTP requests that wait for an answer of the farm."},
      {"gradefarm_http_jobs",
       kGauge,
       "jobs",
       {"pool"},
       "Requests to the farm without an answer; equal HTTP requests share one, and some wait for "
       "nobody for a minute."},
      {"gradefarm_http_broker_up",
       kGauge,
       "boolean",
       {"pool"},
       "1 if the broker answered when it was asked last, some seconds ago, else 0."},
  };
  return table;
}

const std::vector<double>& duration_buckets() {
  static const std::vector<double> buckets = {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5,
                                              1,     2,     5,     10,   20,   60,   120, 300, 600};
  return buckets;
}

namespace {

std::string markdown_of(std::span<const MetricSpec> table) {
  std::string rows;
  for (const MetricSpec& metric : table) {
    std::string labels;
    for (const std::string_view label : metric.labels) {
      if (!labels.empty()) labels += ", ";
      ((labels += '`') += label) += '`';
    }
    ((((rows += "| `") += metric.name) += "` | ") += word(metric.type)) += " | ";
    ((((((rows += metric.unit) += " | ") += labels) += " | ") += metric.help) += " |\n");
  }
  return rows;
}

}  // namespace

std::string metric_table_markdown() {
  return markdown_of(metric_table()) + markdown_of(gateway_metric_table());
}

}  // namespace farm::monitoring
