// What the HTTP gateway makes of a body, whatever it is: a reply, or a request that the farm's own
// decoder reads back or refuses with a reason. The first byte chooses the route.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "producer/gateway/routes.h"
#include "schemas/plain_json.h"
#include "schemas/request.h"

namespace {

using namespace farm;

// A reply may hold what was sent, a few levels deeper.
constexpr ValueLimits kReplyLimits = {.max_depth = 600, .max_nodes = 20'000'000};

void check(const gateway::Reply& reply) {
  if (reply.status < 200 || reply.status > 599) std::abort();
  if (reply.content_type == "application/json" && !decode_plain_json(reply.body, kReplyLimits))
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array<const char*, 3> kPaths = {"/run_code", "/common_evaluate",
                                                 "/common_evaluate_batch"};
  if (size == 0) return 0;
  gateway::Request request;
  request.method = "POST";
  request.path = kPaths[data[0] % kPaths.size()];
  request.body.assign(reinterpret_cast<const char*>(data) + 1, size - 1);
  gateway::Routed routed = gateway::route(request);
  if (const auto* reply = std::get_if<gateway::Reply>(&routed)) {
    check(*reply);
    return 0;
  }
  auto& question = std::get<gateway::Question>(routed);
  question.request.request_id = "id";
  question.request.trainer = "http";
  const auto read = decode_request(encode_request(question.request));
  if (!read && read.error().text().empty()) std::abort();

  EvaluationResult result;
  result.verdict = Verdict::kWrongAnswer;
  CaseResult one;
  one.verdict = Verdict::kWrongAnswer;
  one.stdout_bytes = request.body;
  result.cases = {one, CaseResult{}};
  check(question.reply(result));
  return 0;
}
