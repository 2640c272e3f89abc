#include "monitoring/log.h"

#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>

namespace farm::monitoring::log {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

struct ProcessLog {
  std::shared_ptr<spdlog::sinks::ansicolor_stderr_sink_mt> sink =
      std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>(spdlog::color_mode::automatic);
  spdlog::logger logger{"gradefarm", sink};
  std::atomic<bool> json{false};

  ProcessLog() {
    logger.flush_on(spdlog::level::trace);  // a line must survive the crash that it explains
    configure(LogConfig{});
  }

  // The patterns hold the text around what log_line.h makes; times are UTC, so that hosts can be
  // compared.
  void configure(const LogConfig& config) {
    const bool use_json = config.format == LogFormat::kJson ||
                          (config.format == LogFormat::kAuto && ::isatty(STDERR_FILENO) == 0);
    json.store(use_json);
    logger.set_pattern(use_json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
                                : "%Y-%m-%d %H:%M:%S.%e %^%-7l%$ %v",
                       spdlog::pattern_time_type::utc);
    logger.set_level(to_spdlog(config.level));
  }
};

// Never destroyed: threads that outlive main's locals may still log.
ProcessLog& process_log() {
  static ProcessLog& instance = *new ProcessLog;
  return instance;
}

}  // namespace

void configure(const LogConfig& config) { process_log().configure(config); }

bool enabled(LogLevel level) { return process_log().logger.should_log(to_spdlog(level)); }

void write(LogLevel level, std::string_view message, std::initializer_list<Field> fields) {
  ProcessLog& process = process_log();
  const auto spdlog_level = to_spdlog(level);
  if (!process.logger.should_log(spdlog_level)) return;
  const std::string line =
      process.json.load() ? json_members(message, fields) : text_line(message, fields);
  process.logger.log(spdlog_level, spdlog::string_view_t(line));  // as text: never a format string
}

void debug(std::string_view message, std::initializer_list<Field> fields) {
  write(LogLevel::kDebug, message, fields);
}
void info(std::string_view message, std::initializer_list<Field> fields) {
  write(LogLevel::kInfo, message, fields);
}
void warning(std::string_view message, std::initializer_list<Field> fields) {
  write(LogLevel::kWarning, message, fields);
}
void error(std::string_view message, std::initializer_list<Field> fields) {
  write(LogLevel::kError, message, fields);
}

}  // namespace farm::monitoring::log
