#include "producer/exchange.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "producer/random_name.h"
#include "schemas/lanes.h"
#include "schemas/topics.h"

namespace farm::producer {
namespace {

// How late a resubmission, a retry or a timeout may be.
constexpr Milliseconds kTick{50};
constexpr Milliseconds kDeliveryRetryDelay{500};  // doubled by each further attempt
constexpr int kMaxDeliveryRetryDoublings = 4;
// An envelope holds two ids, a hash and a location; results are mostly larger, and need not be
// parsed twice.
constexpr std::size_t kMaxEnvelopeBytes = 4096;
// A result is published after its blob is stored; this covers a shared file system that shows it
// late.
constexpr Milliseconds kBlobPatience{2'000};
constexpr Milliseconds kLongestMillisecond{10};  // where the clock is set back meanwhile

SteadyTime now() { return std::chrono::steady_clock::now(); }

std::string duration_text(Milliseconds duration) {
  if (duration < std::chrono::minutes{2}) return std::to_string(duration.count()) + " ms";
  return std::to_string(std::chrono::duration_cast<std::chrono::minutes>(duration).count()) +
         " min";
}

// The callback and what it captured are gone when this returns.
void tell(PendingRequest& request, EvaluationResult result) {
  const OnResult on_result = std::move(request.on_result);
  on_result(std::move(result));
}

// The id and the generation that a correlation of ours names.
std::optional<std::pair<std::string, std::int64_t>> asked_of(std::string_view correlation,
                                                             std::string_view base) {
  if (!correlation.starts_with(base)) return std::nullopt;
  correlation.remove_prefix(base.size());
  const auto colon = correlation.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view number = correlation.substr(0, colon);
  std::int64_t generation = 0;
  if (!number.empty()) {
    if (number.front() != '.') return std::nullopt;
    const auto [end, error] =
        std::from_chars(number.data() + 1, number.data() + number.size(), generation);
    if (error != std::errc() || end != number.data() + number.size()) return std::nullopt;
  }
  return std::pair(std::string(correlation.substr(colon + 1)), generation);
}

// A cancel means what was published in its millisecond, too.
void await_next_millisecond() {
  const auto unix_ms = [] {
    return std::chrono::floor<Milliseconds>(std::chrono::system_clock::now());
  };
  const auto cancelled = unix_ms();
  const auto end = now() + kLongestMillisecond;
  while (unix_ms() <= cancelled && now() < end)
    std::this_thread::sleep_for(std::chrono::microseconds{100});
}

std::string kib_text(std::size_t bytes) { return std::to_string((bytes + 1023) / 1024) + " KiB"; }

}  // namespace

// For as long as callbacks run: lets go of the lock, wakes who waits for room, and holds up
// close().
class Exchange::Callback {
 public:
  Callback(Exchange& exchange, std::unique_lock<std::mutex>& lock) : exchange_(exchange) {
    exchange_.callbacks_ += 1;
    lock.unlock();
    exchange_.room_.notify_all();
  }
  ~Callback() {
    const std::scoped_lock lock(exchange_.mutex_);
    exchange_.callbacks_ -= 1;
    exchange_.quiet_.notify_all();
  }
  Callback(const Callback&) = delete;
  Callback& operator=(const Callback&) = delete;

