// Fields: the members of a JSON body as FastAPI's models read them: unknown members are ignored,
// numbers may be spelled as text, and all that does not fit is told at once in a 422.
//
//   Fields fields(body, {"body"}, problems);
//   request.code = fields.required_text("code");
//
// A getter that finds something wrong notes it and returns the default. Pure; refers to the body
// and the list of problems, which must outlive it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "producer/gateway/message.h"
#include "schemas/value.h"

namespace farm::gateway {

struct Problem {
  std::string type;                // "missing", "string_type", … as pydantic names them
  std::vector<std::string> where;  // "body", "config", "language"
  std::string message;
};

// 422 {"detail": [{"type", "loc", "msg"}, …]}; what was sent is not repeated.
Reply validation_reply(const std::vector<Problem>& problems);

class Fields {
 public:
  Fields(const Value& object, std::vector<std::string> where, std::vector<Problem>& problems);

  // The member; nullptr where it is absent. null is a value.
  const Value* find(std::string_view name) const;

  std::string required_text(std::string_view name);
  std::string text_or(std::string_view name, std::string_view otherwise);
  std::optional<std::string> nullable_text(std::string_view name);
  // One of `words`; anything else is a problem that lists them.
  std::string required_word(std::string_view name, const std::vector<std::string_view>& words);
  std::optional<std::string> nullable_word(std::string_view name,
                                           const std::vector<std::string_view>& words);
  double number_or(std::string_view name, double otherwise);
  std::optional<double> nullable_number(std::string_view name);
  std::int64_t integer_or(std::string_view name, std::int64_t otherwise);
  std::vector<std::string> texts(std::string_view name);

  void note(std::string_view name, std::string_view type, std::string_view message);

 private:
  const Value& object_;
  std::vector<std::string> where_;
  std::vector<Problem>& problems_;
};

// The number that pydantic would read here: a number, or text that spells one, or a bool.
std::optional<double> as_number(const Value& value);

}  // namespace farm::gateway
