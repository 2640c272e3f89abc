// Supervision of one running program by its launcher: waits for its end, enforces CPU and wall
// limits, obeys kill orders, and kills the whole tree in every case.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "grader/sandbox/child.h"
#include "grader/sandbox/run_meter.h"
#include "grader/sandbox/run_outcome.h"
#include "grader/sandbox/run_spec.h"
#include "grader/sandbox/stolen_time.h"
#include "schemas/expected.h"

namespace farm::sandbox {

// The supervisor kills at this multiple of a limit and leaves the verdict to classify: a program
// that ends by itself between the limit and the kill was close, and is confirmed by one more run.
inline constexpr double kKillFactor = 1.2;

// Starved or not, no run holds its slot for longer: past this it is killed, and run again.
constexpr Milliseconds longest_wall(Milliseconds limit) {
  return Milliseconds(
             static_cast<std::int64_t>(static_cast<double>(limit.count()) * kKillFactor * 4)) +
         std::chrono::seconds(10);
}

// What the daemon wants of a run; it may be nothing.
struct Order {
  std::optional<Ending> kill;
  bool ends_turn = false;  // its times begin anew
};

// Of one turn, or of the whole run if it was never ordered to end one.
struct TurnTimes {
  Nanoseconds cpu{0};
  Nanoseconds wall{0};  // less `starved`
  Nanoseconds starved{0};
  Nanoseconds forgiven{0};  // not in `cpu`
};

struct SupervisedRun {
  pid_t init_pid = 0;  // as proc_fd knows it
  int init_pidfd = -1;
  int report_fd = -1;  // our end; credentials are passed
  int daemon_fd = -1;  // kill orders arrive here
  int proc_fd = -1;    // the host's /proc
  // Where the program is no child of init: becomes readable at its end.
  int program_pidfd = -1;
  // Then, called once: takes the program, which has ended or is being killed, out of the process
  // table.
  std::function<Expected<Report>()> reap_program;
  std::vector<int> host_cpus;  // that the program may use
  double cpus = 1;             // the run's CPU quota: how fast it can use up its CPU time
  Limits limits;
  // Every second turn is a rest, which has no limit of wall time. What it computes meanwhile is
  // limited all the same.
  bool rests = false;
  // stolen_time.h; a test says what the kernel would.
  Nanoseconds (*ahead_of_ticks)(const std::vector<pid_t>&) = sandbox::ahead_of_ticks;
  // Reads one message from daemon_fd. Error: the daemon is gone.
  std::function<Expected<Order>()> read_order;
  std::function<void(const TurnTimes&)> report_turn;  // answers Order::ends_turn
};

struct SupervisedEnd {
  Ending ending = Ending::kByItself;
  std::optional<Report> exited;  // how the program itself ended, if it did
  std::optional<Report> failed;  // a step that failed before the program ran
  Nanoseconds wall{0};           // of the last turn, less `starved`
  Nanoseconds starved{0};
  Nanoseconds cpu_before{0};  // used in the turns before the last
  Nanoseconds miscounted{0};  // of the last turn: no CPU time, though it was counted as such
  Nanoseconds reaped_cpu{0};  // of all processes, as wait(2) tells it
};

// On return every process of the run is dead and reaped. Errors: kUnavailable (the daemon is gone,
// or the sandbox did not get ready in time), kExhausted.
Expected<SupervisedEnd> supervise(const SupervisedRun& run, RunMeter& meter);

}  // namespace farm::sandbox
