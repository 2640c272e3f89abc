#include "grader/sandbox/seccomp.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "grader/os/files.h"
#include "grader/os/unique_fd.h"

namespace farm::sandbox {
namespace {

struct Denied {
  const char* name;
  const char* because;
};

// EPERM: what probing libraries expect from a system call they may not use.
constexpr Denied kDenied[] = {
    {"keyctl", "keyrings outlive the run and are shared by uid"},
    {"add_key", "as keyctl"},
    {"request_key", "as keyctl"},
    {"bpf", "kernel attack surface; loads code into the kernel"},
    {"perf_event_open", "kernel attack surface; sees other processes' timing"},
    {"userfaultfd", "makes kernel races easy to win"},
    {"io_uring_setup", "a second system call interface that no filter sees"},
    {"io_uring_enter", "as io_uring_setup"},
    {"io_uring_register", "as io_uring_setup"},
    {"kexec_load", "replaces the kernel"},
    {"kexec_file_load", "replaces the kernel"},
    {"init_module", "loads code into the kernel"},
    {"finit_module", "loads code into the kernel"},
    {"delete_module", "unloads code from the kernel"},
    {"mount", "could uncover what a mount hides"},
    {"umount2", "as mount"},
    {"pivot_root", "could leave the prepared root"},
    {"chroot", "could leave the prepared root"},
    {"open_tree", "as mount, by descriptor"},
    {"move_mount", "as mount, by descriptor"},
    {"fsopen", "as mount, by descriptor"},
    {"fsconfig", "as mount, by descriptor"},
    {"fsmount", "as mount, by descriptor"},
    {"fspick", "as mount, by descriptor"},
    {"mount_setattr", "could make a read-only mount writable"},
    {"setns", "enters other namespaces"},
    {"unshare", "a new user namespace gives capabilities over new kernel objects"},
    {"open_by_handle_at", "opens files by inode, past every path check"},
    {"name_to_handle_at", "as open_by_handle_at"},
    {"ptrace", "reads and writes other processes of the same uid"},
    {"process_vm_readv", "as ptrace"},
    {"process_vm_writev", "as ptrace"},
    {"process_madvise", "acts on other processes"},
    {"pidfd_getfd", "takes descriptors of other processes"},
    {"kcmp", "leaks kernel pointers' order"},
    {"modify_ldt", "kernel attack surface that no runtime here needs"},
    {"iopl", "port access"},
    {"ioperm", "port access"},
    {"reboot", "stops the host"},
    {"swapon", "host memory management"},
    {"swapoff", "host memory management"},
    {"acct", "writes the host's accounting"},
    {"syslog", "reads the kernel log"},
    {"settimeofday", "the clock belongs to the host"},
    {"clock_settime", "the clock belongs to the host"},
    {"clock_adjtime", "the clock belongs to the host"},
    {"adjtimex", "the clock belongs to the host"},
    {"quotactl", "changes quotas"},
    {"quotactl_fd", "changes quotas"},
    {"lookup_dcookie", "leaks paths of other namespaces"},
    {"fanotify_init", "watches whole mounts"},
    {"vhangup", "acts on terminals"},
    {"nfsservctl", "kernel attack surface"},
    {"move_pages", "reveals and changes page placement of others"},
    {"migrate_pages", "as move_pages"},
    {"mbind", "binds memory, which starves others"},
    {"set_mempolicy", "as mbind"},
    {"vmsplice", "a history of page reference bugs"},
    {"sethostname", "belongs to the sandbox's maker"},
    {"setdomainname", "belongs to the sandbox's maker"},
    {"shmget", "System V memory escapes per-process limits"},
    {"shmat", "as shmget"},
    {"msgget", "a queue outlives its process"},
    {"semget", "outlives its process"},
    {"mq_open", "a queue outlives its process"},
    {"memfd_secret", "memory that the supervisor cannot account or dump"},
};

// Families a submission may open. All of them end inside the slot's own empty network namespace.
constexpr int kAllowedFamilies[] = {AF_UNIX, AF_INET, AF_INET6};

class FilterContext {
 public:
  FilterContext() : context_(seccomp_init(SCMP_ACT_ALLOW)) {}
  ~FilterContext() {
    if (context_ != nullptr) seccomp_release(context_);
  }
  FilterContext(const FilterContext&) = delete;
  FilterContext& operator=(const FilterContext&) = delete;
  scmp_filter_ctx get() const { return context_; }

