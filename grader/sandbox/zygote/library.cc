// The C side of a zygote, in the interpreter's process: takes the launcher's orders, forks, and
// takes the fork through the privileged steps (child.cc), after which the caller is the program.
// Called by sitecustomize.py alone, from the interpreter's only thread.

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "grader/os/unique_fd.h"
#include "grader/os/unix_socket.h"
#include "grader/sandbox/child.h"
#include "grader/sandbox/zygote/snapshot.h"
#include "grader/sandbox/zygote_protocol.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

extern "C" void* __libc_stack_end;  // NOLINT(readability-identifier-naming): the dynamic linker's

namespace {

using farm::os::Message;
using farm::os::UniqueFd;
using farm::sandbox::ChildPlan;
using farm::sandbox::kZygoteSocket;
using farm::sandbox::ZygoteAnswer;
using farm::sandbox::ZygoteOrder;
using farm::sandbox::ZygoteSetup;

// One a process: an interpreter is a zygote or it is not.
struct State {
  farm::sandbox::SyscallFilter filter;
  ChildPlan plan;
  UniqueFd proc;
  // Of the order that is being carried out.
  std::vector<UniqueFd> fds;
  std::string arguments;
  pid_t program = 0;
};

State& state() {
  static State one;
  return one;
}

void answer(const ZygoteAnswer& what, const std::vector<int>& fds = {}) {
  (void)farm::os::send_message(kZygoteSocket, {reinterpret_cast<const char*>(&what), sizeof what},
                               fds);
}

void fail(int error) { answer({ZygoteAnswer::Kind::kFailed, error, 0, 0}); }

template <typename T>
bool read_head(const std::string& bytes, T& head) {
  if (bytes.size() < sizeof head) return false;
  std::memcpy(&head, bytes.data(), sizeof head);
  return true;
}

bool take_setup() {
  auto message = farm::os::receive_message(kZygoteSocket);
  ZygoteSetup setup;
  if (!message || !*message || !read_head((*message)->bytes, setup) || (*message)->fds.size() != 1)
    return false;
  const char* instructions = (*message)->bytes.data() + sizeof setup;
  for (const std::uint32_t size : setup.filter_sizes) {
    if (size == 0) break;
    std::vector<sock_filter> program(size);
    std::memcpy(program.data(), instructions, size * sizeof(sock_filter));
    instructions += size * sizeof(sock_filter);
    state().filter.programs.push_back(std::move(program));
  }
  state().proc = std::move((*message)->fds[0]);
  ChildPlan& plan = state().plan;
  plan.filter = &state().filter;
  plan.proc_fd = state().proc.get();
  plan.uid = setup.uid;
  plan.cpus.assign(setup.cpus.begin(), setup.cpus.begin() + setup.cpu_count);
  return true;
}

// The descriptors come in the order of ChildPlan.
bool take_order(const ZygoteOrder& order, Message& message) {
  State& own = state();
  own.fds = std::move(message.fds);
  own.arguments = message.bytes.substr(sizeof order);
  ChildPlan& plan = own.plan;
  auto next = own.fds.begin();
  const auto take = [&](bool there) {
    return there && next != own.fds.end() ? (next++)->get() : -1;
  };
  plan.namespaces_fd = take(true);
  plan.report_fd = take(true);
  plan.stdin_fd = take(true);
  plan.stdout_fd = take(true);
  plan.stderr_fd = take(true);
  plan.channel_in_fd = take(order.has_channel != 0);
  plan.channel_out_fd = take(order.has_channel != 0);
  plan.peer_in_fd = take(order.has_peer_in != 0);
  plan.peer_out_fd = take(order.has_peer_out != 0);
  for (int& part : plan.work_fds) part = take(true);
  plan.join_fds.clear();
  for (std::uint32_t i = 0; i < order.join_count; ++i) plan.join_fds.push_back(take(true));
  plan.resource_limits.clear();
  for (std::uint32_t i = 0; i < order.limit_count; ++i)
    plan.resource_limits.push_back({order.limits.at(i).resource, order.limits.at(i).value});
  plan.processes = order.processes;
  return next == own.fds.end() && plan.stderr_fd >= 0;
}

// Threads get stacks of the size that the limit had when the interpreter started
// (pthread_create(3), NOTES).
void adopt_stack_limit(const ChildPlan& plan) {
  for (const ChildPlan::ResourceLimit& limit : plan.resource_limits) {
    pthread_attr_t attributes;
    if (limit.resource != RLIMIT_STACK || ::pthread_attr_init(&attributes) != 0) continue;
    const auto page = static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
    if (::pthread_attr_setstacksize(&attributes, limit.value / page * page) == 0)
      ::pthread_setattr_default_np(&attributes);
    ::pthread_attr_destroy(&attributes);
  }
}

void reap_program() {
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(state().program), &info, WEXITED) != 0) {
    if (errno != EINTR) return fail(errno);
  }
  answer({ZygoteAnswer::Kind::kReaped, 0, info.si_code, info.si_status});
}

}  // namespace

