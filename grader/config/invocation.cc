// The one file of this folder that asks the operating system.
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <thread>

#include "grader/config/config.h"

namespace farm::config {
namespace {

Expected<std::string> read_whole_file(const std::string& path) {
  std::error_code code;
  if (std::filesystem::is_directory(path, code)) return internal_error("open " + path, EISDIR);
  std::ifstream in(path, std::ios::binary);
  if (!in) return internal_error("open " + path, errno);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// A container's share of the host, in CPUs; 0 if there is no such limit.
// Source: cgroup-v2.rst "cpu.max"; sched-bwc.rst (v1). In a container its own group is the root of
// what it sees.
double cgroup_cpus() {
  double quota = 0;
  double period = 0;
  if (std::ifstream v2("/sys/fs/cgroup/cpu.max"); v2 >> quota >> period) return quota / period;
  std::ifstream v1_quota("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
  std::ifstream v1_period("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  if (v1_quota >> quota && v1_period >> period && quota > 0) return quota / period;
  return 0;
}

int available_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int cpus = static_cast<int>(std::thread::hardware_concurrency());
  if (sched_getaffinity(0, sizeof set, &set) == 0) cpus = CPU_COUNT(&set);
  if (const double share = cgroup_cpus(); share > 0)
    cpus = std::min(cpus, static_cast<int>(std::ceil(share)));
  return std::max(cpus, 1);
}

std::string program_directory() {
  std::error_code code;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", code);
  return code ? "." : program.parent_path().string();
}

std::map<std::string, std::string> environment_of_process() {
  std::map<std::string, std::string> environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text(*entry);
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos)
      environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

}  // namespace

Invocation invocation_of_process(int argc, const char* const* argv) {
  Invocation invocation;
  for (int i = 1; i < argc; ++i) invocation.arguments.emplace_back(argv[i]);
  invocation.environment = environment_of_process();
  invocation.read_file = read_whole_file;
  invocation.cpus = available_cpus();
  invocation.program_directory = program_directory();
  return invocation;
}

}  // namespace farm::config
