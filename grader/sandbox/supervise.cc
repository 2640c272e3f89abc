#include "grader/sandbox/supervise.h"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "grader/os/unix_socket.h"
#include "grader/sandbox/starvation.h"
#include "grader/sandbox/stolen_time.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

namespace farm::sandbox {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Nanoseconds kSetupPatience =
    std::chrono::seconds(30);  // a fork on a swamped host; beyond it, try again
constexpr Nanoseconds kShortestWait = Milliseconds(1);
// How long at most nobody looks at the clock: a look that comes late tells that the host stood
// still. What is late by less is the scheduler's.
constexpr Nanoseconds kLook = Milliseconds(100);
constexpr Nanoseconds kLate = Milliseconds(20);
// Longer than a timer tick, with which a thread that runs is charged.
constexpr Nanoseconds kShortPatience = Milliseconds(20);

Nanoseconds scaled(Milliseconds limit, double factor) {
  return Nanoseconds(
      static_cast<std::int64_t>(static_cast<double>(Nanoseconds(limit).count()) * factor));
}

class Supervisor {
 public:
  Supervisor(const SupervisedRun& run, RunMeter& meter)
      : run_(run),
        meter_(meter),
        cpu_kill_(scaled(run.limits.cpu, kKillFactor)),
        wall_kill_(scaled(run.limits.wall, kKillFactor)),
        hard_cap_(longest_wall(run.limits.wall)) {}

  Expected<SupervisedEnd> watch() {
    auto result = wait_for_end();
    auto killed = kill_everything();
    if (!result) return std::move(result).error();
    if (!killed) return std::move(killed).error();
    return end_;
  }

 private:
  Expected<Done> wait_for_end() {
    const Clock::time_point begun = Clock::now();
    while (!finished_) {
      if (!started_ && Clock::now() - begun > kSetupPatience) {
        return unavailable(
            "sandbox: the program was not started within 30 s; the host is overloaded");
      }
      FARM_TRY(const Nanoseconds wait,
               started_ ? check_limits() : Expected<Nanoseconds>(Milliseconds(100)));
      if (finished_) break;
      late_ = late();
      // Who rests may sleep as late as it likes.
      const Nanoseconds until_look = resting_ ? wait : std::min(wait, kLook);
      look_due_ = Clock::now() + until_look;
      FARM_CHECK_OK(wait_for_event(until_look));
    }
    return Done{};
  }

  // Of a run or turn.
  void begin_clock(Clock::time_point now) {
    late_ = Nanoseconds(0);
    started_at_ = look_due_ = now;
  }

  // By how much looks at the clock have come too late in this turn, the next one included.
  Nanoseconds late() const {
    const Nanoseconds now = Clock::now() - look_due_;
    return late_ + (now > kLate ? now : Nanoseconds(0));
  }

  // Ends the run where a limit is passed; else says how long nothing can happen to it.
  Expected<Nanoseconds> check_limits() {
    FARM_TRY(const Nanoseconds total, meter_.cpu_used());
    Nanoseconds used = total - end_.cpu_before;
    if (used >= cpu_kill_) {
      FARM_TRY(const std::vector<pid_t> members, meter_.members());
      note_miscounted(members);
      used -= end_.miscounted;
      if (used >= cpu_kill_) return end_now(Ending::kCpuLimit);
    }
    const std::optional<Nanoseconds> watch = meter_.watch_interval();
    if (watch) {
      FARM_TRY(const RunUsage usage, meter_.usage());
      if (usage.out_of_memory == OutOfMemory::kOwnLimit) return end_now(Ending::kByItself);
    }
    const Nanoseconds elapsed = Clock::now() - started_at_;
    if (!resting_ && elapsed >= wall_kill_) {
      FARM_TRY(std::vector<pid_t> members, meter_.members());
      members.push_back(program_);  // as a zombie it is no member any more
      note_starvation(longest_run_delay(run_.proc_fd, members));
      bool over = wall_had(elapsed) >= wall_kill_;
      if (!over) waiting_.reset();
      const bool unclear = over && ends_or_waits(members);
      if (over && !unclear) {  // what it waited meanwhile is counted now
        note_starvation(longest_run_delay(run_.proc_fd, members));
        over = wall_had(elapsed) >= wall_kill_;
      }
      if (over && !unclear) return end_now(Ending::kWallLimit);
      if (elapsed >= hard_cap_) return end_now(Ending::kStarved);
      if (unclear) return kShortPatience;
    }
    const auto cpu_left = Nanoseconds(
        static_cast<std::int64_t>(static_cast<double>((cpu_kill_ - used).count()) / run_.cpus));
    const Nanoseconds wall_left = resting_ ? wall_kill_ : wall_kill_ - wall_had(elapsed);
    return std::max(kShortestWait, std::min({cpu_left, wall_left, watch.value_or(wall_left)}));
  }

