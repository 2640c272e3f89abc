// The compiled schemas are shared by every thread that decodes.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "schemas/language.h"
#include "schemas/request.h"
#include "schemas/result.h"

namespace farm {
namespace {

TEST(Decode, ManyThreadsShareTheCompiledSchemas) {
  const std::string request =
      R"({"schema_version":1,"request_id":"r","trainer":"t","submission":{"language":"python","code":""},)"
      R"("evaluation":{"type":"function_call","entry_point":"f","cases":[{"args":[1],"expected":1}]}})";
  const std::string typo =
      R"({"schema_version":1,"request_id":"r","trainer":"t","submission":{"language":"python","code":""},)"
      R"("evaluation":{"type":"run"},"policy":{"cach":true}})";
  const std::string result = encode_result(unjudged_result({}, Verdict::kRejected, "x"));
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  constexpr int kThreads = 4;
  constexpr int kRounds = 50;

  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) {
        if (decode_request(request).has_value() && !decode_request(typo).has_value() &&
            decode_result(result).has_value() && !decode_language("{}").has_value()) {
          ++right;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(right, kThreads * kRounds);
}

}  // namespace
}  // namespace farm
