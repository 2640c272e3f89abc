#include "monitoring/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <sstream>

#include "monitoring/metric_table.h"
#include "schemas/expected.h"

namespace farm::monitoring {
namespace {

using Labels = prometheus::Labels;

const MetricSpec& spec_of(std::string_view name) {
  const auto table = metric_table();
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const MetricSpec& spec) { return spec.name == name; });
  FARM_ASSERT(found != table.end());
  return *found;
}

}  // namespace

std::string_view word(BadCaseOutcome outcome) {
  switch (outcome) {
    case BadCaseOutcome::kWritten:
      return "written";
    case BadCaseOutcome::kPublished:
      return "published";
    case BadCaseOutcome::kDropped:
      return "dropped";
    case BadCaseOutcome::kFailed:
      return "failed";
  }
  return "unknown";
}

struct Metrics::State {
  explicit State(std::string_view pool_name) : pool(pool_name) {
    for (const MetricSpec& spec : metric_table()) {
      const std::string name(spec.name);
      const std::string help(spec.help);
      switch (spec.type) {
        case MetricType::kCounter:
          counters[spec.name] =
              &prometheus::BuildCounter().Name(name).Help(help).Register(registry);
          break;
        case MetricType::kGauge:
          gauges[spec.name] = &prometheus::BuildGauge().Name(name).Help(help).Register(registry);
          break;
        case MetricType::kHistogram:
          histograms[spec.name] =
              &prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
          break;
      }
      if (spec.labels == std::vector<std::string_view>{"pool"}) {
        if (spec.type == MetricType::kCounter) counter(spec.name);
        if (spec.type == MetricType::kGauge) gauge(spec.name);
      }
    }
  }

  // The labels of every call are checked against the table: a difference is a bug of this file.
  void check(std::string_view name, MetricType type, const Labels& labels) const {
    const MetricSpec& spec = spec_of(name);
    FARM_ASSERT(spec.type == type && spec.labels.size() == labels.size());
    for (const std::string_view label : spec.labels)
      FARM_ASSERT(labels.count(std::string(label)) == 1);
  }

  prometheus::Counter& counter(std::string_view name, Labels labels = {}) {
    labels.emplace("pool", pool);
    check(name, MetricType::kCounter, labels);
    return counters.at(name)->Add(labels);
  }
  prometheus::Gauge& gauge(std::string_view name, Labels labels = {}) {
    labels.emplace("pool", pool);
    check(name, MetricType::kGauge, labels);
    return gauges.at(name)->Add(labels);
  }
  void observe(std::string_view name, std::string_view language, Seconds seconds) {
    observe(name, seconds, {{"language", label_of(language)}});
  }
  void observe(std::string_view name, Seconds seconds, Labels labels = {}) {
    labels.emplace("pool", pool);
    check(name, MetricType::kHistogram, labels);
    histograms.at(name)->Add(labels, duration_buckets()).Observe(std::max(0.0, seconds.count()));
  }

  std::string label_of(std::string_view language) {
    const std::lock_guard lock(mutex);
    const auto found = languages.find(language);
    return found == languages.end() ? std::string(kOtherLanguage) : *found;
  }

  void advance(std::string_view name, std::int64_t from, std::int64_t to) {
    const std::int64_t growth = to >= from ? to - from : to;
    counter(name).Increment(static_cast<double>(growth));
  }

  const std::string pool;
  prometheus::Registry registry;
  // Filled by the constructor, only read afterwards. Keys are the table's own names.
  std::map<std::string_view, prometheus::Family<prometheus::Counter>*> counters;
  std::map<std::string_view, prometheus::Family<prometheus::Gauge>*> gauges;
  std::map<std::string_view, prometheus::Family<prometheus::Histogram>*> histograms;

  std::mutex mutex;  // guards the two below
  std::set<std::string, std::less<>> languages;
  ConsumerNumbers last_consumer;
  CompileCacheNumbers last_compile_cache;
};

Metrics::Metrics(std::string_view version, std::string_view pool)
    : state_(std::make_unique<State>(pool)) {
  const Seconds since_1970 = std::chrono::system_clock::now().time_since_epoch();
  state_->gauge("gradefarm_start_time_seconds").Set(since_1970.count());
  for (const std::string_view outcome : kCanaryOutcomes)
    state_->counter("gradefarm_canary_runs_total", {{"outcome", std::string(outcome)}});
  for (const auto outcome : {BadCaseOutcome::kWritten, BadCaseOutcome::kPublished,
                             BadCaseOutcome::kDropped, BadCaseOutcome::kFailed}) {
    state_->counter("gradefarm_bad_cases_total", {{"outcome", std::string(word(outcome))}});
  }
  state_->gauges.at("gradefarm_build_info")->Add({{"version", std::string(version)}}).Set(1);
}

Metrics::~Metrics() = default;