 private:
  Exchange& exchange_;
};

Exchange::Exchange(ExchangeOptions options, kafka::Producer& producer,
                   std::optional<kafka::BlobStore> blobs)
    : options_(std::move(options)),
      request_topic_(topics::requests(options_.pool)),
      correlation_base_(random_name()),
      producer_(producer),
      blobs_(std::move(blobs)),
      pending_(options_.limits),
      worker_([this] { work(); }) {}

Exchange::~Exchange() { close(); }

void Exchange::close() {
  const std::scoped_lock close_lock(close_mutex_);
  {
    std::unique_lock lock(mutex_);
    closing_ = true;
    to_fetch_.clear();
    auto rest = pending_.take_all();
    wake_.notify_all();
    const Callback callback(*this, lock);
    for (auto& request : rest) {
      tell(request, unjudged_result(request.identity, Verdict::kCancelled,
                                    "the client was closed before the answer came"));
    }
  }
  if (worker_.joinable()) worker_.join();
  std::unique_lock lock(mutex_);
  quiet_.wait(lock, [&] { return callbacks_ == 0; });
}

ClientStats Exchange::stats() const {
  const std::scoped_lock lock(mutex_);
  ClientStats stats = stats_;
  stats.outstanding = pending_.size();
  stats.outstanding_bytes = pending_.outstanding();
  return stats;
}

// What travels: the request itself, or an envelope with its hash when it is too large for a record.
Expected<std::string> Exchange::record_value(Submitted& submitted) const {
  if (submitted.json.size() <= inline_limit()) return std::move(submitted.json);
  if (!blobs_) {
    return invalid_request("the request has " + kib_text(submitted.json.size()) +
                           ", more than the " + kib_text(inline_limit()) +
                           " that fit a record: give this client a blob directory that it shares "
                           "with the graders");
  }
  BlobEnvelope envelope;
  envelope.request_id = submitted.identity.request_id;
  envelope.trainer = submitted.identity.trainer;
  FARM_TRY(envelope.blob, blobs_->put(submitted.json));
  return encode_blob_envelope(envelope);
}

void Exchange::submit(Submitted submitted, const OnResult& on_result, Wait wait) {
  const auto refuse = [&](Verdict verdict, std::string message) {
    on_result(unjudged_result(submitted.identity, verdict, std::move(message)));
  };
  if (submitted.identity.request_id.empty()) {
    return refuse(Verdict::kRejected,
                  "the request has no readable request_id, so no answer could be matched to it");
  }
  auto value = record_value(submitted);
  if (!value) {
    return refuse(value.error().request_fault() ? Verdict::kRejected : Verdict::kFarmError,
                  value.error().text());
  }
  PendingRequest request = {submitted.identity,
                            std::make_shared<const std::string>(std::move(value).value()),
                            submitted.deadline_unix_ms, on_result, submitted.priority};

  auto admission = PendingRequests::Admission::kFull;
  bool closed = false;
  {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] {
      closed = closing_;
      if (closed) return true;
      request.generation = generation_;
      admission = wait == Wait::kNever ? pending_.add_beyond_window(request, now())
                                       : pending_.add(request, now());
      return admission != PendingRequests::Admission::kFull;
    });
    if (admission == PendingRequests::Admission::kAdmitted) stats_.submitted += 1;
  }
  if (closed) return refuse(Verdict::kCancelled, "the client is closed");
  if (admission == PendingRequests::Admission::kDuplicate) {
    return refuse(Verdict::kRejected,
                  "a request with the same request_id is under way: ids must be unique");
  }
  publish_due();
}

bool Exchange::wait_for_room(std::size_t json_bytes, Milliseconds timeout) {
  const auto bytes = std::min(json_bytes, inline_limit());
  std::unique_lock lock(mutex_);
  return room_.wait_for(lock, timeout, [&] { return closing_ || pending_.has_room(bytes); });
}

void Exchange::publish_due() {
  std::vector<Publication> due;
  {
    const std::scoped_lock lock(mutex_);
    due = pending_.take_due(now());
    stats_.resubmitted +=
        std::count_if(due.begin(), due.end(), [](const auto& p) { return p.overdue; });
  }
  for (const auto& publication : due) publish(publication);
}

void Exchange::publish(const Publication& publication) {
  kafka::OutgoingRecord record;
  record.topic = options_.lanes.contains(publication.priority)
                     ? lane_topic(options_.pool, publication.priority)
                     : request_topic_;
  record.key = publication.request_id;
  record.value = *publication.value;
  const auto header = [&](std::string_view key, std::string value) {
    record.headers.emplace_back(std::string(key), std::move(value));
  };
  header(headers::kReplyTopic, options_.reply_topic);
  header(headers::kCorrelationId, correlation_of(publication));
  header(headers::kRequestId, publication.request_id);
  header(headers::kTrainer, publication.trainer);
  header(headers::kAttempt, std::to_string(publication.attempt));
  if (publication.deadline_unix_ms) {
    header(headers::kDeadline, std::to_string(*publication.deadline_unix_ms));
  }
  const auto report = [this, id = publication.request_id,
                       attempt = publication.attempt](Expected<kafka::Delivery> delivery) {
    on_delivery(id, attempt, delivery);
  };
  if (auto queued = producer_.publish(std::move(record), report); !queued) {
    report(std::move(queued).error());
  }
}

