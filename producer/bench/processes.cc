#include "producer/bench/processes.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "grader/os/files.h"

namespace farm::bench {
namespace {

namespace fs = std::filesystem;

// Empty, or cut short, where the directory goes away meanwhile.
std::vector<fs::path> entries_of(const std::string& directory) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error))
    entries.push_back(at->path());
  return entries;
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> processes;
  for (const fs::path& entry : entries_of("/proc")) {
    const std::string name = entry.filename();
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error == std::errc() && end == name.data() + name.size()) processes.push_back(pid);
  }
  return processes;
}

std::string proc_path(pid_t pid, const char* file) {
  return "/proc/" + std::to_string(pid) + "/" + file;
}

// The fields of /proc/PID/stat after the name, which may hold anything: from `state` on (proc(5)).
std::optional<std::vector<std::string>> stat_fields(pid_t pid) {
  const auto text = os::read_file(proc_path(pid, "stat"));
  if (!text) return std::nullopt;
  const std::size_t name_end = text->rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream rest(text->substr(name_end + 1));
  std::vector<std::string> fields;
  for (std::string field; rest >> field;) fields.push_back(field);
  if (fields.size() < 20) return std::nullopt;
  return fields;
}

std::set<unsigned> ports_of(const std::string& brokers) {
  std::set<unsigned> ports;
  std::istringstream list(brokers);
  for (std::string address; std::getline(list, address, ',');) {
    const std::size_t colon = address.rfind(':');
    unsigned port = 9092;
    if (colon != std::string::npos)
      std::from_chars(address.data() + colon + 1, address.data() + address.size(), port);
    ports.insert(port);
  }
  return ports;
}

// Inodes of the sockets that listen on these ports (proc(5), /proc/net/tcp: local address in the
// second column, state 0A in the fourth, inode in the tenth).
std::set<std::string> listening_inodes(const std::set<unsigned>& ports) {
  std::set<std::string> inodes;
  for (const char* path : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream table(path);
    for (std::string line; std::getline(table, line);) {
      std::istringstream columns(line);
      std::array<std::string, 10> column;
      for (std::string& one : column) columns >> one;
      const std::size_t colon = column[1].rfind(':');
      if (column[3] != "0A" || colon == std::string::npos) continue;
      unsigned port = 0;
      std::from_chars(column[1].data() + colon + 1, column[1].data() + column[1].size(), port, 16);
      if (ports.contains(port)) inodes.insert(column[9]);
    }
  }
  return inodes;
}

bool holds_socket(pid_t pid, const std::set<std::string>& inodes) {
  for (const fs::path& entry : entries_of(proc_path(pid, "fd"))) {
    std::error_code ignored;
    const std::string target = fs::read_symlink(entry, ignored).string();
    if (!target.starts_with("socket:[")) continue;
    if (inodes.contains(target.substr(8, target.size() - 9))) return true;
  }
  return false;
}

std::int64_t kilobytes_in(const std::string& text, const std::string& key) {
  const std::size_t at = text.find(key);
  return at == std::string::npos ? 0 : std::atoll(text.c_str() + at + key.size());
}

}  // namespace

std::vector<pid_t> listeners_on_this_host(const std::string& brokers) {
  const auto inodes = listening_inodes(ports_of(brokers));
  std::vector<pid_t> found;
  if (inodes.empty()) return found;
  for (const pid_t pid : all_processes()) {
    if (holds_socket(pid, inodes)) found.push_back(pid);
  }
  return found;
}

double cpu_seconds(const std::vector<pid_t>& processes) {
  const auto ticks_a_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  double ticks = 0;
  for (const pid_t pid : processes) {
    const auto fields = stat_fields(pid);
    if (fields) ticks += std::stod((*fields)[11]) + std::stod((*fields)[12]);  // utime, stime
  }
  return ticks / ticks_a_second;
}

std::vector<pid_t> family_of(pid_t ancestor) {
  std::map<pid_t, std::vector<pid_t>> children;
  for (const pid_t pid : all_processes()) {
    const auto fields = stat_fields(pid);
    if (fields) children[std::atoi((*fields)[1].c_str())].push_back(pid);
  }
  std::vector<pid_t> family = {ancestor};
  for (std::size_t i = 0; i < family.size(); ++i) {
    const auto& next = children[family[i]];
    family.insert(family.end(), next.begin(), next.end());
  }
  return family;
}

Bytes resident_memory(const std::vector<pid_t>& processes) {
  std::int64_t kilobytes = 0;
  for (const pid_t pid : processes) {
    if (const auto rollup = os::read_file(proc_path(pid, "smaps_rollup"));
        rollup && rollup->find("\nPss:") != std::string::npos) {
      kilobytes += kilobytes_in(*rollup, "\nPss:");
    } else if (const auto status = os::read_file(proc_path(pid, "status"))) {
      kilobytes += kilobytes_in(*status, "\nVmRSS:");
    }
  }
  return kib(kilobytes);
}

}  // namespace farm::bench
