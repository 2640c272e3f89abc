#include "grader/sandbox/slot_setup.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "grader/sandbox/child.h"
#include "grader/sandbox/identity.h"
#include "grader/sandbox/root_fs.h"

namespace farm::sandbox {
namespace {

// From here on our capabilities are over what we make ourselves, and no longer the host's.
Expected<Done> live_in_user_namespace(int proc_fd) {
  const int error = enter_user_namespace(::getuid(), ::getgid(), proc_fd);
  if (error == 0) return Done{};
  return system_error(
      "user namespace: the kernel refuses one. Look at sysctl user.max_user_namespaces, "
      "kernel.unprivileged_userns_clone and kernel.apparmor_restrict_unprivileged_userns; in a "
      "container, its seccomp profile has to let unshare, clone, mount and pivot_root through, "
      "which Docker's default does not (--security-opt seccomp=unconfined); or start the grader as "
      "root",
      error);
}

// 0, or the errno of mounting a fresh /proc: found out by doing it, in namespaces that end with the
// child.
Expected<int> try_to_mount_proc() {
  const long pid = ::syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0);
  if (pid < 0) return system_error("clone with new pid and mount namespaces", errno);
  if (pid == 0) ::_exit(mount_own_proc());
  int status = 0;
  while (::waitpid(static_cast<pid_t>(pid), &status, 0) < 0) {
    if (errno != EINTR) return system_error("waitpid", errno);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : ECANCELED;
}

}  // namespace

Isolation SlotSetup::isolation() const {
  return !shares_host_uid && has_proc && cgroup_version != 0 ? Isolation::kFull
                                                             : Isolation::kReduced;
}

std::string SlotSetup::description() const {
  std::string text = shares_host_uid ? "user namespaces; all slots share the grader's host uid"
                                     : "a host uid of its own, " + std::to_string(uid);
  if (cgroup_version != 0) {
    text += "; limits by cgroup v" + std::to_string(cgroup_version);
  } else {
    text +=
        "; memory and CPU watched in /proc, processes by RLIMIT_NPROC, since there is no cgroup (" +
        no_cgroups_because + ")";
  }
  return text + (has_proc ? "; /proc of its own"
                          : "; no /proc, since a part of ours is masked (docker run --security-opt "
                            "systempaths=unconfined; Kubernetes procMount: Unmasked)");
}

Expected<SlotSetup> set_up_slot(const LauncherSettings& settings, int slot, int proc_fd) {
  SlotSetup setup;
  setup.cgroup_version = settings.cgroups.version;
  setup.no_cgroups_because = settings.no_cgroups_because;
  RootSettings root = settings.root;
  if (settings.isolation == Isolation::kFull) {
    setup.uid = settings.identities.slot(slot);
    setup.init_uid = settings.identities.init();
    if (settings.zygote) {
      for (auto& [name, content] : zygote_files(*settings.zygote))
        root.private_files.emplace_back(std::string(kZygoteDirectory) + "/" + name,
                                        std::move(content));
    }
  } else {
    FARM_CHECK_OK(live_in_user_namespace(proc_fd));
    setup.shares_host_uid = true;
    setup.uid = setup.init_uid = kInsideUid;
    root.keeps_host_proc = true;
  }
  // One empty network namespace a slot, loopback down: nothing to reach, and nobody else's sockets.
  if (::unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) != 0) {
    return system_error(
        "network, ipc and uts namespaces: the kernel refuses them. They need CAP_SYS_ADMIN, and "
        "sysctl user.max_net_namespaces, max_ipc_namespaces and max_uts_namespaces above 0",
        errno);
  }
  FARM_CHECK_OK(enter_prepared_root(root));
  FARM_TRY(const int proc_error, try_to_mount_proc());
  if (proc_error == 0) return setup;
  if (settings.isolation == Isolation::kFull) {
    return system_error("a fresh /proc cannot be mounted (needs Linux 5.8)", proc_error);
  }
  setup.has_proc = false;
  if (::umount2("/proc", MNT_DETACH) != 0) return system_error("unmount the host's /proc", errno);
  return setup;
}

}  // namespace farm::sandbox