void Exchange::on_delivery(const std::string& request_id, int attempt,
                           const Expected<kafka::Delivery>& delivery) {
  if (!delivery && !delivery.error().retryable()) {
    // Not the request's fault: what does not fit a record was refused before.
    return give_up(request_id, "publish to " + request_topic_ + ": " + delivery.error().text());
  }
  const std::scoped_lock lock(mutex_);
  if (delivery) {
    last_failure_.clear();
    pending_.delivered(request_id, attempt, now());
    return;
  }
  last_failure_ = delivery.error().text();
  stats_.delivery_retries += 1;
  const int doublings = std::min(attempt - 1, kMaxDeliveryRetryDoublings);
  pending_.failed(request_id, attempt, now() + kDeliveryRetryDelay * (1 << doublings));
}

std::int64_t Exchange::cancel(const std::vector<std::string>& request_ids) {
  std::unique_lock lock(mutex_);
  return tell_taken_back(pending_.take_back(request_ids), lock);
}

std::int64_t Exchange::cancel_step(std::int64_t step) {
  std::unique_lock lock(mutex_);
  return tell_taken_back(pending_.take_back_step(step), lock);
}

std::int64_t Exchange::tell_taken_back(std::vector<PendingRequest> taken,
                                       std::unique_lock<std::mutex>& lock) {
  if (taken.empty()) return 0;
  const auto count = static_cast<std::int64_t>(taken.size());
  stats_.cancelled += count;
  generation_ += 1;
  const Callback callback(*this, lock);
  // Graders first: what a caller asks again once it knows is published later, and not meant.
  publish_cancels(taken);
  await_next_millisecond();
  for (auto& request : taken) {
    tell(request, unjudged_result(request.identity, Verdict::kCancelled, "taken back"));
  }
  return count;
}

// By id: a step may be that of other clients of the same trainer, too.
void Exchange::publish_cancels(const std::vector<PendingRequest>& taken) {
  std::map<std::string, Cancel> by_trainer;
  for (const auto& request : taken) {
    Cancel& cancel = by_trainer[request.identity.trainer];
    cancel.trainer = request.identity.trainer;
    cancel.request_ids.push_back(request.identity.request_id);
    if (cancel.request_ids.size() < Cancel::kMaxIds) continue;
    publish_cancel(cancel);
    cancel.request_ids.clear();
  }
  for (const auto& [trainer, cancel] : by_trainer) {
    if (!cancel.request_ids.empty()) publish_cancel(cancel);
  }
}

// A cancel that is lost costs work, not answers: nobody waits for them any more.
void Exchange::publish_cancel(const Cancel& cancel) {
  kafka::OutgoingRecord record;
  record.topic = topics::kCancels;
  record.key = cancel.trainer;
  record.value = encode_cancel(cancel);
  (void)producer_.publish(std::move(record), [](const Expected<kafka::Delivery>&) {});
}

void Exchange::on_reply(const kafka::Record& record) {
  // The cheap question first: whose answer is it?
  const auto correlation = kafka::find_header(record.headers, headers::kCorrelationId);
  const auto asked = correlation ? asked_of(*correlation, correlation_base_) : std::nullopt;
  if (!asked) {
    const std::scoped_lock lock(mutex_);
    stats_.unknown_answers += 1;
    return;
  }
  const auto& [id, generation] = *asked;
  {
    const std::scoped_lock lock(mutex_);
    if (!waits_for(id, generation)) return;
  }
  if (record.value.size() <= kMaxEnvelopeBytes) {
    auto envelope = decode_blob_envelope(record.value);
    if (!envelope) return drop_unreadable();
    if (envelope->has_value()) {
      {
        const std::scoped_lock lock(mutex_);
        to_fetch_.push_back({id, generation, (*envelope)->blob});
      }
      wake_.notify_all();
      return;
    }
  }
  auto result = decode_result(record.value);
  if (!result) return drop_unreadable();
  resolve(id, generation, std::move(result).value());
}

