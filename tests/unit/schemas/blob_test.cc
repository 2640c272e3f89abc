#include "schemas/blob.h"

#include <gtest/gtest.h>

namespace farm {
namespace {

const std::string kHash(64, 'a');

BlobEnvelope envelope() { return {"r", "t", {kHash, 12, "file:aa/x.zst"}}; }

std::string with_blob(const std::string& blob) {
  return R"({"schema_version":1,"request_id":"r","trainer":"t","blob":)" + blob + "}";
}

TEST(BlobEnvelope, ReadsBack) {
  const auto decoded = decode_blob_envelope(encode_blob_envelope(envelope()));

  ASSERT_TRUE(decoded.has_value() && decoded->has_value());
  EXPECT_EQ((*decoded)->request_id, "r");
  EXPECT_EQ((*decoded)->trainer, "t");
  EXPECT_EQ((*decoded)->blob.sha256, kHash);
  EXPECT_EQ((*decoded)->blob.bytes, 12);
  EXPECT_EQ((*decoded)->blob.location, "file:aa/x.zst");
}

TEST(BlobEnvelope, WhatHasNoBlobMemberIsTheContentItself) {
  for (const char* text :
       {"", "{", "[]", "{}", "\"blob\"", R"({"request_id":"blob"})", R"({"metadata":{"blob":1}})",
        R"({"submission":{"code":"{\"blob\":1}"}})", R"({"blob":)"}) {
    const auto decoded = decode_blob_envelope(text);
    ASSERT_TRUE(decoded.has_value()) << text;
    EXPECT_FALSE(decoded->has_value()) << text;
  }
}

TEST(BlobEnvelope, AMalformedReferenceIsAnErrorThatNamesThePlace) {
  const auto refusal = [](const std::string& text) {
    const auto decoded = decode_blob_envelope(text);
    return decoded ? "" : decoded.error().what;
  };
  EXPECT_EQ(refusal(with_blob("7")), "/blob: type object, got 7");
  EXPECT_EQ(refusal(with_blob("null")), "/blob: type object, got null");
  EXPECT_EQ(refusal(with_blob("{}")), "/blob/sha256: required, missing");
  EXPECT_EQ(refusal(with_blob(R"({"sha256":"AA","bytes":1,"location":"x"})")),
            "/blob/sha256: 64 lower-case hex digits, got \"AA\"");
  const std::string hash = R"({"sha256":")" + kHash + R"(",)";
  EXPECT_EQ(refusal(with_blob(hash + R"("bytes":-1,"location":"x"})")),
            "/blob/bytes: integer of at least 0, got -1");
  EXPECT_EQ(refusal(with_blob(hash + R"("bytes":1.0,"location":"x"})")),
            "/blob/bytes: integer of at least 0, got 1.0");
  EXPECT_EQ(refusal(with_blob(hash + R"("bytes":1,"location":""})")),
            "/blob/location: minLength 1, got \"\"");
  EXPECT_EQ(refusal(with_blob(hash + R"("bytes":1,"location":3})")),
            "/blob/location: type string, got 3");
  EXPECT_EQ(refusal(R"({"schema_version":2,"blob":{}})"), "/schema_version: enum 1, got 2");
  EXPECT_EQ(refusal(R"({"schema_version":1,"blob":{},"blob":{}})"), "/blob: given more than once");
}

}  // namespace
}  // namespace farm