void Metrics::declare_language(std::string_view language, bool available) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->languages.emplace(language);
  }
  state_->gauge("gradefarm_languages_available", {{"language", std::string(language)}})
      .Set(available ? 1 : 0);
  if (!available) return;
  // kNotRun, the one after kFarmError, is a word for cases only.
  for (int i = 0; i <= static_cast<int>(Verdict::kFarmError); ++i) {
    state_->counter("gradefarm_requests_total",
                    {{"language", std::string(language)},
                     {"verdict", std::string(word(static_cast<Verdict>(i)))}});
  }
}

void Metrics::count_request(std::string_view language, Verdict verdict) {
  state_
      ->counter("gradefarm_requests_total",
                {{"language", state_->label_of(language)}, {"verdict", std::string(word(verdict))}})
      .Increment();
}

void Metrics::observe_queue_wait(std::string_view language, Seconds wait) {
  state_->observe("gradefarm_queue_wait_seconds", language, wait);
}
void Metrics::observe_compile(std::string_view language, Seconds wall) {
  state_->observe("gradefarm_compile_seconds", language, wall);
}
void Metrics::observe_run(std::string_view language, Seconds wall) {
  state_->observe("gradefarm_run_seconds", language, wall);
}
void Metrics::observe_end_to_end(std::string_view language, Seconds wall) {
  state_->observe("gradefarm_e2e_seconds", language, wall);
}

void Metrics::set_requests_in_flight(std::int64_t requests) {
  state_->gauge("gradefarm_requests_in_flight").Set(static_cast<double>(requests));
}
void Metrics::set_slots(std::int64_t busy, std::int64_t idle) {
  state_->gauge("gradefarm_slots", {{"state", "busy"}}).Set(static_cast<double>(busy));
  state_->gauge("gradefarm_slots", {{"state", "idle"}}).Set(static_cast<double>(idle));
}

void Metrics::count_retry() { state_->counter("gradefarm_retries_total").Increment(); }
void Metrics::count_cached() { state_->counter("gradefarm_cached_results_total").Increment(); }
void Metrics::count_duplicate() { state_->counter("gradefarm_duplicates_total").Increment(); }
void Metrics::count_reply_failed() {
  state_->counter("gradefarm_replies_failed_total").Increment();
}
void Metrics::count_forwarded() { state_->counter("gradefarm_forwarded_total").Increment(); }
void Metrics::count_dead_letter() { state_->counter("gradefarm_dead_letters_total").Increment(); }
void Metrics::count_launcher_restart() {
  state_->counter("gradefarm_launcher_restarts_total").Increment();
}

void Metrics::count_canary(std::string_view outcome) {
  FARM_ASSERT(std::count(kCanaryOutcomes.begin(), kCanaryOutcomes.end(), outcome) == 1);
  state_->counter("gradefarm_canary_runs_total", {{"outcome", std::string(outcome)}}).Increment();
}
void Metrics::observe_canary(Seconds took, std::chrono::system_clock::time_point answered) {
  state_->observe("gradefarm_canary_seconds", took);
  state_->gauge("gradefarm_canary_last_success_timestamp_seconds")
      .Set(Seconds(answered.time_since_epoch()).count());
}

void Metrics::count_bad_case(BadCaseOutcome outcome) {
  state_->counter("gradefarm_bad_cases_total", {{"outcome", std::string(word(outcome))}})
      .Increment();
}

void Metrics::record_consumer(const ConsumerNumbers& numbers) {
  ConsumerNumbers last;
  {
    const std::lock_guard lock(state_->mutex);
    last = std::exchange(state_->last_consumer, numbers);
  }
  state_->advance("gradefarm_rebalances_total", last.rebalances, numbers.rebalances);
  state_->advance("gradefarm_commits_total", last.commits, numbers.commits);
  state_->advance("gradefarm_commit_failures_total", last.commit_failures, numbers.commit_failures);
  state_->advance("gradefarm_duplicates_total", last.duplicates, numbers.duplicates);
  state_->gauge("gradefarm_assigned_partitions")
      .Set(static_cast<double>(numbers.assigned_partitions));
  state_->gauge("gradefarm_commit_span").Set(static_cast<double>(numbers.commit_span));
  state_->gauge("gradefarm_commit_metadata_bytes")
      .Set(static_cast<double>(numbers.commit_metadata_bytes));
}

void Metrics::record_compile_cache(const CompileCacheNumbers& numbers) {
  CompileCacheNumbers last;
  {
    const std::lock_guard lock(state_->mutex);
    last = std::exchange(state_->last_compile_cache, numbers);
  }
  state_->advance("gradefarm_compile_cache_hits_total", last.hits, numbers.hits);
  state_->advance("gradefarm_compile_cache_misses_total", last.misses, numbers.misses);
  state_->advance("gradefarm_compile_cache_failures_total", last.failures, numbers.failures);
  state_->gauge("gradefarm_compile_cache_bytes").Set(static_cast<double>(numbers.bytes));
}

std::string Metrics::text() const {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, state_->registry.Collect());
  return std::move(out).str();
}

}  // namespace farm::monitoring
