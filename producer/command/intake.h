// Intake: what becomes of one input line: a request to submit, or at once a result that refuses it
// and names the line.
//
// For files made by hand, what only concerns the way is filled in where it is absent:
// `schema_version` 1, `trainer` and `request_id` ("line-17-<suffix>", unique in the farm, so that
// graders do not take the requests of two files for one). All else is left as it is; the grader
// sees the same text. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <variant>

#include "producer/command/line_reader.h"
#include "schemas/request.h"
#include "schemas/result.h"

namespace farm::command {

struct AcceptedLine {
  std::string request_id;
  std::string json;
};

class Intake {
 public:
  Intake(std::string trainer, std::string id_suffix, DecodeBounds bounds = {})
      : trainer_(std::move(trainer)), id_suffix_(std::move(id_suffix)), bounds_(bounds) {}

  // Verdict of a refusal: rejected. Reasons: not a valid request, longer than a line may be, or an
  // id that an earlier line has (two answers of one id could not be told apart).
  std::variant<AcceptedLine, EvaluationResult> take(Line line);

 private:
  std::string trainer_;
  std::string id_suffix_;
  DecodeBounds bounds_;
  std::unordered_map<std::string, std::int64_t> line_of_id_;
};

}  // namespace farm::command
