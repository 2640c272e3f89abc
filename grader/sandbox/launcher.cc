#include "grader/sandbox/launcher.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <optional>

#include "grader/os/files.h"
#include "grader/os/unix_socket.h"
#include "grader/sandbox/child.h"
#include "grader/sandbox/environment.h"
#include "grader/sandbox/launch_protocol.h"
#include "grader/sandbox/process_tree.h"
#include "grader/sandbox/slot_setup.h"
#include "grader/sandbox/supervise.h"
#include "grader/sandbox/zygote.h"

namespace farm::sandbox {
namespace {

constexpr rlim_t kProcessBackstop = 64;

// Descriptors of one run, in the order of LaunchCommand.
struct RunDescriptors {
  os::UniqueFd payload, stdin_file, stdout_pipe, stderr_pipe, channel_in, channel_out, peer_in,
      peer_out;
};

template <typename T>
std::string_view as_bytes(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

class Launcher {
 public:
  Launcher(os::UniqueFd socket, int slot, const LauncherSettings& settings)
      : socket_(std::move(socket)), slot_(slot), settings_(settings) {}

  // Once in a launcher's life, before the first run.
  Expected<Done> set_up() {
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return system_error("PR_SET_PDEATHSIG", errno);
    become_second_victim();
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGCHLD, SIG_DFL);
    ::signal(SIGINT, SIG_IGN);  // of a terminal's process group: the daemon decides when to stop
    ::signal(SIGTERM, SIG_IGN);
    proc_ = os::UniqueFd(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!proc_) return system_error("open /proc", errno);
    if (settings_.cgroups.version != 0) {
      FARM_TRY(cgroup_, SlotCgroup::create(settings_.cgroups, settings_.owner, slot_));
    }
    FARM_TRY(setup_, set_up_slot(settings_, slot_, proc_.get()));
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)  // a change of identity cleared it (prctl(2))
      return system_error("PR_SET_PDEATHSIG", errno);
    // Where its programs run: what holds up their sleep holds up the supervisor's (stolen_time.h).
    if (const int error = set_cpu_affinity(visible_cpus()); error != 0)
      return system_error("sched_setaffinity", error);
    return Done{};
  }

  void announce(const Expected<Done>& ready) {
    if (!ready) return reply_failed(ready.error());
    LaunchReply reply;
    reply.kind = LaunchReply::Kind::kStarted;
    reply.isolation = setup_.isolation();
    send(reply, setup_.description(), {});
  }

  void serve() {
    while (true) {
      auto message = os::receive_message(socket_.get());
      if (!message || !*message) return;  // the daemon is gone
      LaunchCommand command;
      if ((*message)->bytes.size() != sizeof command) return;
      std::memcpy(&command, (*message)->bytes.data(), sizeof command);
      if (command.kind != LaunchCommand::Kind::kRun)
        continue;  // a kill order that came after the end
      run_number_ = command.run_number;
      std::optional<RunDescriptors> descriptors = take_descriptors(command, (*message)->fds);
      if (!descriptors) return;
      if (auto done = run(*std::move(descriptors)); !done) reply_failed(done.error());
      if (daemon_gone_) return;
    }
  }

 private:
  // Of a host without memory: after programs (child.cc), before the daemon. Best effort.
  static void become_second_victim() {
    (void)os::write_file_at(AT_FDCWD, "/proc/self/oom_score_adj", "500");
  }

  // nullopt: not as many as the command says.
  static std::optional<RunDescriptors> take_descriptors(const LaunchCommand& command,
                                                        std::vector<os::UniqueFd>& fds) {
    const bool channel = command.use_channel != 0;
    const bool peer = command.use_peer != 0;
    if (fds.size() != 4U + (channel ? 2U : 0U) + (peer ? 2U : 0U)) return std::nullopt;
    RunDescriptors descriptors;
    auto next = fds.begin();
    for (os::UniqueFd* one : {&descriptors.payload, &descriptors.stdin_file,
                              &descriptors.stdout_pipe, &descriptors.stderr_pipe}) {
      *one = std::move(*next++);
    }
    if (channel) {
      descriptors.channel_in = std::move(*next++);
      descriptors.channel_out = std::move(*next++);
    }
    if (peer) {
      descriptors.peer_in = std::move(*next++);
      descriptors.peer_out = std::move(*next++);
    }
    return descriptors;
  }

