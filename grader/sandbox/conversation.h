// Conversation: one run in progress, seen from the daemon. Drains the program's output while it
// runs and puts its outcome together from what the launcher says. linux_sandbox.h has the theory of
// operation; this has no thread of its own, and poll(2) is its caller's.
#pragma once

#include <poll.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "grader/os/unique_fd.h"
#include "grader/os/unix_socket.h"
#include "grader/sandbox/host_pressure.h"
#include "grader/sandbox/launch_protocol.h"
#include "grader/sandbox/run_outcome.h"
#include "grader/sandbox/run_spec.h"
#include "grader/sandbox/sandbox.h"
#include "schemas/expected.h"

namespace farm::sandbox {

// The reading end of one of the program's pipes. Keeps at most `cap` bytes, counts all, never
// blocks.
class Drain {
 public:
  Drain() = default;
  Drain(os::UniqueFd fd, Bytes cap);

  int fd() const { return fd_.get(); }  // -1 after the end of file
  std::int64_t total() const { return total_; }
  bool over_cap() const { return total_ > static_cast<std::int64_t>(cap_); }
  std::string take() { return std::move(kept_); }
  std::int64_t start_anew();  // counting and keeping; returns the count until now

  void drain();         // what is there now
  void drain_to_end();  // blocks until every writer is gone

 private:
  os::UniqueFd fd_;
  std::size_t cap_ = 0;
  std::string kept_;
  std::int64_t total_ = 0;
};

// The program's side of a peer's two pipes.
struct PeerEnds {
  os::UniqueFd in;
  os::UniqueFd out;
};

class Conversation {
 public:
  // Has `launcher` (not owned; must outlive this) run `spec` (likewise), and returns at once. The
  // peer's ends are handed over where there are any. Errors: the host lacks descriptors or memory
  // (kExhausted); the launcher is gone (kUnavailable).
  static Expected<Conversation> begin(int launcher, std::uint32_t run_number, const RunSpec& spec,
                                      PeerEnds peer);
  // The same with this process as the peer. `turns` is borrowed for as long as this lives. Where
  // spec.rests, the program speaks first, and is told something only after resume().
  static Expected<Conversation> begin_turns(int launcher, std::uint32_t run_number,
                                            const RunSpec& spec, TurnTaker& turns);

  static constexpr std::size_t kEvents = 5;
  using Events = std::array<pollfd, kEvents>;
  Events events() const;  // to wait for
  // Deals with what happened. Errors: those of Sandbox::run(); the launcher's state is unknown
  // then.
  Expected<Done> handle(const Events& happened);
  bool ended() const { return ended_; }

  // Whether it is the launcher's turn to say something, which it does at once.
  bool awaits_launcher() const { return awaiting_times_ || resuming_; }

  // Of a program that rests: whether it does, and the end of that.
  bool is_resting() const { return resting_ && !kill_sent_ && !ended_; }
  // Precondition: is_resting(). Its next turn begins. Errors: kUnavailable.
  Expected<Done> resume();

  // Orders the run killed, once; nothing happens if it has ended meanwhile. Errors: kUnavailable.
  Expected<Done> kill(Ending reason);

  // After ended(): reads the pipes to their end and returns all that is known.
  RunOutcome take_outcome();

 private:
  Conversation(int launcher, std::uint32_t number, const RunSpec& spec)
      : launcher_(launcher), number_(number), spec_(&spec) {}

  bool over_output_limit() const;
  Expected<Done> read_reply();
  void begin_turn();
  Expected<Done> exchange(short events);
  Expected<Done> note_answer();
  Expected<Done> order_turn();  // the turn's times are told, and begin anew
  Expected<Done> end_turn(const LaunchReply& reply);
  Expected<Done> keep_file(std::string_view text, const std::vector<os::UniqueFd>& fds);
  void keep_ending(const LaunchReply& reply);

  int launcher_;
  std::uint32_t number_;
  const RunSpec* spec_;
  std::array<Drain, 3> drains_;  // stdout, stderr, channel
  RunOutcome outcome_;
  Microseconds stalled_before_ = time_stalled_on_cpu_or_io();  // the host's, when the run began
  // Where there are turns.
  TurnTaker* turns_ = nullptr;
  os::UniqueFd peer_;
  std::string to_send_, received_;
  bool awaiting_times_ = false;
  bool resting_ = false;
  bool resuming_ = false;  // the launcher has yet to begin the turn
  bool hung_up_ = false;
  bool answered_too_much_ = false;  // and may have ended by itself before it was killed for it

  bool kill_sent_ = false;
  bool ended_ = false;
};

}  // namespace farm::sandbox
