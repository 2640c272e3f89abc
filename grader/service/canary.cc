#include "grader/service/canary.h"

#include <algorithm>
#include <array>

#include "grader/service/grading.h"
#include "monitoring/log.h"
#include "schemas/result.h"
#include "schemas/topics.h"

namespace farm::service {
namespace {

namespace log = monitoring::log;

constexpr Milliseconds kTick{200};
constexpr std::string_view kTrainer = "canary";

EvaluationRequest self_test(const LanguageDefinition& language) {
  EvaluationRequest request;
  request.trainer = kTrainer;
  request.submission.language = language.id;
  request.submission.code = language.self_test.source;
  StdinStdout evaluation;
  evaluation.cases.push_back({language.self_test.stdin_bytes, language.self_test.stdout_bytes});
  request.evaluation = std::move(evaluation);
  return request;
}

std::string name_of(const TopicPartition& partition) {
  return partition.first + "[" + std::to_string(partition.second) + "]";
}

}  // namespace

std::optional<EvaluationRequest> canary_request(const languages::Registry& working) {
  const LanguageDefinition* chosen = nullptr;
  for (const std::string& id : working.ids()) {
    const LanguageDefinition* language = working.find(id);
    if (!languages::serves(*language, "stdin_stdout")) continue;
    if (chosen == nullptr || (chosen->compile && !language->compile)) chosen = language;
  }
  if (chosen == nullptr) return std::nullopt;
  return self_test(*chosen);
}

Canary::Canary(CanarySettings settings, CanaryParts parts)
    : settings_(std::move(settings)), parts_(std::move(parts)) {
  parts_.health.set("canary", true, "not tried yet");
}

Canary::~Canary() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Canary::start() {
  thread_ = std::thread([this] { run(); });
}

void Canary::run() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    lock.unlock();
    step(std::chrono::steady_clock::now());
    lock.lock();
    wake_.wait_for(lock, kTick, [this] { return ending_; });
  }
}

void Canary::step(SteadyTime now) {
  if (parts_.stopping()) return;
  if (under_way_) return look_after(now);
  if (!due_ || now >= *due_) publish(now);
}

void Canary::publish(SteadyTime now) {
  const std::vector<TopicPartition> owned = parts_.owned();
  if (owned.empty()) return;
  under_way_ = UnderWay{owned[turn_++ % owned.size()], now, {}};
  if (!replies_) {
    auto opened = parts_.open_replies(
        [mailbox = mailbox_](const kafka::Record& record) { take_reply(*mailbox, record); });
    if (!opened) return finish({Outcome::kUnpublished, opened.error().text()}, now);
    replies_ = std::move(*opened);
  }

  EvaluationRequest request = settings_.request;
  request.request_id = "canary-" + settings_.grader_id + "-" + std::to_string(now_unix_ms()) + "-" +
                       std::to_string(turn_);
  request.trainer = kTrainer;
  {
    const std::lock_guard lock(mailbox_->mutex);
    mailbox_->expected = request.request_id;
    mailbox_->delivered = false;
    mailbox_->ended.reset();
  }
  kafka::OutgoingRecord record;
  record.topic = under_way_->partition.first;
  record.partition = under_way_->partition.second;
  record.value = encode_request(request);
  record.headers = {{std::string(headers::kReplyTopic), std::string(topics::kCanaryReplies)},
                    {std::string(headers::kCorrelationId), request.request_id},
                    {std::string(headers::kRequestId), request.request_id},
                    {std::string(headers::kTrainer), request.trainer}};
  const auto on_delivery = [mailbox = mailbox_,
                            id = request.request_id](const Expected<kafka::Delivery>& delivery) {
    const std::lock_guard lock(mailbox->mutex);
    if (mailbox->expected != id) return;
    mailbox->delivered = true;
    if (!delivery && !mailbox->ended)
      mailbox->ended = Ended{Outcome::kUnpublished, delivery.error().text()};
  };
  if (auto queued = parts_.producer.publish(std::move(record), on_delivery); !queued)
    finish({Outcome::kUnpublished, queued.error().text()}, now);
}

void Canary::take_reply(Mailbox& mailbox, const kafka::Record& record) {
  const auto id = kafka::find_header(record.headers, headers::kCorrelationId);
  const std::lock_guard lock(mailbox.mutex);
  if (!id || mailbox.expected.empty() || *id != mailbox.expected) return;  // of another grader
  const auto result = decode_result(record.value);
  if (!result) {
    mailbox.ended = Ended{Outcome::kWrong, "its answer cannot be read: " + result.error().text()};
  } else if (result->verdict != Verdict::kAccepted) {
    mailbox.ended =
        Ended{Outcome::kWrong, "got " + std::string(word(result->verdict)) +
                                   (result->message.empty() ? "" : ": ") + result->message};
  } else {
    mailbox.ended = Ended{Outcome::kAnswered, {}};
  }
}

void Canary::look_after(SteadyTime now) {
  {
    std::unique_lock lock(mailbox_->mutex);
    if (mailbox_->ended) {
      const Ended ended = *mailbox_->ended;
      lock.unlock();
      return finish(ended, now);
    }
    if (mailbox_->delivered && !under_way_->delivered) under_way_->delivered = now;
  }
  const std::vector<TopicPartition> owned = parts_.owned();
  if (std::find(owned.begin(), owned.end(), under_way_->partition) == owned.end()) {
    // Its new owner answers, whenever it gets there: nothing about us would be learnt from that.
    const std::lock_guard lock(mailbox_->mutex);
    mailbox_->expected.clear();
    under_way_.reset();
    return;
  }
  if (const auto why = overdue(now)) finish({Outcome::kLost, *why}, now);
}

std::optional<std::string> Canary::overdue(SteadyTime now) const {
  if (!under_way_->delivered) return std::nullopt;  // the producer's own time limit ends that
  const Activity::Pace pace = parts_.activity.pace();
  const SteadyTime quiet_since = std::max(*under_way_->delivered, pace.last_change);
  const Milliseconds limit =
      pace.full ? settings_.longest_request + settings_.patience : settings_.patience;
  if (now - quiet_since <= limit) return std::nullopt;
  return "no answer on " + name_of(under_way_->partition) + " although " +
         (pace.full ? "no request takes that long" : "a slot was idle") + " for " +
         std::to_string(limit.count()) + " ms";
}

void Canary::finish(const Ended& ended, SteadyTime now) {
  static constexpr std::array kWords = {"answered", "wrong", "unpublished", "lost"};
  const auto took = std::chrono::duration_cast<Milliseconds>(now - under_way_->published);
  due_ = std::max(under_way_->published + settings_.interval, now);
  const std::string where = name_of(under_way_->partition);
  under_way_.reset();
  {
    const std::lock_guard lock(mailbox_->mutex);
    mailbox_->expected.clear();
  }
  parts_.metrics.count_canary(kWords[static_cast<std::size_t>(ended.outcome)]);
  if (ended.outcome == Outcome::kAnswered) {
    if (failures_ >= settings_.failures_until_unready) log::info("canary answered again");
    failures_ = 0;
    parts_.metrics.observe_canary(took, std::chrono::system_clock::now());
    parts_.health.set("canary", true, "answered in " + std::to_string(took.count()) + " ms");
    return;
  }
  ++failures_;
  log::warning("canary failed",
               {{"partition", where}, {"failures", failures_}, {"reason", ended.detail}});
  parts_.health.set("canary", failures_ < settings_.failures_until_unready,
                    std::to_string(failures_) + " in a row failed: " + ended.detail);
}

}  // namespace farm::service