  Expected<Done> run(RunDescriptors descriptors) {
    FARM_TRY(const std::string payload, os::read_all(descriptors.payload.get(), gib(1), "payload"));
    FARM_TRY(const RunSpec spec, decode_payload(payload));
    FARM_TRY(WorkTree tree,
             WorkTree::mount(spec.limits, setup_.uid, setup_.uid, spec.commands.size()));
    for (const InputFile& file : spec.files) FARM_CHECK_OK(tree.place(file));

    LaunchReply reply;
    for (std::size_t i = 0; i < spec.commands.size(); ++i) {
      reply = LaunchReply();
      reply.command_index = static_cast<std::uint32_t>(i);
      FARM_CHECK_OK(run_command(spec, spec.commands[i], descriptors, tree, reply));
      if (reply.ending != Ending::kByItself || reply.exit_code != 0) break;
    }
    // Closed before the reply: the daemon reads the pipes to their end.
    descriptors = {};
    for (const std::string& path : spec.fetch)
      FARM_CHECK_OK(send_file(tree, path, spec.fetch_limit));
    for (const std::string& suffix : spec.fetch_suffixes)
      FARM_CHECK_OK(send_files_ending(tree, suffix, spec.fetch_limit));
    reply.kind = LaunchReply::Kind::kEnded;
    reply.isolation = setup_.isolation();
    send(reply, zygote_failed_, {});
    return Done{};
  }

  Expected<Done> run_command(const RunSpec& spec, const std::vector<std::string>& command,
                             RunDescriptors& descriptors, WorkTree& tree, LaunchReply& reply) {
    std::optional<RunCgroup> cgroup;
    if (settings_.cgroups.version != 0) {
      FARM_TRY(RunCgroup made, cgroup_.create_run(spec.limits, settings_.cpus_per_run));
      cgroup.emplace(std::move(made));
    }
    FARM_TRY(auto report, os::make_message_socket_pair());
    FARM_CHECK_OK(os::pass_credentials(report.first.get()));
    if (::lseek(descriptors.stdin_file.get(), 0, SEEK_SET) != 0)
      return system_error("rewind stdin", errno);

    ChildPlan plan = plan_for(spec, command, descriptors);
    WorkTree::Parts parts = tree.take_parts();
    std::transform(parts.begin(), parts.end(), plan.work_fds.begin(),
                   [](const os::UniqueFd& part) { return part.get(); });
    if (cgroup) plan.join_fds = cgroup->join_fds();
    plan.report_fd = report.second.get();
    const bool forked = is_forked(spec, command);
    if (forked) plan.namespaces_fd = 0;
    FARM_TRY(const StartedInit init, start_init(plan));
    os::UniqueFd program;
    if (forked) {
      plan.namespaces_fd = init.pidfd.get();
      FARM_TRY(program, zygote_->fork_program(plan));
    }
    reply.forked = forked ? 1 : 0;
    report.second.reset();
    parts = {};
    // The peer has to see the end of the pipe when the program closes its side, not when we do.
    descriptors.peer_in.reset();
    descriptors.peer_out.reset();

    SupervisedRun run;
    run.init_pid = init.pid;
    run.init_pidfd = init.pidfd.get();
    run.report_fd = report.first.get();
    run.daemon_fd = socket_.get();
    run.proc_fd = proc_.get();
    run.program_pidfd = program.get();
    run.reap_program = [this] { return zygote_->reap(); };
    run.cpus = settings_.cpus_per_run;
    run.host_cpus = plan.cpus;
    run.limits = spec.limits;
    run.rests = spec.rests;
    run.read_order = [this] { return read_order(); };
    std::optional<ProcessTree> watched;
    if (!cgroup) watched.emplace(proc_.get(), init.pid, tree.work_fd(), spec.limits.memory);
    RunMeter& meter = cgroup ? static_cast<RunMeter&>(*cgroup) : *watched;
    run.report_turn = [this, &meter](const TurnTimes& times) { reply_turn(times, meter); };
    FARM_TRY(const SupervisedEnd end, supervise(run, meter));
    if (watched) watched->note_end(end.reaped_cpu);
    FARM_TRY(const RunUsage usage, meter.usage());
    const bool ended_well = end.ending == Ending::kByItself && end.exited &&
                            end.exited->code == CLD_EXITED && end.exited->status == 0;
    const bool denied_forks = !ended_well && meter.was_denied_forks();
    if (cgroup) FARM_CHECK_OK(cgroup->remove());
    if (end.failed) return explain_failure(*end.failed, command, reply);

    reply.ending = end.ending;
    if (end.exited) {
      if (end.exited->code == CLD_EXITED) {
        reply.exit_code = end.exited->status;
      } else {
        reply.signal = end.exited->status;
      }
    } else {
      reply.signal = SIGKILL;
    }
    if (spoils_run(usage.out_of_memory, ended_well)) {
      return exhausted(
          "sandbox: the host or a parent cgroup ran out of memory below a run's limit of " +
          std::to_string(spec.limits.memory.count) +
          " bytes; give the grader fewer slots or more memory");
    }
    if (denied_forks) {
      return exhausted(
          "sandbox: a parent cgroup refused processes to a run that was below its own limit of " +
          std::to_string(spec.limits.processes) + "; raise its pids.max");
    }
    reply.out_of_memory = usage.out_of_memory == OutOfMemory::kOwnLimit ? 1 : 0;
    reply.cpu_ns = (usage.cpu - end.cpu_before - end.miscounted).count();
    reply.wall_ns = end.wall.count();
    reply.starved_ns = end.starved.count();
    reply.forgiven_ns = end.miscounted.count();
    reply.throttled_ns = usage.throttled.count();
    reply.memory_peak = usage.memory_peak.count;
    return Done{};
  }