// With the generation in it where there is one, so that answers to what was taken back are not
// taken for those to what was asked later under the same id.
std::string Exchange::correlation_of(const Publication& publication) const {
  const std::string generation =
      publication.generation == 0 ? "" : "." + std::to_string(publication.generation);
  return correlation_base_ + generation + ":" + publication.request_id;
}

bool Exchange::waits_for(const std::string& request_id, std::int64_t generation) {
  const auto known = pending_.known(request_id, generation);
  if (known == PendingRequests::Known::kAnswered) stats_.duplicate_answers += 1;
  if (known == PendingRequests::Known::kUnknown) stats_.unknown_answers += 1;
  return known == PendingRequests::Known::kWaiting;
}

void Exchange::drop_unreadable() {
  const std::scoped_lock lock(mutex_);
  stats_.unreadable_answers += 1;
}

void Exchange::resolve(const std::string& request_id, std::int64_t generation,
                       EvaluationResult result) {
  std::unique_lock lock(mutex_);
  if (!waits_for(request_id, generation)) return;
  auto request = pending_.answer(request_id, now());
  stats_.answered += 1;
  const Callback callback(*this, lock);
  tell(*request, std::move(result));
}

void Exchange::give_up(const std::string& request_id, const std::string& why) {
  std::unique_lock lock(mutex_);
  auto request = pending_.take(request_id);
  if (!request) return;
  const Callback callback(*this, lock);
  tell(*request, unjudged_result(request->identity, Verdict::kFarmError, why));
}

void Exchange::fetch(const BlobReply& reply) {
  const auto farm_error = [&](std::string message) {
    RequestIdentity identity;
    {
      const std::scoped_lock lock(mutex_);
      identity = pending_.identity(reply.request_id);
    }
    resolve(reply.request_id, reply.generation,
            unjudged_result(identity, Verdict::kFarmError, std::move(message)));
  };
  if (!blobs_) {
    return farm_error("the result came as a blob (" + reply.blob.location +
                      "), and this client has no blob directory: give it the one of the graders");
  }
  auto content = blobs_->get(reply.blob, options_.max_result, kBlobPatience);
  if (!content && content.error().retryable()) {
    // The grader remembers its answers and publishes this one again.
    const std::scoped_lock lock(mutex_);
    stats_.unreadable_answers += 1;
    pending_.publish_again(reply.request_id, now());
    return;
  }
  if (!content) return farm_error("fetch the result: " + content.error().text());
  auto result = decode_result(*content);
  if (!result) return farm_error("read the result: " + result.error().text());
  resolve(reply.request_id, reply.generation, std::move(result).value());
}

void Exchange::give_up_on_overdue() {
  std::unique_lock lock(mutex_);
  auto late = pending_.take_timed_out(now());
  if (late.empty()) return;
  stats_.timed_out += static_cast<std::int64_t>(late.size());
  std::string message = "no answer within " + duration_text(options_.limits.request_timeout) +
                        "; is a grader running for pool " + options_.pool + "?";
  if (!last_failure_.empty()) message += " The last publish failed: " + last_failure_;
  const Callback callback(*this, lock);
  for (auto& request : late) {
    tell(request, unjudged_result(request.identity, Verdict::kFarmError, message));
  }
}

void Exchange::work() {
  while (true) {
    std::deque<BlobReply> replies;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, kTick, [&] { return closing_ || !to_fetch_.empty(); });
      if (closing_) return;
      replies.swap(to_fetch_);
    }
    for (const auto& reply : replies) fetch(reply);
    publish_due();
    give_up_on_overdue();
  }
}

}  // namespace farm::producer
