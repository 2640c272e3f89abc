// gradefarm dead-letters list|show|requeue: what no grader could answer, or should try again, kept
// in grading.dead-letters as it came, with headers that say why. Nothing is ever taken out of the
// topic but by its retention: what was requeued is listed still.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "grader/config/config.h"
#include "grader/kafka/producer.h"
#include "grader/kafka/record.h"
#include "schemas/expected.h"

namespace farm::command {

// Returns the exit code (exit_codes.h): kExitUnanswered where an id is of no letter. Letters go to
// stdout, what went wrong to stderr.
int dead_letters(const config::DeadLettersOptions& options);

// Where a letter stands in the topic, as people name it: "0:17" (partition and offset).
struct LetterId {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  bool operator==(const LetterId&) const = default;
};
std::optional<LetterId> parse_letter_id(std::string_view text);
std::string text_of(const LetterId& id);
LetterId id_of(const kafka::Record& letter);

// One line for people, without its end; headers were made up by others and are cut and cleaned.
std::string letter_line(const kafka::Record& letter);
// The record as it came to the grader, to where it came from. Errors: kInvalidRequest: it does not
// say from where, or that is no topic of requests.
Expected<kafka::OutgoingRecord> requeued(const kafka::Record& letter);

}  // namespace farm::command
