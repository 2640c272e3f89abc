#include "grader/kafka/consumer.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <utility>

#include "grader/kafka/group_member.h"

namespace farm::kafka {
namespace {

class GroupConsumer final : public Consumer {
 public:
  explicit GroupConsumer(ConsumerConfig config)
      : config_(std::move(config)),
        pulls_(
            config_.shares,
            [this](const std::string& line) {
              if (config_.client.log) config_.client.log(kLogWarning, line);
            },
            config_.trace_starts ? config_.start_ahead : 1) {}
  ~GroupConsumer() override { GroupConsumer::close(); }

  Expected<Done> open();

  std::optional<Record> pull() override;
  int wake_fd() const override { return pulls_.wake_fd.get(); }
  void done(const Position& position) override;
  void stop_pulling() override;
  std::vector<ProcessId> awaited() const override;
  void judge(ProcessId process, bool alive) override;
  std::optional<Error> fatal() const override;
  ConsumerStats stats() const override;
  void close() override;

 private:
  Expected<Done> join(const std::string& group, std::vector<std::string> topics);
  void tell_news();

  const ConsumerConfig config_;
  mutable Pulls pulls_;
  std::atomic<bool> pulling_{true};
  std::mutex close_mutex_;
  std::vector<std::unique_ptr<GroupMember>> members_;  // not changed after open()
};

Expected<Done> GroupConsumer::open() {
  pulls_.wake_fd.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!pulls_.wake_fd) return system_error("eventfd for the Kafka consumer", errno);
  if (config_.groups.empty()) return join(config_.group, config_.topics);
  FARM_ASSERT(config_.groups.size() == config_.topics.size());
  for (std::size_t i = 0; i < config_.topics.size(); ++i)
    FARM_CHECK_OK(join(config_.groups[i], {config_.topics[i]}));
  return Done{};
}

Expected<Done> GroupConsumer::join(const std::string& group, std::vector<std::string> topics) {
  members_.push_back(std::make_unique<GroupMember>(config_, group, std::move(topics), pulls_));
  return members_.back()->open();
}

std::optional<Record> GroupConsumer::pull() {
  if (!pulling_) return std::nullopt;
  const std::lock_guard lock(pulls_.mutex);
  auto record = pulls_.intake.pull();
  tell_news();
  return record;
}

// To the poll threads, which commit it. With the lock.
void GroupConsumer::tell_news() {
  if (!pulls_.intake.take_news()) return;
  for (const auto& member : members_) {
    if (member->has_to_say()) member->hurry();
  }
}

void GroupConsumer::stop_pulling() {
  pulling_ = false;
  const std::lock_guard lock(pulls_.mutex);
  pulls_.intake.stop();
  tell_news();
}

std::vector<ProcessId> GroupConsumer::awaited() const {
  const std::lock_guard lock(pulls_.mutex);
  return pulls_.intake.awaited();
}

void GroupConsumer::judge(ProcessId process, bool alive) {
  const std::lock_guard lock(pulls_.mutex);
  if (pulls_.intake.judge(process, alive)) pulls_.wake();
}

void GroupConsumer::done(const Position& position) {
  const std::lock_guard lock(pulls_.mutex);
  for (const auto& member : members_) {
    if (member->reads(position.topic)) member->note_done();
  }
  // librdkafka speaks only when a queue becomes non-empty.
  if (pulls_.intake.done(position)) pulls_.wake();
  tell_news();
  pulls_.settled.notify_all();
}

std::optional<Error> GroupConsumer::fatal() const {
  for (const auto& member : members_) {
    {
      const std::lock_guard lock(pulls_.mutex);
      if (auto failure = member->failure()) return failure;
    }
    if (auto error = member->fatal()) return error;
  }
  return std::nullopt;
}

ConsumerStats GroupConsumer::stats() const {
  const std::lock_guard lock(pulls_.mutex);
  ConsumerStats stats;
  for (const auto& member : members_) member->add_to(stats);
  const Intake& intake = pulls_.intake;
  stats.assigned_partitions = static_cast<std::int64_t>(intake.partitions().size());
  stats.skipped_done = intake.skipped_done();
  for (const auto& partition : intake.partitions()) {
    stats.max_commit_span = std::max(stats.max_commit_span, partition->tracker.span());
    stats.waiting_records += partition->source->waiting();
    stats.partitions.emplace_back(partition->topic, partition->number);
  }
  return stats;
}

void GroupConsumer::close() {
  const std::lock_guard lock(close_mutex_);
  pulling_ = false;
  for (const auto& member : members_) member->stop();
  for (const auto& member : members_) member->join();
}

}  // namespace

void Pulls::wake() const {
  // A full counter (EAGAIN) is readable already.
  constexpr std::uint64_t kOne = 1;
  [[maybe_unused]] const auto written = ::write(wake_fd.get(), &kOne, sizeof kOne);
}

Expected<std::unique_ptr<Consumer>> Consumer::create(ConsumerConfig config) {
  if (config.process == 0) config.process = draw_process_id();
  auto consumer = std::make_unique<GroupConsumer>(std::move(config));
  FARM_CHECK_OK(consumer->open());
  return std::unique_ptr<Consumer>(std::move(consumer));
}

}  // namespace farm::kafka
