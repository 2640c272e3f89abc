#include "grader/check.h"

#include <sys/resource.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>
#include <thread>
#include <utility>

#include "grader/kafka/blob_store.h"
#include "grader/sandbox/cgroup.h"
#include "grader/sandbox/probe.h"
#include "grader/service/self_test.h"
#include "grader/service/toolchain_stamp.h"
#include "grader/startup/startup.h"

namespace farm::grader {
namespace {

constexpr Milliseconds kZygotePatience{60'000};
constexpr Bytes kUsualMemory = mib(512);  // what a request gets that asks for nothing
constexpr std::int64_t kDescriptorsPerSlot = 32;
constexpr std::int64_t kDescriptorsOfDaemon = 256;

std::string mib_text(Bytes bytes) { return std::to_string(bytes.count / mib(1).count) + " MiB"; }

CheckLine ready(std::string name, std::string detail) {
  return {std::move(name), CheckState::kReady, true, std::move(detail), ""};
}
CheckLine failing(std::string name, std::string detail, std::string remedy) {
  return {std::move(name), CheckState::kFailing, true, std::move(detail), std::move(remedy)};
}
CheckLine missing(std::string name, bool required, std::string detail, std::string remedy) {
  return {std::move(name), CheckState::kMissing, required, std::move(detail), std::move(remedy)};
}

// Writes lines as they come and remembers whether one blocks.
class Findings {
 public:
  void add(const CheckLine& line) {
    std::printf("%s\n", encode_check_line(line).c_str());
    std::fflush(stdout);
    if (line.blocks()) code_ = 1;
  }
  int exit_code() const { return code_; }

 private:
  int code_ = 0;
};

std::string first_line_of(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

CheckLine check_privileges(bool full) {
  if (::geteuid() == 0) return ready("privileges", "root; the daemon gives it up after its start");
  return missing("privileges", full,
                 "runs as uid " + std::to_string(::geteuid()) + ": isolation 'reduced' at best",
                 "run it as root (sudo gradefarm doctor) for 'full': a grader needs CAP_SYS_ADMIN, "
                 "CAP_SETUID and CAP_SYS_RESOURCE for it, and its daemon gives them up");
}

void check_kernel(Findings& findings, Isolation isolation) {
  utsname name{};
  ::uname(&name);
  for (const sandbox::KernelProbe& probe : sandbox::probe_kernel(isolation)) {
    const std::string check = "kernel: " + probe.feature;
    if (probe.error == 0) {
      findings.add(ready(check, std::string(name.sysname) + " " + name.release));
      continue;
    }
    const std::string why = std::strerror(probe.error);
    if (probe.error == EPERM || probe.error == EACCES) {
      findings.add(failing(check, why,
                           "the kernel refuses it to us: run as root, in a container with "
                           "--privileged or a seccomp profile that allows it; "
                           "kernel.unprivileged_userns_clone and user.max_*_namespaces may forbid "
                           "namespaces"));
    } else {
      findings.add(missing(check, true, why + " on " + name.release,
                           probe.since.empty() ? "use a kernel that is built with it"
                                               : "use " + probe.since + " or later"));
    }
  }
}

CheckLine check_cgroups(bool full) {
  const auto layout = sandbox::discover_cgroup_layout();
  if (!layout) {
    return missing("cgroups", full, layout.error().text(),
                   "give the grader a group of its own with the controllers memory, pids and cpu "
                   "(systemd: Delegate=yes)");
  }
  std::string where;
  for (const auto& hierarchy : layout->hierarchies)
    where += (where.empty() ? " at " : ", ") + hierarchy.controller + " " + hierarchy.directory;
  return ready("cgroups", "version " + std::to_string(layout->version) + where);
}

CheckLine check_descriptors(int workers) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return failing("descriptors", std::strerror(errno), "see getrlimit(2)");
  const std::int64_t wanted = kDescriptorsOfDaemon + kDescriptorsPerSlot * workers;
  const std::string detail = std::to_string(limit.rlim_cur) + " may be open, about " +
                             std::to_string(wanted) + " are needed for " + std::to_string(workers) +
                             " slots";
  if (limit.rlim_cur >= static_cast<rlim_t>(wanted)) return ready("descriptors", detail);
  return failing("descriptors", detail,
                 "ulimit -n " + std::to_string(wanted) + " (systemd: LimitNOFILE=)");
}

CheckLine check_clock() {
  timex time{};  // modes 0: only reads
  return judge_clock(::adjtimex(&time), time.esterror);
}

CheckLine check_blobs(const config::GraderConfig& config,
                      const std::optional<Expected<kafka::BlobStore>>& store) {
  if (!store) {
    return missing("blob directory", false, "none is configured: large requests are refused",
                   "--blob-dir, on a file system that clients and graders share");
  }
  const std::string remedy = "make " + config.blob_dir + " writable for uid " +
                             std::to_string(config.sandbox_uid_base) + " and above (mode 1777)";
  if (!*store) return failing("blob directory", store->error().text(), remedy);
  const auto stored = (*store)->put("written by gradefarm-grader --check\n");
  if (!stored) return failing("blob directory", stored.error().text(), remedy);
  const auto read = (*store)->get(*stored, kib(1), Milliseconds(0));
  if (!read) return failing("blob directory", read.error().text(), remedy);
  return ready("blob directory", config.blob_dir + ", written and read as the daemon's user");
}

CheckLine check_compile_cache(const Expected<std::optional<os::CappedDirectory>>& directory) {
  const std::string remedy = "--compile-cache-dir, a directory that only the grader writes to";
  if (!directory) return missing("compile cache", false, directory.error().text(), remedy);
  if (!*directory) {
    return missing("compile cache", false, "none: every program is compiled",
                   remedy + ", and a --compile-cache above 0");
  }
  const os::CappedDirectory& opened = **directory;
  return ready("compile cache", opened.path() + ", " + mib_text(opened.used()) + " of " +
                                    mib_text(opened.max_bytes()));
}

CheckLine check_sandbox(sandbox::LinuxSandbox& sandbox) {
  sandbox::RunSpec spec;
  spec.commands = {{"/bin/sh", "-c", "echo sandboxed"}};
  const auto begun = std::chrono::steady_clock::now();
  const auto outcome = sandbox.run(spec);
  if (!outcome) {
    return failing("sandbox", outcome.error().text(),
                   "see the kernel and cgroup lines above; nothing is graded without it");
  }
  if (outcome->exit_code != 0 || outcome->stdout_bytes != "sandboxed\n") {
    return failing("sandbox", "a shell in it does not work: " + outcome->stderr_bytes,
                   "check /bin/sh and the libraries below /usr");
  }
  const auto took =
      std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - begun);
  return ready("sandbox", "isolation " + std::string(word(outcome->isolation)) + ", first run " +
                              std::to_string(took.count()) + " ms: " + sandbox.set_up());
}

// A language that can be linked faster says by what it is, or that nothing faster was found.
std::string linked_by(const service::LanguageStatus& status) {
  if (!status.linker.empty()) return ", linked by " + status.linker;
  if (!status.definition.compile || status.definition.compile->linkers.empty()) return "";
  std::string names;
  for (const std::string& name : status.definition.compile->linkers)
    names += (names.empty() ? "" : ", ") + name;
  return ", linked by the compiler's own linker: none of " + names + " works here";
}

std::string headers_of(const service::LanguageStatus& status) {
  if (!status.headers.empty()) return ", headers precompiled";
  if (!status.headers_problem.empty())
    return ", headers not precompiled: " + status.headers_problem;
  return "";
}

void check_languages(Findings& findings, const config::GraderConfig& config,
                     const languages::Registry& registry, sandbox::Sandbox& sandbox,
                     Isolation isolation, const Expected<std::string>& headers_directory) {
  evaluate::Tools tools;
  tools.settings.limits = server_limits(config, host_memory(), resident_memory(config, registry));
  tools.settings.python = config.python;
  tools.settings.isolation = isolation;
  tools.settings.languages = &registry;
  tools.sandbox = &sandbox;
  const auto headers =
      headers_in(headers_directory, service::stamp_of(service::toolchain_places()));
  int working = 0;
  for (const service::LanguageStatus& status :
       service::test_languages(registry, tools, headers ? &*headers : nullptr)) {
    const std::string name = "language: " + status.id;
    if (status.available) {
      ++working;
      findings.add(ready(
          name, status.version + linked_by(status) + headers_of(status) + ", self-test accepted"));
    } else if (status.version.empty()) {
      // Its version command does not run: the toolchain is not there, which is the operator's
      // choice.
      findings.add(missing(name, false, status.problem,
                           "install its toolchain where an unprivileged user can read it, or leave "
                           "it: the language is not served"));
    } else {
      findings.add(failing(
          name, status.version + ": " + status.problem,
          "mend the toolchain, or take its file out of " + languages_directory(config).string()));
    }
  }
  if (working == 0) {
    findings.add(failing("languages", "none works: a grader would not start",
                         "install a toolchain, or name another directory by --languages-dir"));
  }
}

}  // namespace

CheckLine judge_memory(Bytes host, int workers, Bytes granted, Bytes configured) {
  const std::string detail = mib_text(host) + " for " + std::to_string(workers) +
                             " slots: each may use " + mib_text(granted);
  if (granted < kUsualMemory) {
    return failing("memory", detail + ", less than the usual limit of " + mib_text(kUsualMemory),
                   "fewer --workers, or more memory");
  }
  if (granted < configured)
    return ready("memory", detail + ", not the " + mib_text(configured) + " of --max-memory");
  return ready("memory", detail);
}

CheckLine judge_core_pattern(const std::string& pattern) {
  if (!pattern.starts_with('|')) return ready("core dumps", "kernel.core_pattern is " + pattern);
  return missing("core dumps", false,
                 "crashes of the host's programs are piped to " + pattern.substr(1) +
                     "; sandboxed programs dump none, and crashes of a grader may cost seconds",
                 "sysctl kernel.core_pattern=core");
}

CheckLine judge_overcommit(const std::string& mode) {
  if (mode != "2") return ready("overcommit", "vm.overcommit_memory is " + mode);
  return failing("overcommit",
                 "vm.overcommit_memory is 2: the host refuses memory to programs that are below "
                 "their own limits, which nobody can tell from a fault of theirs",
                 "sysctl vm.overcommit_memory=0, or 1");
}

CheckLine judge_clock(int state, std::int64_t estimated_error_us) {
  // TIME_ERROR: the kernel's clock is not disciplined by anybody (adjtimex(2)). In containers and
  // virtual machines the host may keep it right all the same.
  if (state < 0) return missing("clock", false, "adjtimex is refused", "nothing, if NTP runs");
  if (state != TIME_ERROR) {
    return ready("clock", "synchronised, estimated error " +
                              std::to_string(estimated_error_us / 1000) + " ms");
  }
  return missing("clock", false,
                 "the kernel says that nobody synchronises it: queue waits and deadlines compare "
                 "this clock with those of trainers",
                 "run chrony or systemd-timesyncd, unless the host of this virtual machine does");
}

// Whether Python submissions are forks of a warmed interpreter. They run either way.
CheckLine check_zygote(const config::GraderConfig& config, const languages::Registry& registry,
                       sandbox::Sandbox& sandbox) {
  const LanguageDefinition* python = registry.find("python");
  if (python == nullptr || !config.python_preload) {
    return missing("python: zygote", false, "not wanted",
                   "--python-preload common turns it on: a start of Python costs ten times a fork");
  }
  sandbox::RunSpec spec;
  spec.commands = {{config.python, "main.py"}};
  spec.files = {{"main.py", ""}};
  spec.env = python->env;
  const auto give_up = std::chrono::steady_clock::now() + kZygotePatience;
  while (std::chrono::steady_clock::now() < give_up) {
    const auto outcome = sandbox.run(spec);
    if (!outcome)
      return failing("python: zygote", outcome.error().text(), "see the sandbox line above");
    if (outcome->forked)
      return ready("python: zygote", "submissions are forks of " + config.python + ", warmed");
    if (outcome->isolation != Isolation::kFull)
      return missing("python: zygote", false, "needs isolation full", "start the grader as root");
    if (!outcome->zygote_failed.empty())
      return missing(
          "python: zygote", false, outcome->zygote_failed,
          "mend what it says, or leave it: each submission starts an interpreter of its own");
    std::this_thread::sleep_for(Milliseconds(50));
  }
  return missing("python: zygote", false, "not ready after a minute",
                 "name less in --python-preload");
}

int check_host(const config::GraderConfig& config) {
  Findings findings;
  const Isolation wanted =
      config.isolation.value_or(::geteuid() == 0 ? Isolation::kFull : Isolation::kReduced);
  const bool full = wanted == Isolation::kFull;
  findings.add(check_privileges(full));
  check_kernel(findings, wanted);
  findings.add(check_cgroups(full));
  auto registry = languages::Registry::load(languages_directory(config));
  findings.add(judge_memory(
      host_memory(), config.workers,
      server_limits(config, host_memory(),
                    resident_memory(config, registry ? *registry : languages::Registry()))
          .maxima.memory,
      config.maxima.memory));
  findings.add(check_descriptors(config.workers));
  findings.add(check_clock());
  findings.add(judge_overcommit(first_line_of("/proc/sys/vm/overcommit_memory")));
  findings.add(judge_core_pattern(first_line_of("/proc/sys/kernel/core_pattern")));
  if (!registry) {
    findings.add(failing("languages", registry.error().text(), "mend or remove the file"));
  }
  std::optional<Expected<kafka::BlobStore>> blobs;
  if (!config.blob_dir.empty()) blobs.emplace(kafka::BlobStore::open(config.blob_dir));
  const auto compile_directory = open_compile_cache(config);
  config::GraderConfig one = config;
  one.workers = 1;
  const auto headers = open_headers(config);
  auto slots =
      start_slots(one, registry ? *registry : languages::Registry(), headers ? *headers : "");
  if (!slots) {
    findings.add(failing("sandbox", slots.error().text(),
                         "see the kernel and cgroup lines above; nothing is graded without it"));
    return findings.exit_code();
  }
  if (auto dropped = drop_privileges(config); !dropped) {
    findings.add(failing("privileges", dropped.error().text(), "CAP_SETUID and CAP_SETGID"));
    return findings.exit_code();
  }
  findings.add(check_blobs(config, blobs));
  findings.add(check_compile_cache(compile_directory));
  const CheckLine sandbox = check_sandbox(*slots->sandboxes[0]);
  findings.add(sandbox);
  if (registry && !sandbox.blocks()) {
    check_languages(findings, config, *registry, *slots->sandboxes[0], slots->isolation, headers);
    findings.add(check_zygote(config, *registry, *slots->sandboxes[0]));
  }
  return findings.exit_code();
}

}  // namespace farm::grader
