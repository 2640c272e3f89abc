#include "grader/sandbox/resident.h"

#include <poll.h>

#include <cerrno>
#include <utility>

namespace farm::sandbox {

LinuxResident::LinuxResident(Forkserver& forkserver, int slot, RunSpec spec)
    : forkserver_(forkserver), slot_(slot), spec_(std::move(spec)) {
  spec_.rests = true;
}

LinuxResident::~LinuxResident() { end(); }

bool LinuxResident::is_ready() {
  if (conversation_) {
    Expected<Done> going = step(false);
    while (going && !conversation_->ended() && conversation_->awaits_launcher()) going = step(true);
    if (!going || conversation_->ended()) end();
  }
  if (conversation_ && asked_ >= spec_.turns) end();
  if (conversation_) {
    if (!conversation_->is_resting()) return false;
    failures_ = 0;
    return true;
  }
  if (failures_ >= kMostFailures) return false;
  ++failures_;  // until it is ready
  if (!start()) end();
  return false;
}

std::optional<RunOutcome> LinuxResident::ask(std::string message) {
  FARM_ASSERT(conversation_ && conversation_->is_resting());
  ++asked_;
  turn_.message = std::move(message);
  turn_.answer.reset();
  Expected<Done> going = conversation_->resume();
  while (going && !conversation_->ended() && !turn_.answer) going = step(true);
  // One that rests has said what it had to say; one that goes on was never at its end.
  if (!turn_.answer || !conversation_->is_resting()) {
    end();
    return std::nullopt;
  }
  return std::exchange(turn_.answer, std::nullopt);
}

// Without its daemon a launcher kills the run and leaves (launcher.cc).
void LinuxResident::end() {
  conversation_.reset();
  launcher_.reset();
}

Expected<Done> LinuxResident::start() {
  FARM_TRY(StartedLauncher started, forkserver_.start_launcher(slot_));
  launcher_ = std::move(started.socket);
  turn_.answer.reset();
  asked_ = 0;
  FARM_TRY(Conversation conversation, Conversation::begin_turns(launcher_.get(), 1, spec_, turn_));
  conversation_.emplace(std::move(conversation));
  return Done{};
}

Expected<Done> LinuxResident::step(bool wait) {
  Conversation::Events events = conversation_->events();
  if (::poll(events.data(), events.size(), wait ? -1 : 0) < 0 && errno != EINTR)
    return system_error("poll", errno);
  return conversation_->handle(events);
}

}  // namespace farm::sandbox