  // Whether the program has ended and its init had no CPU yet to say so, or some thread has waited
  // for a CPU ever since it was seen here first: the kernel will count that when it is over.
  bool ends_or_waits(const std::vector<pid_t>& members) {
    if (has_ended(run_.proc_fd, program_)) return true;
    const Runnable now = runnable_threads(run_.proc_fd, members);
    waiting_ = waiting_ ? still_waiting(*waiting_, now) : now;
    return !waiting_->empty();
  }

  Expected<Nanoseconds> end_now(Ending ending) {
    end_.ending = ending;
    note_end();
    return Nanoseconds(0);
  }

  Expected<Done> wait_for_event(Nanoseconds wait) {
    std::array<pollfd, 5> events = {
        pollfd{run_.report_fd, POLLIN, 0}, pollfd{run_.daemon_fd, POLLIN, 0},
        pollfd{run_.init_pidfd, POLLIN, 0},
        pollfd{meter_.out_of_memory_fd(), POLLIN, 0},  // -1 is ignored by poll(2)
        pollfd{run_.program_pidfd, POLLIN, 0}};
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wait);
    const timespec timeout{seconds.count(), (wait - seconds).count()};
    if (::ppoll(events.data(), events.size(), &timeout, nullptr) < 0 && errno != EINTR) {
      return system_error("ppoll", errno);
    }
    if (events[0].revents != 0) FARM_CHECK_OK(read_report());
    if (!finished_ && events[1].revents != 0) {
      FARM_TRY(const Order order, run_.read_order());
      if (order.kill) (void)end_now(*order.kill);
      if (order.ends_turn && started_) FARM_CHECK_OK(end_turn());
    }
    if (!finished_ && events[3].revents != 0) FARM_CHECK_OK(note_out_of_memory());
    // Not before its last report was read: an end without one is that of a step that failed.
    if (!finished_ && events[4].revents != 0 && events[0].revents == 0) FARM_CHECK_OK(note_exit());
    if (!finished_ && events[2].revents != 0 && events[0].revents == 0) {
      return unavailable("sandbox: its init process was killed by the host");
    }
    return Done{};
  }

  // What ran out above may have left the run whole, and then it goes on.
  Expected<Done> note_out_of_memory() {
    FARM_TRY(const RunUsage usage, meter_.usage());
    const OutOfMemory cause = usage.out_of_memory;
    if (cause == OutOfMemory::kOwnLimit || cause == OutOfMemory::kKilledAbove)
      (void)end_now(Ending::kByItself);
    return Done{};
  }

  Expected<Done> read_report() {
    FARM_TRY(std::optional<os::Message> message, os::receive_message(run_.report_fd));
    Report report;
    if (!message || message->bytes.size() != sizeof report) {
      return unavailable("sandbox: its init process ended without a word");
    }
    std::memcpy(&report, message->bytes.data(), sizeof report);
    switch (report.kind) {
      case Report::Kind::kReady:
        program_ = message->sender_pid;
        started_ = true;
        begin_clock(Clock::now());
        // What it waited before it was the program is not the program's.
        delay_before_ = longest_run_delay(run_.proc_fd, {program_});
        init_delay_before_ = longest_run_delay(run_.proc_fd, {run_.init_pid});
        stolen_before_ = stolen_so_far(run_.proc_fd, run_.host_cpus);
        return Done{};
      case Report::Kind::kFailed:
        end_.failed = report;
        break;
      case Report::Kind::kExited:
        end_.exited = report;
        note_starvation(longest_run_delay(run_.proc_fd, {program_}));
        // Its init was ready to say so, and had no CPU either; or it waited while the program
        // slept.
        init_waited_ = longest_run_delay(run_.proc_fd, {run_.init_pid}) - init_delay_before_;
        break;
    }
    note_end();
    if (end_.exited) FARM_CHECK_OK(check_cpu_time({program_}));  // a zombie still tells
    return Done{};
  }

  // Of a program that is no child of init.
  Expected<Done> note_exit() {
    if (!started_) return unavailable("sandbox: the program ended before it began");
    note_starvation(longest_run_delay(run_.proc_fd, {program_}));
    note_end();
    FARM_CHECK_OK(check_cpu_time({program_}));  // a zombie still tells
    FARM_TRY(end_.exited, reap());
    return Done{};
  }

  Expected<Report> reap() {
    reaped_ = true;
    return run_.reap_program();
  }

  // The times so far are told, and begin anew.
  Expected<Done> end_turn() {
    FARM_TRY(const Nanoseconds total, meter_.cpu_used());
    FARM_TRY(const std::vector<pid_t> members, meter_.members());
    const Nanoseconds delay = longest_run_delay(run_.proc_fd, members);
    note_starvation(delay);
    const Clock::time_point now = Clock::now();
    const Nanoseconds wall = wall_had(now - started_at_);
    if (!resting_ && tells_nothing(now - started_at_, wall)) {
      (void)end_now(Ending::kStarved);
      return Done{};
    }
    if (run_.rests) resting_ = !resting_;
    FARM_CHECK_OK(check_cpu_time(members));
    run_.report_turn(
        {total - end_.cpu_before - end_.miscounted, wall, end_.starved, end_.miscounted});
    end_.cpu_before = total;
    end_.starved = end_.miscounted = Nanoseconds(0);
    delay_before_ = delay;
    stolen_before_ = stolen_so_far(run_.proc_fd, run_.host_cpus);
    stood_still_ = false;
    waiting_.reset();
    ahead_before_ = run_.ahead_of_ticks(members);
    begin_clock(now);
    return Done{};
  }

