#include "producer/command/collect.h"

#include <poll.h>

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include "grader/kafka/blob_store.h"
#include "grader/kafka/consumer.h"
#include "grader/kafka/topic_admin.h"
#include "grader/os/capped_directory.h"
#include "grader/os/files.h"
#include "producer/command/broker_config.h"
#include "producer/command/exit_codes.h"
#include "schemas/bad_case.h"
#include "schemas/blob.h"
#include "schemas/topics.h"

namespace farm::command {
namespace {

constexpr const char* kGroup = "gradefarm-bad-cases";
constexpr Milliseconds kPatience{10'000};
constexpr Milliseconds kTick{100};
// A group that has no partition for us has others that collect.
constexpr Milliseconds kJoinPatience{60'000};
constexpr Bytes kMaxBlob = mib(512);

void complain(const std::string& text) { std::fprintf(stderr, "gradefarm: %s\n", text.c_str()); }

Expected<std::string> text_of(const kafka::Record& record, const kafka::BlobStore* blobs) {
  FARM_TRY(const std::optional<BlobEnvelope> envelope, decode_blob_envelope(record.value));
  if (!envelope) return record.value;
  if (blobs == nullptr) return invalid_request("it is a blob: give --blob-dir");
  return blobs->get(envelope->blob, kMaxBlob, kPatience);
}

// Errors of the record are kInvalidRequest or kUnavailable; of the directory, others.
Expected<std::string> keep(const kafka::Record& record, const kafka::BlobStore* blobs,
                           os::CappedDirectory& directory) {
  FARM_TRY(const std::string text, text_of(record, blobs));
  FARM_TRY(const BadCase bad_case, decode_bad_case(text));
  const std::string name = bad_case_file_name(bad_case);
  FARM_CHECK_OK(directory.write(name, text + '\n'));
  return name;
}

int exit_code_of(const Error& error) {
  return error.request_fault() ? config::kUsageExitCode : kExitBroker;
}

int follow(kafka::Consumer& consumer, const kafka::BlobStore* blobs, os::CappedDirectory& directory,
           const config::CollectOptions& options, const Interrupt& interrupt) {
  std::int64_t kept = 0;
  std::int64_t passed_over = 0;
  int exit_code = kExitOk;
  const SteadyTime begun = std::chrono::steady_clock::now();
  std::optional<SteadyTime> last;  // something came, or could come: a partition is ours
  while (!interrupt.pending()) {
    if (const auto fatal = consumer.fatal()) {
      complain(fatal->text());
      exit_code = kExitBroker;
      break;
    }
    const auto record = consumer.pull();
    const SteadyTime now = std::chrono::steady_clock::now();
    if (!record) {
      if (!last && (consumer.stats().assigned_partitions > 0 || now - begun >= kJoinPatience))
        last = now;
      if (options.until_idle.count() > 0 && last && now - *last >= options.until_idle) break;
      pollfd waiting = {consumer.wake_fd(), POLLIN, 0};
      if (::poll(&waiting, 1, static_cast<int>(kTick.count())) > 0)
        os::clear_event(consumer.wake_fd());
      continue;
    }
    last = now;
    const auto name = keep(*record, blobs, directory);
    if (name) {
      ++kept;
      std::printf("%s/%s\n", directory.path().c_str(), name->c_str());
    } else {
      complain("record " + std::to_string(record->position.offset) + " of partition " +
               std::to_string(record->position.partition) + ": " + name.error().text());
      const bool of_the_record =
          name.error().request_fault() || name.error().code == ErrorCode::kUnavailable;
      if (!of_the_record) {
        exit_code = kExitFile;  // its offset stays uncommitted: it comes again
        break;
      }
      ++passed_over;
    }
    consumer.done(record->position);
  }
  consumer.close();
  std::fflush(stdout);
  std::fprintf(stderr, "%lld bad cases in %s, %lld records passed over\n",
               static_cast<long long>(kept), directory.path().c_str(),
               static_cast<long long>(passed_over));
  return exit_code;
}

}  // namespace

int collect(const config::CollectOptions& options, const Interrupt& interrupt) {
  auto directory =
      os::CappedDirectory::open({options.out, options.max_bytes, {}, is_bad_case_file_name});
  if (!directory) return complain(directory.error().text()), kExitFile;
  std::optional<kafka::BlobStore> blobs;
  if (!options.blob_dir.empty()) {
    auto opened = kafka::BlobStore::open(options.blob_dir);
    if (!opened) return complain(opened.error().text()), kExitFile;
    blobs.emplace(*std::move(opened));
  }

  const kafka::ClientConfig client = client_config(options.kafka);
  if (auto reached = kafka::check_reachable(client, kPatience); !reached)
    return complain(reached.error().text()), exit_code_of(reached.error());
  kafka::TopicSpec topic;
  topic.name = topics::kBadCases;
  topic.replication = kafka::TopicSpec::kBrokerDefault;
  if (auto created = kafka::create_topics(client, {topic}, kPatience); !created)
    complain(created.error().text());  // it may exist, and we may not be allowed to make it
  kafka::ConsumerConfig setup;
  setup.client = client;
  setup.group = kGroup;
  setup.topics = {topic.name};
  auto consumer = kafka::Consumer::create(std::move(setup));
  if (!consumer) return complain(consumer.error().text()), exit_code_of(consumer.error());
  return follow(**consumer, blobs ? &*blobs : nullptr, *directory, options, interrupt);
}

}  // namespace farm::command
