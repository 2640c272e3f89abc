#include "producer/command/grade.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "producer/client.h"
#include "producer/command/answers.h"
#include "producer/command/broker_config.h"
#include "producer/command/embedded_farm.h"
#include "producer/command/exit_codes.h"
#include "producer/command/intake.h"
#include "producer/command/line_reader.h"
#include "producer/command/output.h"
#include "producer/command/status_line.h"
#include "producer/command/tally.h"
#include "producer/random_name.h"

namespace farm::command {
namespace {

constexpr Milliseconds kReachTimeout{10'000};
// How long a signal, the death of a grader or a line of progress may wait.
constexpr Milliseconds kTick{100};
constexpr int kLinesPerStep = 64;  // then answers have their turn
constexpr Milliseconds kEmbeddedResubmitAfter{15'000};
// When the grader is told to end, either all is answered or nobody waits for the rest.
constexpr Milliseconds kDrainTimeout{1'000};

Milliseconds since(SteadyTime start) {
  return std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - start);
}

void complain(const std::string& text) { std::fprintf(stderr, "gradefarm: %s\n", text.c_str()); }

// What ended the run before every request had its answer: an exit code and the reason, if it has to
// be said.
struct Ending {
  int exit_code = kExitOk;
  std::string reason;
};

struct Input {
  os::UniqueFd owned;
  int fd = STDIN_FILENO;
  std::optional<std::int64_t> bytes;  // of a regular file
};

Expected<Input> open_input(const std::string& path) {
  Input input;
  if (path != "-") {
    input.owned.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!input.owned) return system_error("open " + path, errno);
    input.fd = input.owned.get();
  }
  struct stat status {};
  if (::fstat(input.fd, &status) == 0 && S_ISREG(status.st_mode)) input.bytes = status.st_size;
  return input;
}

class GradeRun {
 public:
  GradeRun(const config::GradeOptions& options, const Interrupt& interrupt, Input input,
           Output output, const std::string& session)
      : options_(options),
        interrupt_(interrupt),
        input_(std::move(input)),
        output_(std::move(output)),
        reader_(input_.fd, DecodeBounds{}.max_request),
        intake_(trainer_of(options, session), session),
        status_(STDERR_FILENO, options.progress == config::GradeOptions::Progress::kAuto &&
                                   ::isatty(STDERR_FILENO) == 1 && !output_.is_terminal()) {}

  // Names the replies' topic as well: a session's answers are nobody else's.
  static std::string trainer_of(const config::GradeOptions& options, const std::string& session) {
    return options.trainer + "-" + session;
  }

  int run(producer::Client& client, EmbeddedFarm* farm);

 private:
  // Each returns what ends the run, if something does.
  std::optional<Ending> step(producer::Client& client, EmbeddedFarm* farm);
  std::optional<Ending> write(const EvaluationResult& result);
  std::optional<Ending> write_answers();
  std::optional<Ending> submit_lines(producer::Client& client);
  std::optional<Ending> wait_and_read();
  std::optional<Ending> cut_short(EmbeddedFarm* farm) const;

  bool finished() const { return reader_.finished() && !next_ && tally_.total() == lines_; }
  Progress progress() const;

  const config::GradeOptions& options_;
  const Interrupt& interrupt_;
  Input input_;
  Output output_;
  LineReader reader_;
  Intake intake_;
  StatusLine status_;
  Answers answers_;
  Tally tally_;
  std::optional<AcceptedLine> next_;  // read, and waiting for room
  bool lines_left_ = false;           // the reader may have another line without reading
  std::int64_t lines_ = 0;            // taken from the reader; each becomes one result
  const SteadyTime start_ = std::chrono::steady_clock::now();
};

int GradeRun::run(producer::Client& client, EmbeddedFarm* farm) {
  std::optional<Ending> ending;
  while (!ending && !finished()) ending = step(client, farm);

  const auto stats = client.stats();
  // Closing resolves the rest as `cancelled`: nobody judged that, so it is not written.
  client.close();
  status_.clear();
  const std::int64_t unanswered = stats.submitted - stats.answered + (next_ ? 1 : 0);
  std::fputs(summary_table(tally_, unanswered, since(start_)).c_str(), stderr);
  if (ending && !ending->reason.empty()) complain(ending->reason);
  if (ending) return ending->exit_code;
  return unanswered > 0 ? kExitUnanswered : kExitOk;
}

std::optional<Ending> GradeRun::step(producer::Client& client, EmbeddedFarm* farm) {
  if (auto ending = write_answers()) return ending;
  if (finished()) return std::nullopt;
  if (auto ending = cut_short(farm)) return ending;
  if (auto ending = submit_lines(client)) return ending;
  status_.show(std::chrono::steady_clock::now(),
               [&](std::size_t columns) { return progress_line(progress(), tally_, columns); });
  return wait_and_read();
}

std::optional<Ending> GradeRun::write(const EvaluationResult& result) {
  if (auto written = output_.write_line(encode_result(result)); !written) {
    const Error& error = written.error();
    return Ending{error.code == ErrorCode::kUnavailable ? kExitUnanswered : kExitFile,
                  error.text()};
  }
  tally_.count(result.verdict);
  return std::nullopt;
}

std::optional<Ending> GradeRun::write_answers() {
  for (const auto& result : answers_.take_all()) {
    if (auto ending = write(result)) return ending;
  }
  return std::nullopt;
}

std::optional<Ending> GradeRun::submit_lines(producer::Client& client) {
  lines_left_ = true;
  for (int i = 0; i < kLinesPerStep; ++i) {
    if (!next_) {
      auto line = reader_.take();
      if (!line) {
        lines_left_ = false;
        return std::nullopt;
      }
      ++lines_;
      auto taken = intake_.take(std::move(*line));
      if (const auto* refused = std::get_if<EvaluationResult>(&taken)) {
        if (auto ending = write(*refused)) return ending;
        continue;
      }
      next_ = std::get<AcceptedLine>(std::move(taken));
    }
    producer::OnResult on_result = [this](EvaluationResult r) { answers_.push(std::move(r)); };
    if (!client.try_submit_json(next_->json, on_result)) {
      lines_left_ = false;  // until an answer makes room
      return std::nullopt;
    }
    next_.reset();
  }
  return std::nullopt;
}

std::optional<Ending> GradeRun::wait_and_read() {
  const bool wants_input = !next_ && !lines_left_ && !reader_.at_end();
  std::array<pollfd, 2> waiting = {
      {{answers_.wake_fd(), POLLIN, 0}, {wants_input ? input_.fd : -1, POLLIN, 0}}};
  const auto timeout = lines_left_ ? Milliseconds{0} : kTick;
  if (::poll(waiting.data(), waiting.size(), static_cast<int>(timeout.count())) <= 0) {
    return std::nullopt;
  }
  if (waiting[1].revents == 0) return std::nullopt;
  if (auto filled = reader_.fill(); !filled) return Ending{kExitFile, filled.error().text()};
  return std::nullopt;
}

std::optional<Ending> GradeRun::cut_short(EmbeddedFarm* farm) const {
  if (const auto signal = interrupt_.pending()) {
    return Ending{kExitSignalBase + *signal, "interrupted"};
  }
  if (options_.timeout.count() > 0 && since(start_) >= options_.timeout) {
    return Ending{kExitUnanswered, "gave up after " + duration_text(options_.timeout)};
  }
  if (farm && farm->grader()) {
    if (const auto status = farm->grader()->exited()) {
      return Ending{kExitGrader, "the grader ended with " + status->text() + ":\n" +
                                     farm->grader()->stderr_tail()};
    }
  }
  return std::nullopt;
}

Progress GradeRun::progress() const {
  Progress progress;
  progress.lines_read = lines_;
  progress.bytes_read = reader_.bytes_read();
  progress.input_bytes = input_.bytes;
  progress.input_ended = reader_.finished();
  progress.elapsed = since(start_);
  return progress;
}

int exit_code_of(const Error& error) {
  return error.request_fault() ? config::kUsageExitCode : kExitBroker;
}

producer::ClientOptions client_options(const config::GradeOptions& options,
                                       const std::string& session) {
  producer::ClientOptions client;
  client.kafka = client_config(options.kafka);
  client.trainer = GradeRun::trainer_of(options, session);
  client.pool = options.pool;
  client.blob_dir = options.blob_dir;
  client.max_outstanding = options.max_outstanding;
  client.resubmit_after = options.resubmit_after;
  return client;
}

// The embedded broker forgets: what suits it is an upper bound to what was asked.
void suit_embedded(producer::ClientOptions& client) {
  client.max_outstanding =
      std::min(client.max_outstanding, kafka::EmbeddedBroker::kMaxOutstandingPerPartition *
                                           kafka::EmbeddedBroker::kPartitions);
  client.resubmit_after = std::min(client.resubmit_after, kEmbeddedResubmitAfter);
}

Expected<std::unique_ptr<EmbeddedFarm>> start_farm(const config::GradeOptions& options,
                                                   const Interrupt& interrupt) {
  EmbeddedFarmOptions farm;
  farm.grader = options.grader;
  farm.pool = options.pool;
  farm.blob_dir = options.blob_dir;
  farm.drain_timeout = kDrainTimeout;
  farm.keep_stderr = options.log.level != monitoring::LogLevel::kDebug;
  return EmbeddedFarm::start(std::move(farm), [&] { return interrupt.pending().has_value(); });
}

}  // namespace

int grade(const config::GradeOptions& options, const Interrupt& interrupt) {
  auto input = open_input(options.input);
  if (!input) return complain(input.error().text()), kExitFile;
  auto output = Output::open(options.out);
  if (!output) return complain(output.error().text()), kExitFile;

  const std::string session = producer::random_name();
  auto client_setup = client_options(options, session);
  std::unique_ptr<EmbeddedFarm> farm;
  if (options.embedded) {
    auto started = start_farm(options, interrupt);
    if (const auto signal = interrupt.pending()) return kExitSignalBase + *signal;
    if (!started) return complain(started.error().text()), kExitGrader;
    farm = std::move(started).value();
    client_setup.kafka = farm->client_config();
    client_setup.blob_dir = farm->blob_dir();
    complain("using a broker of my own, which keeps nothing on disk: not for production");
  } else if (auto reached = kafka::check_reachable(client_setup.kafka, kReachTimeout); !reached) {
    return complain(reached.error().text()), exit_code_of(reached.error());
  }
  if (client_setup.kafka.kind == kafka::BrokerKind::kEmbedded) suit_embedded(client_setup);

  GradeRun run(options, interrupt, std::move(input).value(), std::move(output).value(), session);
  auto client = producer::Client::create(std::move(client_setup));
  if (!client) return complain(client.error().text()), exit_code_of(client.error());
  const int exit_code = run.run(*client.value(), farm.get());
  if (farm) farm->stop([] { return false; });
  return exit_code;
}

}  // namespace farm::command
