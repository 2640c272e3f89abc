#include "producer/command/status.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <thread>
#include <vector>

#include "grader/kafka/tail.h"
#include "producer/command/broker_config.h"
#include "producer/command/exit_codes.h"
#include "schemas/topics.h"

namespace farm::command {
namespace {

using std::chrono::steady_clock;

constexpr Milliseconds kTick{100};
constexpr Milliseconds kRedraw{2'000};
// Three reports missed: it ended, or cannot reach the broker.
constexpr std::int64_t kSilentMs = 15'000;

std::string duration_text(std::int64_t ms) {
  if (ms < 0) ms = 0;
  if (ms < 1'000) return std::to_string(ms) + " ms";
  const std::int64_t seconds = ms / 1'000;
  if (seconds < 120) return std::to_string(seconds) + " s";
  if (seconds < 7'200) return std::to_string(seconds / 60) + " min";
  if (seconds < 172'800) return std::to_string(seconds / 3'600) + " h";
  return std::to_string(seconds / 86'400) + " d";
}

// Ids are made up by trainers.
std::string harmless(std::string_view text) {
  std::string safe(text.substr(0, 64));
  std::replace_if(
      safe.begin(), safe.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return safe;
}

// The conditions that are not met, without those that are.
std::string unmet(const std::string& conditions) {
  std::string found;
  std::size_t start = 0;
  while (start < conditions.size()) {
    const std::size_t end = std::min(conditions.find('\n', start), conditions.size());
    const std::string line = conditions.substr(start, end - start);
    if (line.starts_with("not ready")) found += "  " + harmless(line) + "\n";
    start = end + 1;
  }
  return found;
}

std::int64_t now_unix_ms() {
  return std::chrono::duration_cast<Milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// What the tail's thread hands over.
struct Inbox {
  std::mutex mutex;
  std::map<std::string, SeenReport> graders;
  std::vector<std::string> unprinted;  // for --json --watch
};

void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace

std::string status_table(const std::map<std::string, SeenReport>& graders,
                         std::int64_t now_unix_ms) {
  using Row = std::array<std::string, 8>;
  std::vector<Row> rows = {
      {"GRADER", "POOL", "STATE", "BUSY", "PARTITIONS", "GRADED", "WAIT p50/p95/max", "UP"}};
  std::vector<std::string> below = {""};
  std::int64_t busy = 0;
  std::int64_t slots = 0;
  for (const auto& [id, seen] : graders) {
    const GraderStatus& grader = seen.status;
    const std::int64_t age = now_unix_ms - seen.arrived_unix_ms;
    const bool silent = age > kSilentMs;
    const QueueWaits& waits = grader.waits;
    rows.push_back(
        {harmless(id), harmless(grader.pool),
         silent ? "silent " + duration_text(age) : (grader.ready ? "ready" : "not ready"),
         std::to_string(grader.running.size()) + "/" + std::to_string(grader.slots),
         std::to_string(grader.partitions), std::to_string(grader.graded),
         waits.count == 0
             ? "-"
             : duration_text(waits.median.count()) + "/" + duration_text(waits.p95.count()) + "/" +
                   duration_text(waits.longest.count()),
         duration_text(grader.sent_unix_ms - grader.started_unix_ms)});
    std::string details = unmet(grader.conditions);
    for (const RunningRequest& one : grader.running) {
      details += "  slot " + std::to_string(one.slot) + "  " + harmless(one.language) + "  " +
                 harmless(one.trainer) + "  " + harmless(one.request_id) + "  " +
                 duration_text(grader.sent_unix_ms - one.since_unix_ms) + "\n";
    }
    below.push_back(std::move(details));
    busy += static_cast<std::int64_t>(grader.running.size());
    slots += grader.slots;
  }
  std::array<std::size_t, 8> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string table;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < rows[r].size(); ++i) {
      line += rows[r][i];
      if (i + 1 < rows[r].size()) line.append(widths[i] - rows[r][i].size() + 2, ' ');
    }
    table += line + "\n" + below[r];
  }
  return table + std::to_string(graders.size()) +
         (graders.size() == 1 ? " grader, " : " graders, ") + std::to_string(busy) + " of " +
         std::to_string(slots) + " slots busy\n";
}

int status(const config::StatusOptions& options, const Interrupt& interrupt) {
  Inbox inbox;
  const auto on_record = [&inbox](const kafka::Record& record) {
    auto report = decode_grader_status(record.value);
    if (!report) return;  // not by a grader
    const std::lock_guard lock(inbox.mutex);
    inbox.unprinted.push_back(encode_grader_status(*report));
    const std::string grader = report->grader;
    inbox.graders[grader] = {std::move(*report), now_unix_ms()};
  };
  const auto tail = kafka::Tail::create(client_config(options.kafka),
                                        std::string(farm::topics::kStatus), on_record);
  if (!tail) {
    std::fprintf(stderr, "gradefarm: %s\n", tail.error().text().c_str());
    return kExitBroker;
  }
  const auto graders = [&inbox] {
    const std::lock_guard lock(inbox.mutex);
    return inbox.graders;
  };
  const auto end = steady_clock::now() + options.wait;
  auto redraw = end;
  while (!interrupt.pending() && (options.watch || steady_clock::now() < end)) {
    std::this_thread::sleep_for(kTick);
    if (!options.watch) continue;
    if (options.json) {
      std::vector<std::string> lines;
      {
        const std::lock_guard inbox_lock(inbox.mutex);
        lines.swap(inbox.unprinted);
      }
      for (const std::string& line : lines) print(line + "\n");
    } else if (steady_clock::now() >= redraw) {
      // Home and clear, on a terminal only: a file gets one table after the other.
      print((::isatty(STDOUT_FILENO) != 0 ? "\x1b[H\x1b[2J" : "") +
            status_table(graders(), now_unix_ms()));
      redraw = steady_clock::now() + kRedraw;
    }
  }
  const auto found = graders();
  if (options.json && !options.watch) {
    for (const auto& [id, report] : found) print(encode_grader_status(report.status) + "\n");
  } else if (!options.json && !options.watch) {
    print(status_table(found, now_unix_ms()));
  }
  if (found.empty()) {
    std::fprintf(stderr,
                 "gradefarm: no grader reported within %lld ms; each does every 5 s once it "
                 "serves\n",
                 static_cast<long long>(options.wait.count()));
    return kExitUnanswered;
  }
  return kExitOk;
}

}  // namespace farm::command
