// The forkserver: a process that the grader starts before its first thread, and which starts and
// replaces launchers for as long as the daemon lives. It keeps the privileges that the daemon gives
// up, and cleans up the cgroups at the end. It has a program of its own (forkserver_main.cc).
#pragma once

#include <mutex>
#include <string>

#include "grader/os/unique_fd.h"
#include "grader/sandbox/launcher.h"
#include "schemas/expected.h"

namespace farm::sandbox {

struct StartedLauncher {
  os::UniqueFd socket;
  Isolation isolation = Isolation::kNone;  // that it set up
  std::string set_up;                      // the same in words, for people
};

// The daemon's end. Thread-safe. The destructor ends the forkserver and with it every launcher and
// every run.
class Forkserver {
 public:
  // Forks and executes. Precondition: this process is single-threaded, and privileged if
  // settings.isolation is kFull.
  static Expected<Forkserver> start(const LauncherSettings& settings);
  Forkserver(Forkserver&& other) noexcept
      : socket_(std::move(other.socket_)), pid_(std::exchange(other.pid_, 0)) {}
  Forkserver& operator=(Forkserver&&) = delete;
  ~Forkserver();

  // A fresh launcher for this slot, after it said that it is ready. One that is still there is
  // killed. Blocks some milliseconds. Errors: what the launcher could not set up;
  // kUnavailable if the forkserver is gone.
  Expected<StartedLauncher> start_launcher(int slot);

 private:
  Forkserver(os::UniqueFd socket, pid_t pid) : socket_(std::move(socket)), pid_(pid) {}
  std::mutex mutex_;
  os::UniqueFd socket_;
  pid_t pid_;
};

// What a grader needs before it can start a forkserver: privileges, kernel features, cgroups. Fills
// `settings.cgroups`, `no_cgroups_because`, `filters`, `host_cpus`. For kReduced, cgroups that
// cannot be had are none; for kFull, an error. Errors: kInternal naming the feature and the remedy.
Expected<Done> prepare_launcher_settings(LauncherSettings& settings);

}  // namespace farm::sandbox
