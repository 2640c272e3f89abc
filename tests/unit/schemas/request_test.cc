// What the golden examples cannot show: fields after decoding, bounds, encoding, identity.
#include "schemas/request.h"

#include <gtest/gtest.h>

#include "schemas/value.h"
#include "tests/unit/schemas/golden.h"

namespace farm {
namespace {

using namespace std::string_literals;

std::string example(const std::string& name) {
  return golden::content_of(golden::folder() / "examples/valid" / (name + ".json"));
}

EvaluationRequest decoded(const std::string& name) {
  auto request = decode_request(example(name));
  EXPECT_TRUE(request.has_value()) << request.error().what;
  return *std::move(request);
}

TEST(DecodeRequest, WhatIsNotSaidHasItsDefault) {
  const EvaluationRequest request = decoded("request_minimal");

  EXPECT_EQ(request.request_id, "r-1");
  EXPECT_EQ(request.trainer, "run-17");
  EXPECT_EQ(request.step, std::nullopt);
  EXPECT_EQ(request.group, std::nullopt);
  EXPECT_EQ(request.priority, Priority::kNormal);
  EXPECT_EQ(request.deadline_unix_ms, std::nullopt);
  EXPECT_EQ(request.environment, std::nullopt);
  EXPECT_EQ(request.limits.run_cpu, std::nullopt);
  EXPECT_FALSE(request.policy.run_all_cases);
  EXPECT_EQ(request.policy.case_isolation, CaseIsolation::kProcess);
  EXPECT_EQ(request.policy.min_isolation, Isolation::kReduced);
  EXPECT_EQ(request.policy.min_integrity, std::nullopt);
  EXPECT_EQ(request.metadata_json, "{}");
  const auto& evaluation = std::get<StdinStdout>(request.evaluation);
  EXPECT_EQ(evaluation.comparison.mode, ComparisonMode::kLines);
  EXPECT_FALSE(evaluation.checker.has_value());
}

TEST(DecodeRequest, EveryTopLevelMemberArrives) {
  const EvaluationRequest request = decoded("request_every_top_level_member");

  EXPECT_EQ(request.step, 1200);
  EXPECT_EQ(request.group, "prompt-88");
  EXPECT_EQ(request.priority, Priority::kHigh);
  EXPECT_EQ(request.deadline_unix_ms, 1790000000000);
  EXPECT_EQ(request.environment, "sha256:0f343b0931126a20f133d67c2b018a3b");
  EXPECT_EQ(request.limits.compile_cpu, Milliseconds(10000));
  EXPECT_EQ(request.limits.compile_memory, gib(2));
  EXPECT_EQ(request.limits.run_cpu, Milliseconds(10000));
  EXPECT_EQ(request.limits.run_wall, Milliseconds(20000));
  EXPECT_EQ(request.limits.total_wall, Milliseconds(300000));
  EXPECT_EQ(request.limits.memory, mib(512));
  EXPECT_EQ(request.limits.stack, Bytes{0});
  EXPECT_EQ(request.limits.output, mib(16));
  EXPECT_EQ(request.limits.return_output, kib(64));
  EXPECT_EQ(request.limits.processes, 64);
  EXPECT_EQ(request.limits.open_files, 256);
  EXPECT_EQ(request.limits.tmpfs, mib(64));
  EXPECT_EQ(request.limits.tmpfs_inodes, 4096);
  EXPECT_TRUE(request.policy.run_all_cases);
  EXPECT_EQ(request.policy.case_isolation, CaseIsolation::kShared);
  EXPECT_EQ(request.policy.min_isolation, Isolation::kFull);
  EXPECT_EQ(request.policy.min_integrity, Integrity::kIsolated);
  EXPECT_TRUE(request.policy.cache);
  EXPECT_EQ(
      request.metadata_json,
      R"({"sample":3,"loss":0.125,"id":12345678901234567890123,"nested":{"metadata":[null,true]}})");
}

TEST(DecodeRequest, ADeadlineOfZeroIsNone) {
  const auto request = decode_request(
      R"({"schema_version":1,"request_id":"r","trainer":"t","deadline_unix_ms":0,)"
      R"("submission":{"language":"python","code":""},"evaluation":{"type":"run"}})");

  EXPECT_EQ(request->deadline_unix_ms, std::nullopt);
}

TEST(DecodeRequest, Base64InputsAreBytes) {
  const EvaluationRequest request = decoded("request_stdin_base64");
  const auto& evaluation = std::get<StdinStdout>(request.evaluation);

  EXPECT_EQ(evaluation.cases.at(0).stdin_bytes, "\xFF\0\xFE"s);
  EXPECT_EQ(evaluation.cases.at(0).stdout_bytes, "\x80");
  EXPECT_EQ(evaluation.cases.at(1).stdin_bytes, "");
  EXPECT_EQ(evaluation.comparison.mode, ComparisonMode::kExact);
}

TEST(DecodeRequest, ArgumentsBecomeValues) {
  const EvaluationRequest request = decoded("request_function_call_tagged_values");
  const auto& evaluation = std::get<FunctionCall>(request.evaluation);

  EXPECT_EQ(encode_value(evaluation.cases.at(0).args.at(0)), R"({"$tuple":[1,2]})");
  EXPECT_TRUE(std::holds_alternative<Value::None>(evaluation.cases.at(0).expected.data));
  EXPECT_EQ(encode_value(evaluation.cases.at(1).expected), R"({"$dict":[["$tuple",1]]})");
  EXPECT_EQ(std::get<BigInt>(evaluation.cases.at(2).args.at(0).data).digits,
            "123456789012345678901234567890");
  EXPECT_TRUE(std::holds_alternative<double>(evaluation.cases.at(2).args.at(2).data));
}

TEST(DecodeRequest, KeywordArgumentsKeepTheirOrder) {
  const EvaluationRequest request = decoded("request_function_call");
  const auto& evaluation = std::get<FunctionCall>(request.evaluation);

  EXPECT_EQ(evaluation.entry_point, "add");
  ASSERT_EQ(evaluation.cases.at(1).kwargs.size(), 1U);
  EXPECT_EQ(evaluation.cases.at(1).kwargs.at(0).first, "b");
}

TEST(DecodeRequest, AnEntryFileIsTheCode) {
  const EvaluationRequest request = decoded("request_entry_file");

  EXPECT_EQ(request.submission.entry_file, "pkg/main.py");
  EXPECT_EQ(request.submission.code, "import lib\nprint(lib.f())\n");
  EXPECT_EQ(request.submission.files.at("pkg/lib.py"), "f = lambda: 2\n");
}

TEST(DecodeRequest, EveryTypeOfEvaluationHasItsWord) {
  EXPECT_EQ(type_word(decoded("request_minimal").evaluation), "stdin_stdout");
  EXPECT_EQ(type_word(decoded("request_function_call").evaluation), "function_call");
  EXPECT_EQ(type_word(decoded("request_assert").evaluation), "assert");
  EXPECT_EQ(type_word(decoded("request_test_suite").evaluation), "test_suite");
  EXPECT_EQ(type_word(decoded("request_notebook").evaluation), "notebook");
  EXPECT_EQ(type_word(decoded("request_run").evaluation), "run");
}

TEST(DecodeRequest, ARequestAboveTheBoundIsNotEvenRead) {
  DecodeBounds bounds;
  bounds.max_request = Bytes{10};

  const auto request = decode_request(example("request_minimal"), bounds);

  EXPECT_EQ(request.error().code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(request.error().what.find("/: a request of at most 10 bytes, got "), 0U);
}

TEST(DecodeRequest, RawBytesThatAreNotUtf8AreRefused) {
  std::string text = example("request_minimal");
  text.replace(text.find("r-1"), 3, "\xFF\xFE!");

  EXPECT_NE(decode_request(text).error().what.find("invalid UTF-8"), std::string::npos);
}

TEST(DecodeRequest, ANulByteAfterTheRequestDoesNotHideWhatFollows) {
  EXPECT_FALSE(decode_request(example("request_minimal") + "\0{\"policy\":{}}"s).has_value());
}

TEST(DecodeRequest, HostileTextsAreRefusedInOneLine) {
  std::string deep_value =
      R"({"schema_version":1,"request_id":"r","trainer":"t","submission":{"language":"p","code":""},)"
      R"("evaluation":{"type":"function_call","entry_point":"f","cases":[{"expected":)";
  for (int i = 0; i < 400'000; ++i) deep_value += "{\"a\":";
  for (const std::string& text :
       {std::string(1'000'000, '['), std::string(1'000'000, '{'), deep_value, "\0"s,
        std::string(3, '\xFF'), "[" + std::string(1'000'000, '1')}) {
    const auto request = decode_request(text);
    ASSERT_FALSE(request.has_value());
    EXPECT_LT(request.error().what.size(), 1000U);
    EXPECT_EQ(request.error().what.find('\n'), std::string::npos);
  }
}

TEST(DecodeRequest, EveryPrefixOfARequestIsRefused) {
  const std::string text = encode_request(decoded("request_function_call_tagged_values"));
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(decode_request(std::string_view(text).substr(0, length)).has_value());
  }
  EXPECT_TRUE(decode_request(text).has_value());
}

TEST(DecodeRequest, NoSingleByteChangeIsUndefined) {
  const std::string text = encode_request(decoded("request_every_top_level_member"));
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char c : {'\0', '"', '{', ']', '9', '\\', '\xC3'}) {
      std::string changed = text;
      changed[i] = c;
      const auto request = decode_request(changed);  // the sanitizers judge
      if (!request) {
        EXPECT_NE(request.error().what, "");
      }
    }
  }
}

TEST(EncodeRequest, AnEntryFileIsNotSentTwice) {
  const std::string text = encode_request(decoded("request_entry_file"));

  EXPECT_EQ(text.find("\"code\""), std::string::npos);
  EXPECT_TRUE(decode_request(text).has_value());
}

TEST(EncodeRequest, BytesThatAreNotTextTravelAsBase64) {
  EvaluationRequest request = decoded("request_minimal");
  std::get<StdinStdout>(request.evaluation).cases = {{"\xFF", "\x80\0"s}};

  const auto again = decode_request(encode_request(request));

  EXPECT_EQ(std::get<StdinStdout>(again->evaluation).cases.at(0).stdin_bytes, "\xFF");
  EXPECT_EQ(std::get<StdinStdout>(again->evaluation).cases.at(0).stdout_bytes, "\x80\0"s);
}

TEST(EncodeRequest, MetadataThatIsNoObjectDoesNotBreakTheMessage) {
  EvaluationRequest request = decoded("request_minimal");
  for (const char* metadata : {"", "null", "{", "{}}", "\"x\""}) {
    request.metadata_json = metadata;
    EXPECT_EQ(decode_request(encode_request(request))->metadata_json, "{}") << metadata;
  }
  request.metadata_json = "{\n  \"a\": 1\n}\n";
  EXPECT_EQ(decode_request(encode_request(request))->metadata_json, "{\"a\":1}");
}

TEST(PeekIdentity, IsReadableWhereTheRequestIsRefused) {
  const RequestIdentity identity = peek_identity(
      R"({"policy":{"typo":[1,{"request_id":"no"}]},"metadata":{"a": 1.10,"trainer":"no"},"request_id":"r-9",)"
      R"("trainer":"run-17","step":-4,"group":"g","submission":7})");

  EXPECT_EQ(identity.request_id, "r-9");
  EXPECT_EQ(identity.trainer, "run-17");
  EXPECT_EQ(identity.step, -4);
  EXPECT_EQ(identity.group, "g");
  EXPECT_EQ(identity.metadata_json, R"({"a":1.10,"trainer":"no"})");
}

TEST(PeekIdentity, PartsOfTheWrongKindStayEmpty) {
  const RequestIdentity identity = peek_identity(
      R"({"request_id":5,"trainer":["t"],"step":1.5,"group":null,"metadata":[{"a":1}]})");

  EXPECT_EQ(identity.request_id, "");
  EXPECT_EQ(identity.trainer, "");
  EXPECT_EQ(identity.step, std::nullopt);
  EXPECT_EQ(identity.group, std::nullopt);
  EXPECT_EQ(identity.metadata_json, "{}");
}

TEST(PeekIdentity, ATrainerThatIsNoTopicAndAnEndlessIdStayEmpty) {
  const RequestIdentity identity = peek_identity(R"({"trainer":"../requests.cpu","request_id":")" +
                                                 std::string(257, 'x') + R"("})");

  EXPECT_EQ(identity.request_id, "");
  EXPECT_EQ(identity.trainer, "");
}

TEST(PeekIdentity, BrokenTextHasNone) {
  for (const std::string& text :
       {""s, "[]"s, "{\"request_id\":\"r\""s, "{\"request_id\":\"r\"} x"s, "\xFF"s,
        "{\"request_id\":\"r\",\"x\":" + std::string(2'000'000, '[')}) {
    const RequestIdentity identity = peek_identity(text);
    EXPECT_EQ(identity.request_id, "");
    EXPECT_EQ(identity.metadata_json, "{}");
  }
}

TEST(PeekIdentity, ARequestRefusedForItsDepthStillHasACaller) {
  const std::string text =
      "{\"x\":" + std::string(5000, '[') + std::string(5000, ']') + ",\"request_id\":\"r\"}";
  ASSERT_FALSE(decode_request(text).has_value());

  EXPECT_EQ(peek_identity(text).request_id, "r");
}

}  // namespace
}  // namespace farm
