#include "producer/command/replay.h"

#include <chrono>
#include <cstdio>
#include <future>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "grader/os/files.h"
#include "producer/client.h"
#include "producer/command/broker_config.h"
#include "producer/command/embedded_farm.h"
#include "producer/command/exit_codes.h"
#include "producer/command/replay_diff.h"
#include "producer/random_name.h"

namespace farm::command {
namespace {

constexpr Bytes kMaxFile = mib(512);
constexpr Milliseconds kReachTimeout{10'000};
constexpr Milliseconds kTick{100};  // how long a signal or the death of a grader may wait
constexpr Milliseconds kDrainTimeout{1'000};

void complain(const std::string& text) { std::fprintf(stderr, "gradefarm: %s\n", text.c_str()); }

// An exit code and, where it has to be said, the reason.
struct Ending {
  int exit_code = kExitOk;
  std::string reason;
};

struct Case {
  std::string file;
  BadCase bad_case;
  std::future<EvaluationResult> answer;
};

Expected<std::vector<Case>> read_cases(const std::vector<std::string>& files) {
  std::vector<Case> cases;
  for (const std::string& file : files) {
    FARM_TRY(const std::string text, os::read_file(file, kMaxFile));
    auto bad_case = decode_bad_case(text);
    if (!bad_case) return invalid_request(file + " is no bad case: " + bad_case.error().what);
    cases.push_back({file, *std::move(bad_case), {}});
  }
  return cases;
}

class ReplayRun {
 public:
  ReplayRun(const config::ReplayOptions& options, const Interrupt& interrupt,
            std::vector<Case> cases, std::string session)
      : options_(options),
        interrupt_(interrupt),
        cases_(std::move(cases)),
        trainer_(options.trainer + "-" + std::move(session)) {}

  const std::string& trainer() const { return trainer_; }
  int run(producer::Client& client, EmbeddedFarm* farm);

 private:
  std::optional<Ending> submit_all(producer::Client& client, EmbeddedFarm* farm);
  std::optional<Ending> print_all(EmbeddedFarm* farm);
  std::optional<Ending> cut_short(EmbeddedFarm* farm) const;
  void print(const Case& one, const EvaluationResult& second);

  const config::ReplayOptions& options_;
  const Interrupt& interrupt_;
  std::vector<Case> cases_;
  const std::string trainer_;
  std::size_t same_ = 0;
  std::size_t different_ = 0;
  const SteadyTime start_ = std::chrono::steady_clock::now();
};

std::optional<Ending> ReplayRun::cut_short(EmbeddedFarm* farm) const {
  if (const auto signal = interrupt_.pending())
    return Ending{kExitSignalBase + *signal, "interrupted"};
  if (options_.timeout.count() > 0 &&
      std::chrono::steady_clock::now() - start_ >= options_.timeout) {
    return Ending{kExitUnanswered,
                  "gave up after " + std::to_string(options_.timeout.count()) + " ms"};
  }
  if (farm != nullptr && farm->grader()) {
    if (const auto status = farm->grader()->exited()) {
      return Ending{kExitGrader, "the grader ended with " + status->text() + ":\n" +
                                     farm->grader()->stderr_tail()};
    }
  }
  return std::nullopt;
}

std::optional<Ending> ReplayRun::submit_all(producer::Client& client, EmbeddedFarm* farm) {
  for (std::size_t i = 0; i < cases_.size(); ++i) {
    auto promise = std::make_shared<std::promise<EvaluationResult>>();
    cases_[i].answer = promise->get_future();
    auto made = request_to_replay(cases_[i].bad_case, "replay-" + std::to_string(i), trainer_);
    if (auto* refused = std::get_if<EvaluationResult>(&made)) {
      promise->set_value(std::move(*refused));
      continue;
    }
    auto& json = std::get<std::string>(made);
    producer::OnResult on_result = [promise](EvaluationResult result) {
      promise->set_value(std::move(result));
    };
    while (!client.try_submit_json(json, on_result)) {
      if (auto ending = cut_short(farm)) return ending;
      (void)client.wait_for_room(json.size(), kTick);
    }
  }
  return std::nullopt;
}

std::optional<Ending> ReplayRun::print_all(EmbeddedFarm* farm) {
  for (Case& one : cases_) {
    while (one.answer.wait_for(kTick) != std::future_status::ready) {
      if (auto ending = cut_short(farm)) return ending;
    }
    print(one, one.answer.get());
  }
  return std::nullopt;
}

void ReplayRun::print(const Case& one, const EvaluationResult& second) {
  const auto found = differences(one.bad_case.result, second);
  (found.empty() ? same_ : different_) += 1;
  std::string text = (found.empty() ? "same      " : "different ") + one.file + ": " +
                     std::string(word(second.verdict)) + "\n";
  for (const Difference& difference : found) text += line_of(difference);
  std::fputs(text.c_str(), stdout);
}

int ReplayRun::run(producer::Client& client, EmbeddedFarm* farm) {
  auto ending = submit_all(client, farm);
  if (!ending) ending = print_all(farm);
  client.close();
  const bool written = std::fflush(stdout) == 0;
  std::fprintf(stderr, "%zu same, %zu different, %zu without an answer\n", same_, different_,
               cases_.size() - same_ - different_);
  if (ending && !ending->reason.empty()) complain(ending->reason);
  if (ending) return ending->exit_code;
  if (!written) return kExitFile;
  return different_ > 0 ? kExitDifferent : kExitOk;
}

int exit_code_of(const Error& error) {
  return error.request_fault() ? config::kUsageExitCode : kExitBroker;
}

Expected<std::unique_ptr<EmbeddedFarm>> start_farm(const config::ReplayOptions& options,
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

std::variant<std::string, EvaluationResult> request_to_replay(const BadCase& bad_case,
                                                              const std::string& request_id,
                                                              const std::string& trainer) {
  auto request = decode_request(bad_case.request);
  if (!request) {
    return unjudged_result(peek_identity(bad_case.request), Verdict::kRejected,
                           request.error().text());
  }
  request->request_id = request_id;
  request->trainer = trainer;
  request->deadline_unix_ms.reset();
  request->environment.reset();
  return encode_request(*request);
}

int replay(const config::ReplayOptions& options, const Interrupt& interrupt) {
  auto cases = read_cases(options.files);
  if (!cases) return complain(cases.error().text()), kExitFile;
  ReplayRun run(options, interrupt, *std::move(cases), producer::random_name());

  producer::ClientOptions setup;
  setup.kafka = client_config(options.kafka);
  setup.trainer = run.trainer();
  setup.pool = options.pool;
  setup.blob_dir = options.blob_dir;
  std::unique_ptr<EmbeddedFarm> farm;
  if (options.embedded) {
    auto started = start_farm(options, interrupt);
    if (const auto signal = interrupt.pending()) return kExitSignalBase + *signal;
    if (!started) return complain(started.error().text()), kExitGrader;
    farm = *std::move(started);
    setup.kafka = farm->client_config();
    setup.blob_dir = farm->blob_dir();
  } else if (auto reached = kafka::check_reachable(setup.kafka, kReachTimeout); !reached) {
    return complain(reached.error().text()), exit_code_of(reached.error());
  }
  auto client = producer::Client::create(std::move(setup));
  if (!client) return complain(client.error().text()), exit_code_of(client.error());
  const int exit_code = run.run(**client, farm.get());
  if (farm) farm->stop([] { return false; });
  return exit_code;
}

}  // namespace farm::command