 private:
  scmp_filter_ctx context_;
};

Expected<Done> deny(const FilterContext& context, const char* name, int error) {
  const int number = seccomp_syscall_resolve_name(name);
  if (number == __NR_SCMP_ERROR) {
    return internal_error(std::string("seccomp: this libseccomp does not know the system call ") +
                          name + "; build with libseccomp 2.5.4 or newer");
  }
  const int failed =
      seccomp_rule_add(context.get(), SCMP_ACT_ERRNO(static_cast<unsigned>(error)), number, 0);
  if (failed != 0) return internal_error(std::string("seccomp_rule_add ") + name, -failed);
  return Done{};
}

Expected<Done> add(int failed, const char* what) {
  if (failed != 0) return internal_error(std::string("seccomp_rule_add ") + what, -failed);
  return Done{};
}

constexpr std::uint32_t kEperm = SCMP_ACT_ERRNO(EPERM);

Expected<Done> deny_namespaces(const FilterContext& context) {
  // clone3 takes its flags by pointer, which a filter cannot read; ENOSYS makes glibc fall back to
  // clone.
  FARM_CHECK_OK(deny(context, "clone3", ENOSYS));
  for (const unsigned long flag : {0x10000000UL /* CLONE_NEWUSER */, 0x00020000UL /* CLONE_NEWNS */,
                                   0x20000000UL /* CLONE_NEWPID */, 0x40000000UL /* CLONE_NEWNET */,
                                   0x08000000UL /* CLONE_NEWIPC */, 0x04000000UL /* CLONE_NEWUTS */,
                                   0x02000000UL /* CLONE_NEWCGROUP */}) {
    FARM_CHECK_OK(add(seccomp_rule_add(context.get(), kEperm, SCMP_SYS(clone), 1,
                                       SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag)),
                      "clone"));
  }
  return Done{};
}

Expected<Done> deny_terminal_injection(const FilterContext& context) {
  // TIOCSTI types into the terminal of whoever started us (CVE-2017-5226); TIOCLINUX does so on
  // consoles. Only the low 32 bits count: the kernel ignores the rest (the class of
  // CVE-2019-10063).
  for (const unsigned long request :
       {static_cast<unsigned long>(TIOCSTI), 0x541CUL /* TIOCLINUX */}) {
    FARM_CHECK_OK(add(seccomp_rule_add(context.get(), kEperm, SCMP_SYS(ioctl), 1,
                                       SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffUL, request)),
                      "ioctl"));
  }
  return Done{};
}

Expected<Done> deny_socket_families(const FilterContext& context, Profile profile) {
  // An allow list of families written as equalities on every other one up to AF_MAX, because rules
  // of one system call must not conflict with the default action. AF_VSOCK and AF_ALG among them
  // reach the hypervisor and kernel crypto.
  for (unsigned long family = 0; family < 64; ++family) {
    bool allowed = false;
    for (const int known : kAllowedFamilies)
      allowed = allowed || family == static_cast<unsigned long>(known);
    if (allowed) continue;
    if (family == AF_NETLINK && profile == Profile::kManaged) {
      // Node's os.networkInterfaces() throws without NETLINK_ROUTE; in an empty network namespace
      // it tells nothing.
      FARM_CHECK_OK(
          add(seccomp_rule_add(context.get(), SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 2,
                               SCMP_A0(SCMP_CMP_EQ, family), SCMP_A2(SCMP_CMP_NE, NETLINK_ROUTE)),
              "socket"));
      continue;
    }
    FARM_CHECK_OK(add(seccomp_rule_add(context.get(), SCMP_ACT_ERRNO(EAFNOSUPPORT),
                                       SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, family)),
                      "socket"));
  }
  return add(seccomp_rule_add(context.get(), SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
                              SCMP_A0(SCMP_CMP_GE, 64UL)),
             "socket");
}

Expected<Done> deny_personalities(const FilterContext& context) {
  // READ_IMPLIES_EXEC and the like weaken the process; only "none" and "no ASLR" (debuggers,
  // sanitizers) are left. The query value 0xffffffff has every bit set and is refused too, which
  // its callers take for "unknown".
  for (unsigned long bit = 1; bit < 0x100000000UL; bit <<= 1U) {
    if (bit == ADDR_NO_RANDOMIZE) continue;
    FARM_CHECK_OK(add(seccomp_rule_add(context.get(), kEperm, SCMP_SYS(personality), 1,
                                       SCMP_A0(SCMP_CMP_MASKED_EQ, bit, bit)),
                      "personality"));
  }
  return Done{};
}

}  // namespace

Expected<SyscallFilter> build_filter(Profile profile) {
  const FilterContext context;
  if (context.get() == nullptr) return internal_error("seccomp_init");
  // Another architecture's numbers (i386, x32) would slip past the rules.
  FARM_CHECK_OK(add(seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS),
                    "bad arch"));
  // A binary tree instead of a list: every system call of the submission pays for its length.
  FARM_CHECK_OK(add(seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2), "optimize"));
  for (const Denied& denied : kDenied) FARM_CHECK_OK(deny(context, denied.name, EPERM));
  FARM_CHECK_OK(deny_namespaces(context));
  FARM_CHECK_OK(deny_terminal_injection(context));
  FARM_CHECK_OK(deny_socket_families(context, profile));
  FARM_CHECK_OK(deny_personalities(context));

  os::UniqueFd file(::memfd_create("seccomp", MFD_CLOEXEC));
  if (!file) return system_error("memfd_create seccomp", errno);
  const int failed = seccomp_export_bpf(context.get(), file.get());
  if (failed != 0) return internal_error("seccomp_export_bpf", -failed);
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return system_error("rewind seccomp", errno);
  FARM_TRY(const std::string bytes, os::read_all(file.get(), mib(1), "seccomp program"));
  SyscallFilter filter;
  filter.program.resize(bytes.size() / sizeof(sock_filter));
  std::memcpy(filter.program.data(), bytes.data(), filter.program.size() * sizeof(sock_filter));
  if (filter.program.empty() || filter.program.size() > BPF_MAXINSNS) {
    return internal_error("seccomp program has " + std::to_string(filter.program.size()) +
                          " instructions");
  }
  return filter;
}

int load_filter(const SyscallFilter& filter) {
  const sock_fprog program{static_cast<unsigned short>(filter.program.size()),
                           const_cast<sock_filter*>(filter.program.data())};
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0 ? 0 : errno;
}

}  // namespace farm::sandbox
