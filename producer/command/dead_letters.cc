#include "producer/command/dead_letters.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <mutex>
#include <utility>

#include "grader/kafka/tail.h"
#include "producer/command/broker_config.h"
#include "producer/command/exit_codes.h"
#include "schemas/bad_case.h"
#include "schemas/dead_letter.h"
#include "schemas/topics.h"

namespace farm::command {
namespace {

using Action = config::DeadLettersOptions::Action;

constexpr Milliseconds kTimeout{60'000};
// What a grader added: the next one says it anew.
constexpr std::array kAdded = {headers::kError, headers::kOriginalTopic,
                               headers::kOriginalPartition, headers::kOriginalOffset,
                               headers::kGrader};

void complain(const std::string& text) { std::fprintf(stderr, "gradefarm: %s\n", text.c_str()); }

std::string header(const kafka::Record& letter, std::string_view key) {
  return std::string(kafka::find_header(letter.headers, key).value_or(""));
}

std::string harmless(std::string text, std::size_t most) {
  if (text.size() > most) text.resize(most);
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return text.empty() ? "-" : text;
}

// All that are there now, oldest first in each partition.
Expected<std::vector<kafka::Record>> read_letters(const kafka::ClientConfig& client) {
  std::mutex mutex;
  std::vector<kafka::Record> letters;
  FARM_TRY(const auto tail, kafka::Tail::create(
                                client, std::string(topics::kDeadLetters),
                                [&](kafka::Record record) {
                                  const std::lock_guard lock(mutex);
                                  letters.push_back(std::move(record));
                                },
                                kafka::Tail::From::kBeginning));
  FARM_CHECK_OK(tail->await_caught_up(kTimeout));
  const std::lock_guard lock(mutex);
  return letters;
}

// Those that are named. Errors: kInvalidRequest naming an id that is none, or of no letter.
Expected<std::vector<kafka::Record>> chosen(std::vector<kafka::Record> letters,
                                            const config::DeadLettersOptions& options) {
  if (options.letters.empty()) return letters;
  std::vector<kafka::Record> found;
  for (const std::string& name : options.letters) {
    const auto id = parse_letter_id(name);
    if (!id) return invalid_request("'" + name + "' is no id of a dead letter, as in 0:17");
    const auto letter = std::find_if(letters.begin(), letters.end(),
                                     [&](const auto& one) { return id_of(one) == *id; });
    if (letter == letters.end())
      return invalid_request("there is no dead letter " + name + ", or not any more");
    found.push_back(*letter);
  }
  return found;
}

Expected<Done> requeue(const std::vector<kafka::Record>& letters,
                       const kafka::ClientConfig& client) {
  // Before the producer, whose reports write to them.
  std::mutex mutex;
  std::optional<Error> failure;
  kafka::ProducerConfig config;
  config.client = client;
  FARM_TRY(const auto producer, kafka::Producer::create(config));
  for (const kafka::Record& letter : letters) {
    const std::string id = text_of(id_of(letter));
    FARM_TRY(kafka::OutgoingRecord record, requeued(letter));
    std::printf("%s to %s\n", id.c_str(), record.topic.c_str());
    FARM_CHECK_OK(
        producer->publish(std::move(record), [&, id](const Expected<kafka::Delivery>& delivery) {
          if (delivery) return;
          const std::lock_guard lock(mutex);
          failure = delivery.error();
          failure->what = "dead letter " + id + ": " + failure->what;
        }));
  }
  FARM_CHECK_OK(producer->flush(kTimeout));
  const std::lock_guard lock(mutex);
  if (failure) return *failure;
  return Done{};
}

Expected<Done> run(const config::DeadLettersOptions& options) {
  const auto client = client_config(options.kafka);
  FARM_CHECK_OK(kafka::check_reachable(client, kTimeout));
  FARM_TRY(std::vector<kafka::Record> all, read_letters(client));
  FARM_TRY(const std::vector<kafka::Record> letters, chosen(std::move(all), options));
  if (options.action == Action::kRequeue) return requeue(letters, client);
  for (const kafka::Record& letter : letters) {
    const std::string line =
        options.action == Action::kList
            ? letter_line(letter)
            : encode_dead_letter(
                  {text_of(id_of(letter)), letter.timestamp_unix_ms, letter.headers, letter.value});
    std::printf("%s\n", line.c_str());
  }
  return Done{};
}

}  // namespace

std::optional<LetterId> parse_letter_id(std::string_view text) {
  LetterId id;
  const char* const end = text.data() + text.size();
  const auto partition = std::from_chars(text.data(), end, id.partition);
  if (partition.ec != std::errc() || partition.ptr == end || *partition.ptr != ':')
    return std::nullopt;
  const auto offset = std::from_chars(partition.ptr + 1, end, id.offset);
  if (offset.ec != std::errc() || offset.ptr != end) return std::nullopt;
  if (id.partition < 0 || id.offset < 0) return std::nullopt;
  return id;
}

std::string text_of(const LetterId& id) {
  return std::to_string(id.partition) + ":" + std::to_string(id.offset);
}

LetterId id_of(const kafka::Record& letter) {
  return {letter.position.partition, letter.position.offset};
}

std::string letter_line(const kafka::Record& letter) {
  return text_of(id_of(letter)) + "  " + rfc3339_text(letter.timestamp_unix_ms) + "  " +
         harmless(header(letter, headers::kOriginalTopic), 249) + "  " +
         harmless(header(letter, headers::kRequestId), 64) + "  " +
         std::to_string(letter.value.size()) + " bytes  " +
         harmless(header(letter, headers::kError), 300);
}

Expected<kafka::OutgoingRecord> requeued(const kafka::Record& letter) {
  const std::string id = text_of(id_of(letter));
  kafka::OutgoingRecord record;
  record.topic = header(letter, headers::kOriginalTopic);
  if (!record.topic.starts_with(topics::kRequestsPrefix)) {
    return invalid_request("dead letter " + id + " does not say which topic of requests it is of");
  }
  record.key = letter.key;
  record.value = letter.value;
  for (const auto& one : letter.headers) {
    if (std::find(kAdded.begin(), kAdded.end(), one.first) == kAdded.end())
      record.headers.push_back(one);
  }
  return record;
}

int dead_letters(const config::DeadLettersOptions& options) {
  const auto done = run(options);
  std::fflush(stdout);
  if (done) return kExitOk;
  complain(done.error().text());
  return done.error().request_fault() ? kExitUnanswered : kExitBroker;
}

}  // namespace farm::command
