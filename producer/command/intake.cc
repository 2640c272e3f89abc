#include "producer/command/intake.h"

#include <utility>

#include "schemas/fill_in.h"

namespace farm::command {

std::variant<AcceptedLine, EvaluationResult> Intake::take(Line line) {
  const std::string where = "line " + std::to_string(line.number);
  const auto refuse = [&](const RequestIdentity& identity, const std::string& why) {
    return unjudged_result(identity, Verdict::kRejected, where + ": " + why);
  };
  if (line.too_long) {
    return refuse({}, "longer than the " + std::to_string(bounds_.max_request.count) +
                          " bytes that a request may have");
  }
  RequestDefaults defaults;
  defaults.request_id = "line-" + std::to_string(line.number) + "-" + id_suffix_;
  defaults.trainer = trainer_;
  std::string json = fill_in(std::move(line.text), defaults);
  auto request = decode_request(json, bounds_);
  if (!request) return refuse(peek_identity(json, bounds_), request.error().text());

  const auto [first, is_new] = line_of_id_.emplace(request->request_id, line.number);
  if (!is_new) {
    return refuse(peek_identity(json, bounds_), "request_id \"" + request->request_id +
                                                    "\" is that of line " +
                                                    std::to_string(first->second) + " already");
  }
  return AcceptedLine{std::move(request->request_id), std::move(json)};
}

}  // namespace farm::command
