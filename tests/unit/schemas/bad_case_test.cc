#include "schemas/bad_case.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/schemas/golden.h"

namespace farm {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kMoment = 1'795'234'500'123;  // 2026-11-21T04:15:00.123Z

BadCase bad_case_of(const std::string& request_id, const std::string& request = "{}") {
  BadCase bad_case;
  bad_case.dumped_at_unix_ms = kMoment;
  bad_case.grader = {"host-17", "0.1.0", "sha256:ab"};
  bad_case.request = request;
  bad_case.result.request_id = request_id;
  bad_case.result.trainer = "run-17";
  bad_case.result.verdict = Verdict::kTimeLimit;
  bad_case.result.total = 3;
  bad_case.result.message = "total_wall_ms 100 ended after 2 of 3 cases";
  return bad_case;
}

TEST(BadCase, EveryGoldenRequestSurvivesTheWayThroughAFile) {
  for (const std::string& name : golden::names("valid")) {
    if (!name.starts_with("request_")) continue;
    const std::string body =
        golden::content_of(golden::folder() / "examples/valid" / (name + ".json"));

    const auto back = decode_bad_case(encode_bad_case(bad_case_of("a", body)));

    ASSERT_TRUE(back) << name << ": " << back.error().text();
    const auto before = decode_request(body);
    const auto after = decode_request(back->request);
    ASSERT_TRUE(before && after) << name;
    EXPECT_EQ(encode_request(*after), encode_request(*before)) << name;
  }
}

TEST(BadCase, ItsPartsComeBack) {
  const BadCase bad_case = bad_case_of("a");

  const auto back = decode_bad_case(encode_bad_case(bad_case));

  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(back->dumped_at_unix_ms, kMoment);
  EXPECT_EQ(back->grader.id, "host-17");
  EXPECT_EQ(back->grader.version, "0.1.0");
  EXPECT_EQ(back->grader.environment, "sha256:ab");
  EXPECT_EQ(encode_result(back->result), encode_result(bad_case.result));
}

TEST(BadCase, NumbersOfTheRequestKeepTheirSpelling) {
  const std::string request =
      R"({"args":[1e3,1.50,123456789012345678901234567890,-0.0],"metadata":{"x":1.00}})";

  const auto back = decode_bad_case(encode_bad_case(bad_case_of("a", request)));

  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(back->request, request);
}

TEST(BadCase, ABodyThatIsNoJsonComesBackByteForByte) {
  for (const std::string& body : {std::string("{\"broken\": "), std::string("\0\xff[", 3),
                                  std::string("[1, 2]"), std::string()}) {
    const std::string text = encode_bad_case(bad_case_of("a", body));

    EXPECT_THAT(text, HasSubstr("request_base64"));
    const auto back = decode_bad_case(text);
    ASSERT_TRUE(back) << back.error().text();
    EXPECT_EQ(back->request, body);
  }
}

TEST(BadCase, WhatIsMissingOrWrongIsNamed) {
  const std::string good = encode_bad_case(bad_case_of("a"));
  const auto refusal = [&](const std::string& part, const std::string& replacement) {
    std::string text = good;
    const std::size_t at = text.find(part);
    EXPECT_NE(at, std::string::npos) << part;
    text.replace(at, part.size(), replacement);
    const auto decoded = decode_bad_case(text);
    return decoded ? "accepted" : decoded.error().what;
  };

  EXPECT_THAT(refusal(R"({"schema_version":1)", R"({"schema_version":2)"),
              HasSubstr("/schema_version: 1"));
  EXPECT_THAT(refusal("2026-11-21T", "2026-13-21T"), HasSubstr("/dumped_at"));
  EXPECT_THAT(refusal(R"("id":"host-17")", R"("id":17)"), HasSubstr("/grader/id"));
  EXPECT_THAT(refusal(R"("request":{})", R"("request":[])"), HasSubstr("/request: an object"));
  EXPECT_THAT(refusal(R"("request":{})", R"("request_base64":"!")"), HasSubstr("base64"));
  EXPECT_THAT(refusal(R"("request":{},)", ""), HasSubstr("/request: required"));
  EXPECT_THAT(refusal(R"("verdict":"time_limit")", R"("verdict":"great")"), HasSubstr("/verdict"));
  EXPECT_FALSE(decode_bad_case("[]"));
  EXPECT_FALSE(decode_bad_case(good.substr(0, good.size() / 2)));
}

TEST(BadCaseFileName, SaysWhenWhatAndWhich) {
  EXPECT_THAT(
      bad_case_file_name(bad_case_of("step-1/0")),
      testing::MatchesRegex("20261121T041500\\.123Z-time_limit-step-1_0-[0-9a-f]{16}\\.json"));
}

TEST(BadCaseFileName, StaysInItsDirectoryWhateverTheRequestIsCalled) {
  for (const std::string& id :
       {std::string("../../etc/passwd"), std::string("/abs"), std::string(".."), std::string(),
        std::string("a\0b\nc", 5), std::string("\xff\xfe"), std::string(5000, 'x'),
        std::string("$(reboot)`'\""), std::string("-rf")}) {
    const std::string name = bad_case_file_name(bad_case_of(id));

    EXPECT_LE(name.size(), 160U);
    EXPECT_EQ(name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                     "0123456789._-"),
              std::string::npos)
        << name;
    EXPECT_TRUE(is_bad_case_file_name(name)) << name;
  }
}

TEST(BadCaseFileName, TellsRequestsApartThatLookAlike) {
  EXPECT_NE(bad_case_file_name(bad_case_of("a/b")), bad_case_file_name(bad_case_of("a_b")));
  EXPECT_NE(bad_case_file_name(bad_case_of(std::string(100, 'x') + "1")),
            bad_case_file_name(bad_case_of(std::string(100, 'x') + "2")));
  EXPECT_EQ(bad_case_file_name(bad_case_of("a")), bad_case_file_name(bad_case_of("a")));
}

TEST(BadCaseFileName, OtherFilesAreNotOurs) {
  for (const char* name : {"", ".", "notes.json", "20261121T041500.123Z.json", ".hidden.json",
                           "20261121T041500.123Z-time_limit-a-0123456789abcdef.json.bak",
                           "2026112XT041500.123Z-time_limit-a-0123456789abcdef.json"}) {
    EXPECT_FALSE(is_bad_case_file_name(name)) << name;
  }
}

TEST(StableHash, IsTheSameEverywhereAndSpreadsEvenly) {
  EXPECT_EQ(stable_hash(""), 0xf52a15e9a9b5e89bULL);

  int low = 0;
  for (int i = 0; i < 10'000; ++i) low += stable_hash(std::to_string(i)) < (1ULL << 63) ? 1 : 0;
  EXPECT_NEAR(low, 5000, 200);
}

}  // namespace
}  // namespace farm
