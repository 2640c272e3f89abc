#include "grader/sandbox/forkserver_process.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>

#include "grader/os/unix_socket.h"

namespace farm::sandbox {
namespace {

void end_launcher(pid_t pid) {
  ::kill(pid, SIGKILL);  // its runs die with it (PR_SET_PDEATHSIG of their init)
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

void serve_as_forkserver(os::UniqueFd socket, const LauncherSettings& settings) {
  ::prctl(PR_SET_NAME, "farm-forkserver");
  // A terminal's Ctrl-C reaches the whole process group; the daemon alone decides when we end, by
  // closing the socket.
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGTERM, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);
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

}  // namespace farm::sandbox
