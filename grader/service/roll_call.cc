#include "grader/service/roll_call.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "monitoring/log.h"
#include "schemas/topics.h"

namespace farm::service {
namespace {

namespace log = monitoring::log;

constexpr Milliseconds kStep{250};

}  // namespace

bool Fates::ask(const std::vector<kafka::ProcessId>& awaited, SteadyTime now) {
  std::erase_if(asked_, [&awaited](const auto& one) {
    return std::find(awaited.begin(), awaited.end(), one.first) == awaited.end();
  });
  bool more = false;
  for (const kafka::ProcessId process : awaited)
    more |= asked_.try_emplace(process, Asked{now, std::nullopt, false}).second;
  return more;
}

void Fates::listening(SteadyTime now) {
  for (auto& [process, asked] : asked_) asked.listened = now;
}

void Fates::heard(kafka::ProcessId process) {
  const auto at = asked_.find(process);
  if (at != asked_.end()) at->second.heard = true;
}

std::vector<std::pair<kafka::ProcessId, bool>> Fates::known(SteadyTime now) const {
  std::vector<std::pair<kafka::ProcessId, bool>> fates;
  for (const auto& [process, asked] : asked_) {
    const bool silent = asked.listened && now - *asked.listened >= kSilence;
    if (asked.heard || silent || now - asked.since >= kLongest)
      fates.emplace_back(process, asked.heard);
  }
  return fates;
}

std::optional<kafka::ProcessId> process_of(const kafka::Headers& headers) {
  const auto text = kafka::find_header(headers, headers::kProcess);
  if (!text) return std::nullopt;
  kafka::ProcessId process = 0;
  const char* const end = text->data() + text->size();
  const auto read = std::from_chars(text->data(), end, process);
  if (read.ec != std::errc() || read.ptr != end || process <= 0) return std::nullopt;
  return process;
}

RollCall::RollCall(RollCallParts parts) : parts_(std::move(parts)) {}

RollCall::~RollCall() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void RollCall::start() {
  thread_ = std::thread([this] { run(); });
}

void RollCall::run() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    lock.unlock();
    step(std::chrono::steady_clock::now());
    lock.lock();
    wake_.wait_for(lock, kStep, [this] { return ending_; });
  }
}

void RollCall::step(SteadyTime now) {
  const std::vector<kafka::ProcessId> awaited = parts_.awaited();
  if (fates_.ask(awaited, now) || awaited.empty()) tail_.reset();
  if (awaited.empty()) return;
  if (tail_ && !counted_) {
    fates_.listening(now);  // not from before it was opened, which may have taken long
    counted_ = true;
  }
  if (!tail_) listen();
  if (tail_) {
    const std::lock_guard lock(mailbox_->mutex);
    for (const kafka::ProcessId process : mailbox_->heard) fates_.heard(process);
    mailbox_->heard.clear();
  }
  for (const auto& [process, alive] : fates_.known(now)) {
    log::info("a grader lost partitions", {{"process", process}, {"alive", alive}});
    parts_.judge(process, alive);
  }
}

void RollCall::listen() {
  mailbox_ = std::make_shared<Mailbox>();
  auto opened = parts_.open([mailbox = mailbox_](const kafka::Record& record) {
    const auto process = process_of(record.headers);
    if (!process) return;
    const std::lock_guard lock(mailbox->mutex);
    mailbox->heard.push_back(*process);
  });
  if (!opened)
    return log::warning("other graders are not heard, will try again",
                        {{"error", opened.error().text()}});
  tail_ = *std::move(opened);
  counted_ = false;
}

}  // namespace farm::service
