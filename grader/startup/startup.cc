#include "grader/startup/startup.h"

#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>

#include "grader/evaluate/compile_cache.h"
#include "grader/evaluate/harness.h"
#include "grader/sandbox/resident.h"
#include "monitoring/log.h"
#include "schemas/bad_case.h"

namespace farm::grader {
namespace {

// Of the host's memory, what submissions may take together; the rest is for the kernel, the daemon
// and its outputs.
constexpr double kMemoryShare = 0.9;

sandbox::Identities identities(const config::GraderConfig& config) {
  return {config.sandbox_uid_base};
}

// Interpreters outside the standard tree (virtual environments) have to be shown to the sandbox:
// their whole prefix.
std::vector<std::string> readable_paths(const config::GraderConfig& config) {
  const std::string& python = config.python;
  if (python.starts_with("/usr/") || python.starts_with("/bin/")) return {};
  const std::size_t bin = python.rfind("/bin/");
  if (bin == std::string::npos || bin == 0) return {};
  return {python.substr(0, bin)};
}

// Of the interpreter of Python submissions.
std::optional<sandbox::ZygoteSettings> zygote(const config::GraderConfig& config,
                                              const languages::Registry& languages) {
  const LanguageDefinition* python = languages.find("python");
  if (python == nullptr || !config.python_preload) return std::nullopt;
  sandbox::ZygoteSettings settings;
  settings.interpreter = config.python;
  settings.env = python->env;
  settings.preload = *config.python_preload;
  settings.trusted = evaluate::trusted_python_files();
  return settings;
}

// Of uids that a grader may use (config/option_table.cc), for slots with launchers of their own for
// tester and two compilers.
constexpr int kMostSlotsWithResidents = 145;

// The languages whose compilers may stay, in the registry's order.
std::vector<const LanguageDefinition*> with_resident(const config::GraderConfig& config,
                                                     const languages::Registry& languages) {
  std::vector<const LanguageDefinition*> found;
  if (!config.resident_compilers || config.workers > kMostSlotsWithResidents) return found;
  for (const std::string& id : languages.ids()) {
    const LanguageDefinition* language = languages.find(id);
    if (language->compile && language->compile->resident) found.push_back(language);
  }
  return found;
}

// Each in a sandbox of its own, whose launcher has a number beyond those of slots and testers.
std::unique_ptr<evaluate::ResidentCompilers> residents_of(
    int slot, int workers, const std::vector<const LanguageDefinition*>& languages,
    sandbox::Forkserver& forkserver) {
  std::map<std::string, int> launchers;
  for (const LanguageDefinition* language : languages) {
    const int place = 2 + static_cast<int>(launchers.size());
    launchers[language->id] = place * workers + slot;
  }
  return std::make_unique<evaluate::ResidentCompilers>(
      [launchers = std::move(launchers), &forkserver](
          const std::string& language,
          sandbox::RunSpec spec) -> std::unique_ptr<sandbox::Resident> {
        const auto launcher = launchers.find(language);
        if (launcher == launchers.end()) return nullptr;
        return std::make_unique<sandbox::LinuxResident>(forkserver, launcher->second,
                                                        std::move(spec));
      });
}

// What a sandbox needs of the kernel shows when a program runs in it, and should before requests
// come.
Expected<Done> try_first_slot(Slots& slots) {
  sandbox::RunSpec spec;
  spec.commands = {{"/bin/sh", "-c", "exit 0"}};
  FARM_TRY(const sandbox::RunOutcome outcome, slots.sandboxes.front()->run(spec));
  if (outcome.exit_code != 0) {
    return internal_error("sandbox: a shell in it does not work: " + outcome.stderr_bytes +
                          "; check /bin/sh and the libraries below /usr");
  }
  slots.isolation = outcome.isolation;
  slots.set_up = slots.sandboxes.front()->set_up();
  return Done{};
}

}  // namespace

std::filesystem::path languages_directory(const config::GraderConfig& config) {
  if (!config.languages_dir.empty()) return config.languages_dir;
  std::error_code
      ignored;  // an unreadable link leaves a path that the registry then names in its error
  return languages::default_directory(std::filesystem::read_symlink("/proc/self/exe", ignored));
}

std::int64_t Slots::launcher_restarts() const {
  std::int64_t total = 0;
  for (const auto& one : sandboxes) total += one->launcher_restarts();
  return total;
}

Expected<Slots> start_slots(const config::GraderConfig& config,
                            const languages::Registry& languages, const std::string& headers) {
  sandbox::LauncherSettings settings;
  settings.isolation =
      config.isolation.value_or(::geteuid() == 0 ? Isolation::kFull : Isolation::kReduced);
  if (settings.isolation == Isolation::kReduced) FARM_CHECK_OK(drop_privileges(config));
  settings.identities = identities(config);
  settings.root.readable_paths = readable_paths(config);
  if (!headers.empty()) settings.root.readable_as[evaluate::PrecompiledHeaders::kShownAt] = headers;
  settings.owner = ::getpid();
  settings.zygote = zygote(config, languages);
  FARM_CHECK_OK(sandbox::prepare_launcher_settings(settings));
  FARM_TRY(sandbox::Forkserver forkserver, sandbox::Forkserver::start(settings));
  Slots slots;
  slots.forkserver = std::make_unique<sandbox::Forkserver>(std::move(forkserver));
  const auto staying = with_resident(config, languages);
  for (int slot = 0; slot < config.workers; ++slot) {
    slots.sandboxes.push_back(
        std::make_unique<sandbox::LinuxSandbox>(*slots.forkserver, slot, config.workers + slot));
    slots.residents.push_back(
        staying.empty() ? nullptr : residents_of(slot, config.workers, staying, *slots.forkserver));
  }
  FARM_CHECK_OK(try_first_slot(slots));
  return slots;
}

Expected<std::optional<os::CappedDirectory>> open_bad_cases(const config::GraderConfig& config) {
  using Opened = std::optional<os::CappedDirectory>;
  if (config.bad_cases.directory.empty()) return Opened();
  os::CappedDirectorySettings settings;
  settings.path = config.bad_cases.directory;
  settings.max_bytes = config.bad_cases.max_bytes;
  settings.owner = identities(config).daemon();
  settings.is_ours = is_bad_case_file_name;
  FARM_TRY(os::CappedDirectory directory, os::CappedDirectory::open(std::move(settings)));
  return Opened(std::move(directory));
}

std::string compiler_directory(const config::GraderConfig& config) {
  const bool root = ::geteuid() == 0;
  std::string base = config.compile_cache_dir;
  if (base.empty() && root) base = "/var/cache/gradefarm";
  if (base.empty() && !config.cache_home.empty()) base = config.cache_home + "/gradefarm";
  if (base.empty()) return base;
  const unsigned user = root ? identities(config).daemon() : static_cast<unsigned>(::geteuid());
  return base + "/uid-" + std::to_string(user);
}

Expected<std::string> open_headers(const config::GraderConfig& config) {
  std::string directory = compiler_directory(config);
  if (directory.empty() || config.compile_cache.count == 0) return std::string();
  directory += "/headers";
  FARM_CHECK_OK(
      evaluate::PrecompiledHeaders::make_directory(directory, identities(config).daemon()));
  return directory;
}

std::optional<evaluate::PrecompiledHeaders> headers_in(const Expected<std::string>& directory,
                                                       const std::string& stamp) {
  if (!directory || directory->empty()) return std::nullopt;
  return evaluate::PrecompiledHeaders(*directory, stamp);
}

Expected<std::optional<os::CappedDirectory>> open_compile_cache(
    const config::GraderConfig& config) {
  using Opened = std::optional<os::CappedDirectory>;
  const std::string directory = compiler_directory(config);
  if (directory.empty() || config.compile_cache.count == 0) return Opened();
  os::CappedDirectorySettings settings;
  settings.path = directory + "/programs";
  settings.max_bytes = config.compile_cache;
  settings.owner = identities(config).daemon();
  settings.is_ours = evaluate::CompileCache::is_entry_name;
  settings.nobody_else_writes = true;
  FARM_TRY(os::CappedDirectory opened, os::CappedDirectory::open(std::move(settings)));
  return Opened(std::move(opened));
}

Expected<Done> drop_privileges(const config::GraderConfig& config) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return system_error("drop privileges: no_new_privs", errno);
  if (::geteuid() != 0) return Done{};
  const unsigned user = identities(config).daemon();
  if (::setgroups(0, nullptr) != 0) return system_error("drop privileges: setgroups", errno);
  if (::setresgid(user, user, user) != 0) return system_error("drop privileges: setresgid", errno);
  if (::setresuid(user, user, user) != 0) return system_error("drop privileges: setresuid", errno);
  if (::setuid(0) == 0) return internal_error("drop privileges: root came back");
  return Done{};
}