  // A program of the submission that cannot be executed is its own fate (126, 127 as a shell says
  // it), unless the host is short of something; anything else that fails before it runs is ours.
  static Expected<Done> explain_failure(const Report& failed,
                                        const std::vector<std::string>& command,
                                        LaunchReply& reply) {
    const bool own_program = command[0].find('/') != std::string::npos && command[0][0] != '/';
    std::string what = "sandbox: " + std::string(step_name(failed.step));
    if (failed.step == Step::kExecute) what += " " + command[0];
    Error error = system_error(std::move(what), failed.error);
    if (failed.step == Step::kExecute && own_program && !error.retryable()) {
      reply.exit_code = failed.error == ENOENT ? 127 : 126;
      return Done{};
    }
    if (failed.step == Step::kExecute && failed.error == E2BIG) {
      return invalid_request("arguments and environment are larger than the kernel takes (E2BIG)");
    }
    return error;
  }

  // What holds for every program of this slot.
  ChildPlan fixed_plan(Profile profile) const {
    ChildPlan plan;
    plan.proc_fd = proc_.get();
    plan.cpus = visible_cpus();
    plan.mounts_proc = setup_.has_proc;
    plan.uid = setup_.uid;
    plan.init_uid = setup_.init_uid;
    plan.filter = &settings_.filters.at(profile);
    return plan;
  }

  // Whether the zygote is there and starts `command` as execve would. The first that asks has it
  // started; meanwhile, and where it fails, programs start as others do.
  bool is_forked(const RunSpec& spec, const std::vector<std::string>& command) {
    const bool served = settings_.zygote && setup_.isolation() == Isolation::kFull &&
                        spec.profile == Profile::kManaged && zygote_failed_.empty() &&
                        settings_.zygote->serves(command, spec.env, stack_of(spec.limits));
    if (!served) return false;
    if (!zygote_) {
      Expected<Zygote> started = Zygote::start(*settings_.zygote, fixed_plan(Profile::kManaged));
      if (!started) return do_without_zygote(started.error());
      zygote_.emplace(std::move(*started));
    }
    const Expected<bool> ready = zygote_->is_ready(settings_.zygote->patience);
    return ready ? *ready : do_without_zygote(ready.error());
  }

  bool do_without_zygote(const Error& error) {
    zygote_failed_ = error.text();
    zygote_.reset();
    return false;
  }