extern "C" {

// All early imports are done. Ends the process if the launcher is gone.
__attribute__((visibility("default"))) void farm_zygote_ready() {
  if (!take_setup()) ::_exit(1);
  farm::sandbox::settle_memory(state().proc.get());
  answer({ZygoteAnswer::Kind::kReady, 0, 0, 0});
}

// Blocks until a fork is ordered; 0: the launcher is gone. What is to be reaped is reaped
// meanwhile.
__attribute__((visibility("default"))) int farm_zygote_wait() {
  while (true) {
    auto message = farm::os::receive_message(kZygoteSocket);
    ZygoteOrder order;
    if (!message || !*message || !read_head((*message)->bytes, order)) return 0;
    if (order.kind == ZygoteOrder::Kind::kReap) {
      reap_program();
    } else if (take_order(order, **message)) {
      return 1;
    } else {
      fail(EINVAL);
    }
  }
}

// 0: the caller is the program now, in its sandbox. Else it still is the zygote, and the launcher
// was told.
__attribute__((visibility("default"))) int farm_zygote_fork() {
  State& own = state();
  // Children are born in the pid namespace of the sandbox, whose init the launcher has started
  // (setns(2); Linux 5.8).
  const pid_t pid = ::setns(own.plan.namespaces_fd, CLONE_NEWPID) == 0 ? ::fork() : -1;
  if (pid == 0) {
    adopt_stack_limit(own.plan);
    farm::sandbox::enter_sandbox(own.plan);
    return 0;
  }
  const int error = errno;
  own.fds.clear();
  if (pid < 0) {
    fail(error);
    return 1;
  }
  own.program = pid;
  const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (pidfd) {
    answer({ZygoteAnswer::Kind::kForked, 0, 0, 0}, {pidfd.get()});
  } else {
    fail(errno);
  }
  return 1;
}

__attribute__((visibility("default"))) const char* farm_zygote_arguments() {
  return state().arguments.c_str();
}

// Whether the interpreter ends because it was told to (sys.exit(), SystemExit), with an exit code
// that only its C code knows: then, and only then, Py_Exit() is among the callers. Words on the
// stack that merely look like that only cost time.
__attribute__((visibility("default"))) int farm_zygote_is_told_to_exit() {
  void* const py_exit = ::dlsym(RTLD_DEFAULT, "Py_Exit");
  Dl_info info{};
  ElfW(Sym)* symbol = nullptr;
  if (py_exit == nullptr ||
      ::dladdr1(py_exit, &info, reinterpret_cast<void**>(&symbol), RTLD_DL_SYMENT) == 0 ||
      symbol == nullptr) {
    return 1;
  }
  const auto begin = reinterpret_cast<std::uintptr_t>(py_exit);
  const auto* word = static_cast<const std::uintptr_t*>(__builtin_frame_address(0));
  const auto* const end = static_cast<const std::uintptr_t*>(__libc_stack_end);
  return std::any_of(
      word, end, [&](std::uintptr_t one) { return one > begin && one <= begin + symbol->st_size; });
}

// Ends the interpreter as an uncaught exception does; returns if that is not how it ends. Arguments
// are borrowed PyObjects.
__attribute__((visibility("default"))) void farm_zygote_end_by(void* type, void* value) {
  const auto set_object =
      reinterpret_cast<void (*)(void*, void*)>(::dlsym(RTLD_DEFAULT, "PyErr_SetObject"));
  const auto print = reinterpret_cast<void (*)()>(::dlsym(RTLD_DEFAULT, "PyErr_Print"));
  if (set_object == nullptr || print == nullptr) return;
  set_object(type, value);
  print();
}

}  // extern "C"
