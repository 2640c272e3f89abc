#include "grader/sandbox/launch_protocol.h"

#include <cstring>
#include <map>
#include <utility>
#include <vector>

namespace farm::sandbox {
namespace {

class Writer {
 public:
  void number(std::int64_t value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void text(std::string_view value) {
    number(static_cast<std::int64_t>(value.size()));
    bytes_.append(value);
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Reads what Writer wrote. After the first short read every value is zero and ok() is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  std::int64_t number() {
    std::int64_t value = 0;
    if (rest_.size() < sizeof value) {
      ok_ = false;
      rest_ = {};
      return 0;
    }
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
    return value;
  }
  std::string text() {
    const std::int64_t size = number();
    if (size < 0 || static_cast<std::uint64_t>(size) > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    std::string value(rest_.substr(0, static_cast<std::size_t>(size)));
    rest_.remove_prefix(static_cast<std::size_t>(size));
    return value;
  }
  // A count of elements of at least 8 bytes each, so that a lie cannot make us reserve much.
  std::size_t count() {
    const std::int64_t value = number();
    if (value < 0 || static_cast<std::uint64_t>(value) > rest_.size() / sizeof(std::int64_t)) {
      ok_ = false;
      rest_ = {};
      return 0;
    }
    return static_cast<std::size_t>(value);
  }
  bool ok() const { return ok_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

void write_limits(Writer& out, const Limits& limits) {
  for (const std::int64_t value :
       {static_cast<std::int64_t>(limits.cpu.count()),
        static_cast<std::int64_t>(limits.wall.count()), limits.memory.count, limits.stack.count,
        limits.output.count, limits.processes, limits.open_files, limits.tmpfs.count,
        limits.tmpfs_inodes}) {
    out.number(value);
  }
}

Limits read_limits(Reader& in) {
  Limits limits;
  limits.cpu = Milliseconds(in.number());
  limits.wall = Milliseconds(in.number());
  limits.memory.count = in.number();
  limits.stack.count = in.number();
  limits.output.count = in.number();
  limits.processes = in.number();
  limits.open_files = in.number();
  limits.tmpfs.count = in.number();
  limits.tmpfs_inodes = in.number();
  return limits;
}

}  // namespace

std::string encode_payload(const RunSpec& spec) {
  Writer out;
  out.number(static_cast<std::int64_t>(spec.commands.size()));
  for (const auto& command : spec.commands) {
    out.number(static_cast<std::int64_t>(command.size()));
    for (const std::string& argument : command) out.text(argument);
  }
  out.number(static_cast<std::int64_t>(spec.env.size()));
  for (const auto& [name, value] : spec.env) {
    out.text(name);
    out.text(value);
  }
  out.number(static_cast<std::int64_t>(spec.files.size()));
  for (const InputFile& file : spec.files) {
    out.text(file.path);
    out.text(file.content);
    out.number((file.executable ? 1 : 0) | (file.writable ? 2 : 0));
  }
  write_limits(out, spec.limits);
  out.number(spec.turns);
  out.number(spec.rests ? 1 : 0);
  out.number(static_cast<std::int64_t>(spec.profile));
  out.number(static_cast<std::int64_t>(spec.fetch.size()));
  for (const std::string& path : spec.fetch) out.text(path);
  out.number(static_cast<std::int64_t>(spec.fetch_suffixes.size()));
  for (const std::string& suffix : spec.fetch_suffixes) out.text(suffix);
  out.number(spec.fetch_limit.count);
  return out.take();
}

Expected<RunSpec> decode_payload(std::string_view bytes) {
  Reader in(bytes);
  RunSpec spec;
  spec.commands.resize(in.count());
  for (auto& command : spec.commands) {
    command.resize(in.count());
    for (std::string& argument : command) argument = in.text();
  }
  for (std::size_t left = in.count(); left > 0; --left) {
    std::string name = in.text();
    spec.env[std::move(name)] = in.text();
  }
  spec.files.resize(in.count());
  for (InputFile& file : spec.files) {
    file.path = in.text();
    file.content = in.text();
    const std::int64_t flags = in.number();
    file.executable = (flags & 1) != 0;
    file.writable = (flags & 2) != 0;
  }
  spec.limits = read_limits(in);
  spec.turns = static_cast<int>(in.number());
  spec.rests = in.number() != 0;
  const std::int64_t profile = in.number();
  spec.profile = static_cast<Profile>(profile);
  spec.fetch.resize(in.count());
  for (std::string& path : spec.fetch) path = in.text();
  spec.fetch_suffixes.resize(in.count());
  for (std::string& suffix : spec.fetch_suffixes) suffix = in.text();
  spec.fetch_limit.count = in.number();
  if (!in.ok() || spec.commands.empty() || profile < 0 ||
      profile > static_cast<std::int64_t>(Profile::kCompile)) {
    return internal_error("launcher: malformed payload");
  }
  for (const auto& command : spec.commands) {
    if (command.empty()) return internal_error("launcher: empty command");
  }
  return spec;
}

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

template <typename Table>
void write_pairs(Writer& out, const Table& pairs) {
  out.number(static_cast<std::int64_t>(pairs.size()));
  for (const auto& [first, second] : pairs) {
    out.text(first);
    out.text(second);
  }
}

Pairs read_pairs(Reader& in) {
  Pairs pairs(in.count());
  for (auto& [first, second] : pairs) {
    first = in.text();
    second = in.text();
  }
  return pairs;
}

void write_texts(Writer& out, const std::vector<std::string>& texts) {
  out.number(static_cast<std::int64_t>(texts.size()));
  for (const std::string& text : texts) out.text(text);
}

std::vector<std::string> read_texts(Reader& in) {
  std::vector<std::string> texts(in.count());
  for (std::string& text : texts) text = in.text();
  return texts;
}

void write_filter(Writer& out, const SyscallFilter& filter) {
  out.number(static_cast<std::int64_t>(filter.programs.size()));
  for (const std::vector<sock_filter>& program : filter.programs) {
    out.text({reinterpret_cast<const char*>(program.data()), program.size() * sizeof(sock_filter)});
  }
}

SyscallFilter read_filter(Reader& in) {
  SyscallFilter filter;
  filter.programs.resize(in.count());
  for (std::vector<sock_filter>& program : filter.programs) {
    const std::string bytes = in.text();
    program.resize(bytes.size() / sizeof(sock_filter));
    if (program.empty()) continue;  // of settings that were cut off
    std::memcpy(program.data(), bytes.data(), program.size() * sizeof(sock_filter));
  }
  return filter;
}

// Everything is named, so that a field that joins one of these does not compile before it travels.

void write_zygote(Writer& out, const ZygoteSettings& zygote) {
  const auto& [interpreter, env, preload, trusted, patience] = zygote;
  out.text(interpreter);
  write_pairs(out, env);
  write_texts(out, preload);
  write_pairs(out, trusted);
  out.number(patience.count());
}

void write_root(Writer& out, const RootSettings& root) {
  const auto& [readable_paths, readable_as, private_files, keeps_host_proc] = root;
  write_texts(out, readable_paths);
  write_pairs(out, readable_as);
  write_pairs(out, private_files);
  out.number(keeps_host_proc ? 1 : 0);
}

void write_cgroups(Writer& out, const CgroupLayout& cgroups) {
  const auto& [version, hierarchies] = cgroups;
  out.number(version);
  out.number(static_cast<std::int64_t>(hierarchies.size()));
  for (const auto& [controller, directory] : hierarchies) {
    out.text(controller);
    out.text(directory);
  }
}

ZygoteSettings read_zygote(Reader& in) {
  ZygoteSettings zygote;
  zygote.interpreter = in.text();
  for (auto& [name, value] : read_pairs(in)) zygote.env[name] = std::move(value);
  zygote.preload = read_texts(in);
  zygote.trusted = read_pairs(in);
  zygote.patience = Milliseconds(in.number());
  return zygote;
}

}  // namespace

std::string encode_settings(const LauncherSettings& settings) {
  const auto& [isolation, no_cgroups_because, identities, root, cgroups, owner, cpus_per_run,
               host_cpus, filters, zygote] = settings;
  const auto& [base] = identities;
  Writer out;
  out.number(static_cast<std::int64_t>(isolation));
  out.text(no_cgroups_because);
  out.number(base);
  write_root(out, root);
  write_cgroups(out, cgroups);
  out.number(owner);
  out.text({reinterpret_cast<const char*>(&cpus_per_run), sizeof cpus_per_run});
  out.number(static_cast<std::int64_t>(host_cpus.size()));
  for (const int cpu : host_cpus) out.number(cpu);
  out.number(static_cast<std::int64_t>(filters.size()));
  for (const auto& [profile, filter] : filters) {
    out.number(static_cast<std::int64_t>(profile));
    write_filter(out, filter);
  }
  out.number(zygote ? 1 : 0);
  if (zygote) write_zygote(out, *zygote);
  return out.take();
}

Expected<LauncherSettings> decode_settings(std::string_view bytes) {
  Reader in(bytes);
  LauncherSettings settings;
  settings.isolation = static_cast<Isolation>(in.number());
  settings.no_cgroups_because = in.text();
  settings.identities.base = static_cast<unsigned>(in.number());
  settings.root.readable_paths = read_texts(in);
  for (auto& [inside, path] : read_pairs(in)) settings.root.readable_as[inside] = std::move(path);
  settings.root.private_files = read_pairs(in);
  settings.root.keeps_host_proc = in.number() != 0;
  settings.cgroups.version = static_cast<int>(in.number());
  for (auto& [controller, directory] : read_pairs(in))
    settings.cgroups.hierarchies.push_back({std::move(controller), std::move(directory)});
  settings.owner = static_cast<pid_t>(in.number());
  const std::string cpus = in.text();
  if (cpus.size() != sizeof(double)) return internal_error("forkserver: malformed settings");
  std::memcpy(&settings.cpus_per_run, cpus.data(), sizeof(double));
  settings.host_cpus.resize(in.count());
  for (int& cpu : settings.host_cpus) cpu = static_cast<int>(in.number());
  for (std::size_t left = in.count(); left > 0; --left) {
    const auto profile = static_cast<Profile>(in.number());
    settings.filters[profile] = read_filter(in);
  }
  if (in.number() != 0) settings.zygote = read_zygote(in);
  if (!in.ok()) return internal_error("forkserver: malformed settings");
  return settings;
}

}  // namespace farm::sandbox