  static Bytes stack_of(const Limits& limits) {
    return limits.stack.count > 0 ? limits.stack : limits.memory;
  }

  ChildPlan plan_for(const RunSpec& spec, const std::vector<std::string>& command,
                     const RunDescriptors& descriptors) {
    ChildPlan plan = fixed_plan(spec.profile);
    // The strings outlive the child's execve: they belong to this process's memory, of which the
    // child has a copy.
    for (const std::string& argument : command)
      plan.argv.push_back(const_cast<char*>(argument.c_str()));
    plan.argv.push_back(nullptr);
    environment_.clear();
    for (const auto& [name, value] : kFixedEnvironment) {
      if (!spec.env.contains(std::string(name)))
        environment_.push_back(std::string(name) + "=" + std::string(value));
    }
    for (const auto& [name, value] : spec.env) environment_.push_back(name + "=" + value);
    for (std::string& entry : environment_) plan.environment.push_back(entry.data());
    plan.environment.push_back(nullptr);
    plan.stdin_fd = descriptors.stdin_file.get();
    plan.stdout_fd = descriptors.stdout_pipe.get();
    plan.stderr_fd = descriptors.stderr_pipe.get();
    plan.channel_in_fd = descriptors.channel_in.get();
    plan.channel_out_fd = descriptors.channel_out.get();
    plan.peer_in_fd = descriptors.peer_in.get();
    plan.peer_out_fd = descriptors.peer_out.get();
    plan.resource_limits = resource_limits(spec.limits, spec.turns);
    // A backstop where a cgroup counts; else the limit itself.
    plan.processes = static_cast<rlim_t>(spec.limits.processes) +
                     (settings_.cgroups.version != 0 ? kProcessBackstop : 0);
    return plan;
  }

  static std::vector<ChildPlan::ResourceLimit> resource_limits(const Limits& limits, int turns) {
    const auto bytes = [](Bytes value) { return static_cast<rlim_t>(value.count); };
    // A backstop for the supervisor's own CPU limit, per process and in whole seconds.
    const auto cpu_seconds =
        static_cast<rlim_t>(limits.cpu.count()) * static_cast<rlim_t>(turns) * 2 / 1000 + 2;
    rlimit core{};
    ::getrlimit(RLIMIT_CORE, &core);
    return {
        // Too small for any dump, and not 0, with which a core_pattern that is a pipe still starts
        // its program on the host (core(5)). seccomp.cc keeps it there.
        {RLIMIT_CORE, std::min<rlim_t>(1, core.rlim_max)},
        {RLIMIT_CPU, cpu_seconds},
        // Files end at the tmpfs (ENOSPC) or at the memory limit (memfd): that tells more than
        // SIGXFSZ.
        {RLIMIT_FSIZE, bytes(limits.tmpfs + limits.memory)},
        {RLIMIT_MEMLOCK, 0},   // locked memory cannot be reclaimed
        {RLIMIT_MSGQUEUE, 0},  // kernel memory outside every tmpfs
        {RLIMIT_NOFILE, static_cast<rlim_t>(limits.open_files)},
        {RLIMIT_RTPRIO, 0},         // real-time priority starves the host
        {RLIMIT_SIGPENDING, 1024},  // queued signals are kernel memory
        {RLIMIT_STACK, bytes(stack_of(limits))},
    };
  }

  // As many CPUs as the quota is worth, starting at the slot's own: neighbours spread over the
  // host.
  std::vector<int> visible_cpus() const {
    const std::vector<int>& all = settings_.host_cpus;
    const auto wanted =
        std::min(all.size(), static_cast<std::size_t>(std::ceil(settings_.cpus_per_run)));
    std::vector<int> chosen;
    for (std::size_t i = 0; i < wanted; ++i)
      chosen.push_back(all[(static_cast<std::size_t>(slot_) * wanted + i) % all.size()]);
    return chosen;
  }

  struct StartedInit {
    pid_t pid;
    os::UniqueFd pidfd;
  };