  // Of a turn or run that ended by itself: whether all is CPU time that was counted matters only
  // above the limit.
  Expected<Done> check_cpu_time(const std::vector<pid_t>& members) {
    FARM_TRY(const Nanoseconds total, meter_.cpu_used());
    if (total - end_.cpu_before > run_.limits.cpu) note_miscounted(members);
    return Done{};
  }

  Nanoseconds stolen() const {
    return stolen_so_far(run_.proc_fd, run_.host_cpus) - stolen_before_;
  }

  void note_miscounted(const std::vector<pid_t>& members) {
    end_.miscounted = std::max(end_.miscounted,
                               miscounted(stolen(), run_.ahead_of_ticks(members) - ahead_before_));
  }

  void note_starvation(Nanoseconds delay) {
    end_.starved = std::max(end_.starved, delay - delay_before_);
  }

  // The wall time that counts. Where the host stood still, which only a look at the limit or past
  // it asks, what was lost by that does not either: who sleeps has all of its limit besides.
  Nanoseconds wall_had(Nanoseconds elapsed) {
    Nanoseconds lost = end_.starved;
    if (elapsed - lost > run_.limits.wall) {
      const Expected<Nanoseconds> total = meter_.cpu_used();
      const Nanoseconds used = total ? *total - end_.cpu_before : Nanoseconds(0);
      const Nanoseconds lost_here = lost_to_theft(stolen(), late(), used, elapsed);
      stood_still_ = stood_still_ || stood_still(lost_here, elapsed);
      if (stood_still_) lost = std::max(lost, lost_here);
    }
    return std::max(Nanoseconds(0), elapsed - lost);
  }

  // Of a run or turn that ended late on a host that stood still: whether it would have ended in
  // time, nobody can say.
  bool tells_nothing(Nanoseconds elapsed, Nanoseconds had) const {
    return elapsed - end_.starved > run_.limits.wall && had <= run_.limits.wall;
  }

  void note_end() {
    finished_ = true;
    if (!started_) return;
    const Nanoseconds elapsed = Clock::now() - started_at_;
    end_.wall = wall_had(elapsed);
    const bool late_by_init =
        end_.wall > run_.limits.wall && end_.wall - init_waited_ <= run_.limits.wall;
    if (end_.ending == Ending::kByItself && (late_by_init || tells_nothing(elapsed, end_.wall))) {
      end_.ending = Ending::kStarved;
    }
  }

  // The end of pid 1 is the end of its whole namespace: the kernel kills every process in it and
  // reaps them before init itself can be reaped. Source: pid_namespaces(7), "The namespace init
  // process".
  // Errors: those of reap_program.
  Expected<Done> kill_everything() {
    ::syscall(SYS_pidfd_send_signal, run_.init_pidfd, SIGKILL, nullptr, 0);
    Expected<Done> reaped = Done{};
    if (run_.program_pidfd >= 0 && !reaped_) {
      if (auto report = reap(); !report) reaped = std::move(report).error();
    }
    // The raw call, unlike waitid(3), tells the resources used (waitid(2), "C library/kernel
    // differences"): of init and of everything that it or the kernel reaped in its namespace.
    siginfo_t info{};
    rusage used{};
    while (::syscall(SYS_waitid, P_PIDFD, run_.init_pidfd, &info, WEXITED | __WALL, &used) != 0) {
      if (errno != EINTR) return reaped;
    }
    const auto time = [](const timeval& value) {
      return std::chrono::seconds(value.tv_sec) + Microseconds(value.tv_usec);
    };
    end_.reaped_cpu = time(used.ru_utime) + time(used.ru_stime);
    return reaped;
  }

  const SupervisedRun& run_;
  RunMeter& meter_;
  const Nanoseconds cpu_kill_, wall_kill_, hard_cap_;
  SupervisedEnd end_;
  bool started_ = false;
  bool finished_ = false;
  bool reaped_ = false;
  bool stood_still_ = false;  // in this turn
  bool resting_ = false;
  pid_t program_ = 0;
  Clock::time_point started_at_, look_due_;
  Nanoseconds late_{0};  // of the looks before the next
  Nanoseconds delay_before_{0}, init_delay_before_{0}, init_waited_{0};
  Nanoseconds stolen_before_{0}, ahead_before_{0};
  std::optional<Runnable> waiting_;  // since the wall limit was met
};

}  // namespace

Expected<SupervisedEnd> supervise(const SupervisedRun& run, RunMeter& meter) {
  return Supervisor(run, meter).watch();
}

}  // namespace farm::sandbox
