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
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "grader/os/files.h"
#include "grader/os/unique_fd.h"
#include "grader/sandbox/seccomp_rules.h"

namespace farm::sandbox {
namespace {

class FilterContext {
 public:
  explicit FilterContext(std::uint32_t default_action) : context_(seccomp_init(default_action)) {}
  ~FilterContext() {
    if (context_ != nullptr) seccomp_release(context_);
  }
  FilterContext(const FilterContext&) = delete;
  FilterContext& operator=(const FilterContext&) = delete;
  scmp_filter_ctx get() const { return context_; }

 private:
  scmp_filter_ctx context_;
};

Expected<Done> add(int failed, const char* what) {
  if (failed != 0) return internal_error(std::string("seccomp_rule_add ") + what, -failed);
  return Done{};
}

Expected<Done> rule(const FilterContext& context, const char* name, std::uint32_t action) {
  const int number = seccomp_syscall_resolve_name(name);
  if (number == __NR_SCMP_ERROR) {
    return internal_error(std::string("seccomp: this libseccomp does not know the system call ") +
                          name + "; build with libseccomp 2.5.4 or newer");
  }
  return add(seccomp_rule_add(context.get(), action, number, 0), name);
}

constexpr std::uint32_t kEperm = SCMP_ACT_ERRNO(EPERM);

Expected<Done> deny_namespaces(const FilterContext& context) {
  // clone3 takes its flags by pointer, which a filter cannot read; ENOSYS makes glibc fall back to
  // clone.
  FARM_CHECK_OK(rule(context, "clone3", SCMP_ACT_ERRNO(ENOSYS)));
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
  // READ_IMPLIES_EXEC and the like weaken the process. Left are 0, ADDR_NO_RANDOMIZE (debuggers,
  // sanitizers) and the question 0xffffffff, whose every bit is set: so a bit is refused where the
  // next one is not set, around all bits but ADDR_NO_RANDOMIZE, which leaves none and all.
  std::vector<unsigned long> bits;
  for (unsigned long bit = 1; bit < 0x100000000UL; bit <<= 1U) {
    if (bit != ADDR_NO_RANDOMIZE) bits.push_back(bit);
  }
  const auto refuse = [&context](unsigned long mask, unsigned long value) {
    return add(seccomp_rule_add(context.get(), kEperm, SCMP_SYS(personality), 1,
                                SCMP_A0(SCMP_CMP_MASKED_EQ, mask, value)),
               "personality");
  };
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const unsigned long next = bits[(i + 1) % bits.size()];
    FARM_CHECK_OK(refuse(bits[i] | next, bits[i]));
  }
  return refuse(0xffffffffUL, 0xffffffffUL & ~static_cast<unsigned long>(ADDR_NO_RANDOMIZE));
}

// A core limit of 0 still feeds a core_pattern that is a pipe, that is a program of the host; 1
// does not (core(5); coredump.c). It must not be lowered: doing so succeeds and does nothing.
Expected<Done> keep_core_limit(const FilterContext& context) {
  FARM_CHECK_OK(add(seccomp_rule_add(context.get(), SCMP_ACT_ERRNO(0), SCMP_SYS(setrlimit), 1,
                                     SCMP_A0(SCMP_CMP_MASKED_EQ, 0xffffffffUL, RLIMIT_CORE)),
                    "setrlimit"));
  return add(seccomp_rule_add(context.get(), SCMP_ACT_ERRNO(0), SCMP_SYS(prlimit64), 2,
                              SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffUL, RLIMIT_CORE),
                              SCMP_A2(SCMP_CMP_NE, 0)),
             "prlimit64");
}

Expected<std::vector<sock_filter>> compiled(const FilterContext& context) {
  // Another architecture's numbers (i386, x32) would slip past the rules.
  FARM_CHECK_OK(add(seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS),
                    "bad arch"));
  // A binary tree instead of a list: every system call of the submission pays for its length.
  FARM_CHECK_OK(add(seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2), "optimize"));
  os::UniqueFd file(::memfd_create("seccomp", MFD_CLOEXEC));
  if (!file) return system_error("memfd_create seccomp", errno);
  const int failed = seccomp_export_bpf(context.get(), file.get());
  if (failed != 0) return internal_error("seccomp_export_bpf", -failed);
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return system_error("rewind seccomp", errno);
  FARM_TRY(const std::string bytes, os::read_all(file.get(), mib(1), "seccomp program"));
  std::vector<sock_filter> program(bytes.size() / sizeof(sock_filter));
  std::memcpy(program.data(), bytes.data(), program.size() * sizeof(sock_filter));
  if (program.empty() || program.size() > BPF_MAXINSNS) {
    return internal_error("seccomp program has " + std::to_string(program.size()) +
                          " instructions");
  }
  return program;
}

Expected<std::vector<sock_filter>> only_native_calls() {
  const FilterContext context(SCMP_ACT_ERRNO(ENOSYS));
  if (context.get() == nullptr) return internal_error("seccomp_init");
  for (const Allowed& group : kAllowedNative) {
    for (const char* const* name = group.names; *name != nullptr; ++name) {
      FARM_CHECK_OK(rule(context, *name, SCMP_ACT_ALLOW));
    }
  }
  return compiled(context);
}

// libseccomp has no rules about ranges of system calls. Other architectures and x32 are left to the
// other filter, which kills.
std::vector<sock_filter> only_reviewed_calls() {
  return {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, kNewestReviewed, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
}

Expected<std::vector<sock_filter>> no_denied_calls(Profile profile, MemoryFiles memory_files) {
  const FilterContext context(SCMP_ACT_ALLOW);
  if (context.get() == nullptr) return internal_error("seccomp_init");
  for (const Denied& denied : kDenied) FARM_CHECK_OK(rule(context, denied.name, kEperm));
  if (memory_files == MemoryFiles::kDenied) {
    FARM_CHECK_OK(rule(context, "memfd_create", SCMP_ACT_ERRNO(ENOSYS)));
  }
  FARM_CHECK_OK(deny_namespaces(context));
  FARM_CHECK_OK(deny_terminal_injection(context));
  FARM_CHECK_OK(deny_socket_families(context, profile));
  FARM_CHECK_OK(deny_personalities(context));
  FARM_CHECK_OK(keep_core_limit(context));
  return compiled(context);
}

}  // namespace

Expected<SyscallFilter> build_filter(Profile profile, MemoryFiles memory_files) {
  SyscallFilter filter;
  if (profile == Profile::kNative) {
    FARM_TRY(std::vector<sock_filter> native, only_native_calls());
    filter.programs.push_back(std::move(native));
  } else {
    filter.programs.push_back(only_reviewed_calls());
  }
  // Last: of two errors the kernel returns the one of the filter that was loaded last.
  FARM_TRY(std::vector<sock_filter> denying, no_denied_calls(profile, memory_files));
  filter.programs.push_back(std::move(denying));
  return filter;
}

}  // namespace farm::sandbox
