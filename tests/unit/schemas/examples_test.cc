// Every file under schemas/examples is a test of its own name.
#include <gtest/gtest.h>

#include <optional>
#include <sstream>

#include "schemas/language.h"
#include "schemas/request.h"
#include "schemas/result.h"
#include "tests/unit/schemas/golden.h"

namespace farm {
namespace {

// What one kind of message is decoded with. `again` encodes what was decoded and decodes that; the
// text of both encodings must agree. Languages have no encoder.
struct Kind {
  std::string_view prefix;
  std::string_view schema_file;
};
constexpr Kind kKinds[] = {{"request_", "evaluation_request.schema.json"},
                           {"result_", "evaluation_result.schema.json"},
                           {"language_", "language.schema.json"}};

const Kind& kind_of(const std::string& name) {
  for (const Kind& kind : kKinds) {
    if (name.starts_with(kind.prefix)) return kind;
  }
  ADD_FAILURE() << name << " begins with no kind of message";
  return kKinds[0];
}

std::optional<Error> refusal(const std::string& name, const std::string& text) {
  if (name.starts_with("request_")) {
    const auto decoded = decode_request(text);
    return decoded ? std::nullopt : std::optional(decoded.error());
  }
  if (name.starts_with("result_")) {
    const auto decoded = decode_result(text);
    return decoded ? std::nullopt : std::optional(decoded.error());
  }
  const auto decoded = decode_language(text);
  return decoded ? std::nullopt : std::optional(decoded.error());
}

class ValidExample : public testing::TestWithParam<std::string> {
 protected:
  std::string text() const {
    return golden::content_of(golden::folder() / "examples/valid" / (GetParam() + ".json"));
  }
};

TEST_P(ValidExample, IsDecoded) {
  const std::optional<Error> error = refusal(GetParam(), text());

  EXPECT_FALSE(error.has_value()) << error->what;
}

TEST_P(ValidExample, IsAcceptedByTheWholeSchemaFile) {
  const auto message = json::read_message(text(), 512);
  ASSERT_TRUE(message.has_value());

  EXPECT_TRUE(golden::accepts(golden::schema(kind_of(GetParam()).schema_file), message->document));
}

TEST_P(ValidExample, SurvivesEncodingAndDecoding) {
  if (GetParam().starts_with("language_")) return;  // nobody writes them but people
  std::string once;
  std::string twice;
  if (GetParam().starts_with("request_")) {
    once = encode_request(*decode_request(text()));
    twice = encode_request(*decode_request(once));
  } else {
    once = encode_result(*decode_result(text()));
    twice = encode_result(*decode_result(once));
  }

  EXPECT_EQ(once, twice);
  EXPECT_EQ(once.find('\n'), std::string::npos) << "one message, one line";
  const auto message = json::read_message(once, 512);
  ASSERT_TRUE(message.has_value());
  EXPECT_TRUE(golden::accepts(golden::schema(kind_of(GetParam()).schema_file), message->document));
}

class InvalidExample : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const auto base = golden::folder() / "examples/invalid" / GetParam();
    text_ = golden::content_of(base.string() + ".json");
    std::istringstream expected(golden::content_of(base.string() + ".expect.txt"));
    std::getline(expected, message_);
    std::getline(expected, refused_by_);
  }

  std::string text_;
  std::string message_;     // exactly
  std::string refused_by_;  // reader, schema or rule
};

TEST_P(InvalidExample, IsRefusedWithPointerAndRule) {
  const std::optional<Error> error = refusal(GetParam(), text_);

  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->what, message_);
  EXPECT_EQ(error->code, ErrorCode::kInvalidRequest);
}

TEST_P(InvalidExample, IsRefusedByTheSchemaFileItselfWhereASchemaCanSayIt) {
  constexpr std::size_t kDeep = 4096;
  const auto message = json::read_message(text_, kDeep);
  if (refused_by_ == "reader") {
    EXPECT_FALSE(message.has_value());
    return;
  }
  ASSERT_TRUE(message.has_value()) << message.error().what;
  ASSERT_TRUE(refused_by_ == "schema" || refused_by_ == "rule") << refused_by_;

  EXPECT_EQ(golden::accepts(golden::schema(kind_of(GetParam()).schema_file), message->document),
            refused_by_ == "rule");
}

const auto kName = [](const testing::TestParamInfo<std::string>& info) { return info.param; };
INSTANTIATE_TEST_SUITE_P(Examples, ValidExample, testing::ValuesIn(golden::names("valid")), kName);
INSTANTIATE_TEST_SUITE_P(Examples, InvalidExample, testing::ValuesIn(golden::names("invalid")),
                         kName);

TEST(Examples, EveryExpectationBelongsToAMessage) {
  for (const auto& entry :
       std::filesystem::directory_iterator(golden::folder() / "examples/invalid")) {
    std::string path = entry.path().string();
    const std::size_t suffix = path.find(".expect.txt");
    if (suffix == std::string::npos) continue;
    EXPECT_TRUE(std::filesystem::exists(path.substr(0, suffix) + ".json")) << path;
  }
}

}  // namespace
}  // namespace farm
