#include "grader/sandbox/linux_sandbox.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "grader/os/files.h"

namespace farm::sandbox {
namespace {

// Waits for something to happen to either run, and deals with it. `second` may be null. `stop_fd`:
// kills them once it is readable, and becomes -1 then.
Expected<Done> step(Conversation& first, Conversation* second, int& stop_fd) {
  std::array<pollfd, 1 + 2 * Conversation::kEvents> events{};
  events[0] = {stop_fd, POLLIN, 0};
  const Conversation::Events of_first = first.events();
  std::copy(of_first.begin(), of_first.end(), events.begin() + 1);
  std::size_t count = 1 + Conversation::kEvents;
  if (second != nullptr) {
    const Conversation::Events of_second = second->events();
    std::copy(of_second.begin(), of_second.end(), events.begin() + 1 + Conversation::kEvents);
    count = events.size();
  }
  if (::poll(events.data(), count, -1) < 0) {
    if (errno != EINTR) return system_error("poll", errno);
    return Done{};
  }
  if (events[0].revents != 0) {
    stop_fd = -1;
    FARM_CHECK_OK(first.kill(Ending::kCancelled));
    if (second != nullptr) FARM_CHECK_OK(second->kill(Ending::kCancelled));
  }
  Conversation::Events happened;  // NOLINT: filled next
  std::copy_n(events.begin() + 1, Conversation::kEvents, happened.begin());
  FARM_CHECK_OK(first.handle(happened));
  if (second == nullptr) return Done{};
  std::copy_n(events.begin() + 1 + Conversation::kEvents, Conversation::kEvents, happened.begin());
  return second->handle(happened);
}

Expected<RunOutcome> follow(Conversation conversation, int stop_fd) {
  while (!conversation.ended()) FARM_CHECK_OK(step(conversation, nullptr, stop_fd));
  return conversation.take_outcome();
}

Expected<PairOutcome> follow_pair(Conversation submission, Conversation tester, int stop_fd) {
  while (!submission.ended() || !tester.ended()) {
    FARM_CHECK_OK(step(submission, &tester, stop_fd));
    if (tester.ended()) FARM_CHECK_OK(submission.kill(Ending::kDismissed));
  }
  return PairOutcome{submission.take_outcome(), tester.take_outcome()};
}

}  // namespace

// A launcher that can be asked.
Expected<Done> LinuxSandbox::Seat::be_there(Forkserver& forkserver) {
  if (launcher) return Done{};
  FARM_TRY(StartedLauncher started, forkserver.start_launcher(slot));
  launcher = std::move(started.socket);
  set_up = std::move(started.set_up);
  if (started_before) ++restarts;
  started_before = true;
  return Done{};
}

// After any failure the launcher's state is unknown: a fresh one costs milliseconds, a wrong
// verdict more.

Expected<RunOutcome> LinuxSandbox::run(const RunSpec& spec) {
  const auto run_it = [&]() -> Expected<RunOutcome> {
    FARM_CHECK_OK(own_.be_there(forkserver_));
    FARM_TRY(Conversation conversation,
             Conversation::begin(own_.launcher.get(), ++own_.run_number, spec, {}));
    return follow(std::move(conversation), stop_fd_);
  };
  Expected<RunOutcome> outcome = run_it();
  if (!outcome) own_.launcher.reset();
  return outcome;
}

Expected<RunOutcome> LinuxSandbox::run_turns(const RunSpec& spec, TurnTaker& turns) {
  const auto run_it = [&]() -> Expected<RunOutcome> {
    FARM_CHECK_OK(own_.be_there(forkserver_));
    FARM_TRY(Conversation conversation,
             Conversation::begin_turns(own_.launcher.get(), ++own_.run_number, spec, turns));
    return follow(std::move(conversation), stop_fd_);
  };
  Expected<RunOutcome> outcome = run_it();
  if (!outcome) own_.launcher.reset();
  return outcome;
}

Expected<PairOutcome> LinuxSandbox::run_pair(const RunSpec& submission, const RunSpec& tester) {
  const auto run_them = [&]() -> Expected<PairOutcome> {
    FARM_CHECK_OK(own_.be_there(forkserver_));
    FARM_CHECK_OK(tester_.be_there(forkserver_));
    FARM_TRY(os::Pipe calls, os::make_pipe());
    FARM_TRY(os::Pipe answers, os::make_pipe());
    FARM_TRY(Conversation of_submission,
             Conversation::begin(own_.launcher.get(), ++own_.run_number, submission,
                                 {std::move(calls.read), std::move(answers.write)}));
    FARM_TRY(Conversation of_tester,
             Conversation::begin(tester_.launcher.get(), ++tester_.run_number, tester,
                                 {std::move(answers.read), std::move(calls.write)}));
    return follow_pair(std::move(of_submission), std::move(of_tester), stop_fd_);
  };
  Expected<PairOutcome> outcome = run_them();
  if (!outcome) {
    own_.launcher.reset();
    tester_.launcher.reset();
  }
  return outcome;
}

}  // namespace farm::sandbox
