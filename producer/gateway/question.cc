#include "producer/gateway/question.h"

namespace farm::gateway {

std::optional<Reply> reply_without_judgement(const EvaluationResult& result) {
  switch (result.verdict) {
    case Verdict::kFarmError:
    case Verdict::kExpired:
    case Verdict::kCancelled: {
      // The only status that verl, MindSpeed-RL and the ICIP fork try again; the others do on any.
      Reply reply = refusal(504, "the farm did not judge this, try again: " + result.message);
      reply.retry_after_s = 1;
      return reply;
    }
    default:
      return std::nullopt;
  }
}

}  // namespace farm::gateway