  // Not clone3, which container run times' filters answer with ENOSYS.
  static Expected<StartedInit> start_init(const ChildPlan& plan) {
    int pidfd = -1;
    constexpr unsigned long kFlags =
        CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_PIDFD | SIGCHLD;
    const long pid = ::syscall(SYS_clone, kFlags, nullptr, &pidfd, nullptr, 0);
    if (pid < 0) return system_error("clone with new namespaces", errno);
    if (pid == 0) become_init(plan);
    return StartedInit{static_cast<pid_t>(pid), os::UniqueFd(pidfd)};
  }

  Expected<Order> read_order() {
    FARM_TRY(const std::optional<os::Message> message, os::receive_message(socket_.get()));
    LaunchCommand command;
    if (!message || message->bytes.size() != sizeof command) {
      daemon_gone_ = true;
      return unavailable("launcher: the daemon is gone");
    }
    std::memcpy(&command, message->bytes.data(), sizeof command);
    Order order;
    if (command.run_number != run_number_) return order;
    if (command.kind == LaunchCommand::Kind::kKill) order.kill = command.kill_reason;
    order.ends_turn = command.kind == LaunchCommand::Kind::kTurn;
    return order;
  }

  void reply_turn(const TurnTimes& times, RunMeter& meter) {
    LaunchReply reply;
    reply.kind = LaunchReply::Kind::kTurn;
    reply.isolation = setup_.isolation();
    reply.cpu_ns = times.cpu.count();
    reply.wall_ns = times.wall.count();
    reply.starved_ns = times.starved.count();
    reply.forgiven_ns = times.forgiven.count();
    if (const Expected<RunUsage> usage = meter.usage()) {
      reply.memory_peak = usage->memory_peak.count;
      reply.throttled_ns = usage->throttled.count();
    }
    send(reply, {}, {});
  }

  Expected<Done> send_file(const WorkTree& tree, const std::string& path, Bytes limit) {
    FARM_TRY(const WorkTree::Opened opened, tree.open_output(path, limit));
    const os::UniqueFd file(opened.fd);
    LaunchReply reply;
    reply.kind = LaunchReply::Kind::kFile;
    send(reply, path + '\0' + opened.refused,
         file ? std::vector<int>{file.get()} : std::vector<int>{});
    return Done{};
  }

  Expected<Done> send_files_ending(const WorkTree& tree, const std::string& suffix, Bytes limit) {
    FARM_TRY(const std::vector<std::string> names, tree.names_ending(suffix, kMostBySuffix));
    if (names.size() > kMostBySuffix) {
      LaunchReply reply;
      reply.kind = LaunchReply::Kind::kFile;
      send(reply, names.front() + '\0' + "one of more than " + std::to_string(kMostBySuffix), {});
      return Done{};
    }
    for (const std::string& name : names) FARM_CHECK_OK(send_file(tree, name, limit));
    return Done{};
  }

  void reply_failed(const Error& error) {
    LaunchReply reply;
    reply.kind = LaunchReply::Kind::kFailed;
    reply.error_code = error.code;
    reply.error_errno = error.sys_errno;
    send(reply, error.what, {});
  }

  void send(LaunchReply reply, std::string_view text, const std::vector<int>& fds) {
    reply.run_number = run_number_;
    std::string bytes(as_bytes(reply));
    bytes.append(text.substr(0, 16'000));
    if (!os::send_message(socket_.get(), bytes, fds)) daemon_gone_ = true;
  }

  os::UniqueFd socket_;
  const int slot_;
  const LauncherSettings& settings_;
  os::UniqueFd proc_;
  SlotCgroup cgroup_;
  SlotSetup setup_;
  std::optional<Zygote> zygote_;
  std::string zygote_failed_;  // why there is none, though it is wanted
  std::vector<std::string> environment_;
  std::uint32_t run_number_ = 0;
  bool daemon_gone_ = false;
};

}  // namespace

void serve_as_launcher(os::UniqueFd socket, int slot, const LauncherSettings& settings) {
  ::prctl(PR_SET_NAME, "farm-launcher");
  Launcher launcher(std::move(socket), slot, settings);
  const Expected<Done> ready = launcher.set_up();
  launcher.announce(ready);
  if (ready) launcher.serve();
  ::_exit(ready ? 0 : 1);
}

}  // namespace farm::sandbox
