#include "grader/sandbox/forkserver.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

#include "grader/os/unix_socket.h"
#include "grader/sandbox/launch_protocol.h"

namespace farm::sandbox {
namespace {

void end_launcher(pid_t pid) {
  ::kill(pid, SIGKILL);  // its runs die with it (PR_SET_PDEATHSIG of their init)
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

[[noreturn]] void serve_as_forkserver(os::UniqueFd socket, const LauncherSettings& settings) {
  ::prctl(PR_SET_NAME, "farm-forkserver");
  // A terminal's Ctrl-C reaches the whole process group; the daemon alone decides when we end, by
  // closing the socket.
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGTERM, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);
  // What the daemon had open before it forked us is none of our business, nor of any launcher.
  const auto kept = static_cast<unsigned>(socket.get());
  if (kept > 3) ::syscall(SYS_close_range, 3U, kept - 1, 0);  // Linux 5.9
  ::syscall(SYS_close_range, std::max(kept, 2U) + 1, ~0U, 0);
  std::map<int, pid_t> launchers;
  while (true) {
    auto message = os::receive_message(socket.get());
    int slot = 0;
    if (!message || !*message || (*message)->bytes.size() != sizeof slot) break;
    std::memcpy(&slot, (*message)->bytes.data(), sizeof slot);
    if (const auto old = launchers.find(slot); old != launchers.end()) {
      end_launcher(old->second);
      launchers.erase(old);
    }
    auto pair = os::make_message_socket_pair();
    if (!pair) {
      (void)os::send_message(socket.get(), pair.error().text());
      continue;
    }
    const pid_t pid = ::fork();
    if (pid == 0) {
      socket.reset();
      pair->first.reset();
      serve_as_launcher(std::move(pair->second), slot, settings);
    }
    if (pid < 0) {
      (void)os::send_message(socket.get(), "fork a launcher: " + std::string(std::strerror(errno)));
      continue;
    }
    launchers[slot] = pid;
    if (!os::send_message(socket.get(), "ok", {pair->first.get()})) break;
  }
  for (const auto& [slot, pid] : launchers) end_launcher(pid);
  remove_cgroups(settings.cgroups, settings.owner);
  ::_exit(0);
}

}  // namespace

Expected<Forkserver> Forkserver::start(LauncherSettings settings) {
  FARM_TRY(auto pair, os::make_message_socket_pair());
  const pid_t pid = ::fork();
  if (pid < 0) return system_error("fork the forkserver", errno);
  if (pid == 0) {
    pair.first.reset();
    serve_as_forkserver(std::move(pair.second), settings);
  }
  return Forkserver(std::move(pair.first), pid);
}

Forkserver::~Forkserver() {
  if (pid_ == 0) return;
  socket_.reset();
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Expected<StartedLauncher> Forkserver::start_launcher(int slot) {
  const std::lock_guard lock(mutex_);
  FARM_CHECK_OK(
      os::send_message(socket_.get(), {reinterpret_cast<const char*>(&slot), sizeof slot}));
  FARM_TRY(std::optional<os::Message> answer, os::receive_message(socket_.get()));
  if (!answer) return unavailable("the forkserver is gone: restart the grader");
  if (answer->fds.size() != 1) return unavailable("forkserver: " + answer->bytes);
  os::UniqueFd launcher = std::move(answer->fds[0]);
  FARM_TRY(const std::optional<os::Message> greeting, os::receive_message(launcher.get()));
  LaunchReply reply;
  if (!greeting || greeting->bytes.size() < sizeof reply)
    return unavailable("the launcher ended while starting");
  std::memcpy(&reply, greeting->bytes.data(), sizeof reply);
  if (reply.kind != LaunchReply::Kind::kStarted) {
    return Error{reply.error_code, "launcher: " + greeting->bytes.substr(sizeof reply),
                 reply.error_errno};
  }
  return StartedLauncher{std::move(launcher), reply.isolation,
                         greeting->bytes.substr(sizeof reply)};
}

namespace {

Expected<Done> own_cgroups(LauncherSettings& settings) {
  FARM_TRY(settings.cgroups, discover_cgroup_layout());
  remove_stale_cgroups(settings.cgroups);
  return prepare_cgroups(settings.cgroups, settings.owner);
}

}  // namespace

Expected<Done> prepare_launcher_settings(LauncherSettings& settings) {
  const bool full = settings.isolation == Isolation::kFull;
  if (full && ::geteuid() != 0) {
    return internal_error(
        "sandbox: isolation 'full' needs root (CAP_SYS_ADMIN, CAP_SETUID, CAP_SYS_RESOURCE) to set "
        "up namespaces, uids and cgroups; start the grader as root: its daemon drops privileges "
        "after start; or accept --isolation reduced");
  }
  if (!full && ::geteuid() == 0) {
    return internal_error(
        "sandbox: isolation 'reduced' must not run submissions as the host's root");
  }
  if (auto had = own_cgroups(settings); !had) {
    if (full) return had;
    settings.cgroups = CgroupLayout();
    settings.no_cgroups_because = had.error().text();
  }
  const MemoryFiles memory_files =
      settings.cgroups.version != 0 ? MemoryFiles::kAllowed : MemoryFiles::kDenied;
  for (const Profile profile : {Profile::kNative, Profile::kManaged, Profile::kCompile}) {
    FARM_TRY(settings.filters[profile], build_filter(profile, memory_files));
  }
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0)
    return system_error("sched_getaffinity", errno);
  settings.host_cpus.clear();
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(static_cast<unsigned>(cpu), &set)) settings.host_cpus.push_back(cpu);
  }
  return Done{};
}

}  // namespace farm::sandbox