Bytes host_memory() {
  return {static_cast<std::int64_t>(::sysconf(_SC_PHYS_PAGES)) *
          static_cast<std::int64_t>(::sysconf(_SC_PAGESIZE))};
}

Bytes resident_memory(const config::GraderConfig& config, const languages::Registry& languages) {
  Bytes total;
  for (const LanguageDefinition* language : with_resident(config, languages))
    total = total + language->compile->resident->memory;
  return total;
}

evaluate::ServerLimits server_limits(const config::GraderConfig& config, Bytes memory,
                                     Bytes residents) {
  evaluate::ServerLimits limits;
  const Bytes slot{static_cast<std::int64_t>(static_cast<double>(memory.count) * kMemoryShare /
                                             std::max(1, config.workers))};
  // A tester may run beside each submission, under the farm's default limit.
  const Bytes share{
      std::max(slot.count - limits.defaults.memory.count - residents.count, slot.count / 2)};
  const config::LimitMaxima& from = config.maxima;
  evaluate::LimitValues& to = limits.maxima;
  to.compile_cpu = from.compile_cpu;
  to.run_cpu = from.run_cpu;
  to.run_wall = from.run_wall;
  to.total_wall = from.total_wall;
  to.compile_memory = std::min(from.compile_memory, share);
  to.memory = std::min(from.memory, share);
  to.stack = from.stack;
  to.output = from.output;
  to.return_output = from.return_output;
  to.tmpfs = from.tmpfs;
  to.processes = from.processes;
  to.open_files = from.open_files;
  to.tmpfs_inodes = from.tmpfs_inodes;
  return limits;
}

kafka::ClientConfig kafka_client(const config::GraderConfig& config) {
  kafka::ClientConfig client;
  client.brokers = config.kafka.brokers;
  client.kind = config.kafka.broker_kind == config::BrokerKind::kEmbedded
                    ? kafka::BrokerKind::kEmbedded
                    : kafka::BrokerKind::kApache;
  client.client_id = "gradefarm-grader";
  client.properties = config.kafka.properties;
  client.log = [](int syslog_level, std::string_view line) {
    const auto level =
        syslog_level <= 4 ? monitoring::LogLevel::kWarning : monitoring::LogLevel::kDebug;
    monitoring::log::write(level, "kafka client", {{"line", line}});
  };
  return client;
}

std::string grader_id() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return std::string(host.data()) + "-" + std::to_string(::getpid());
}

}  // namespace farm::grader
