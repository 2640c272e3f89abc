// Question: what a route makes of a body: a request to the farm, and how its result becomes the
// reply. A route that needs no farm (it refuses, or knows the answer) replies at once.
#pragma once

#include <functional>
#include <optional>
#include <variant>

#include "producer/gateway/message.h"
#include "schemas/request.h"
#include "schemas/result.h"
#include "schemas/units.h"

namespace farm::gateway {

struct Question {
  EvaluationRequest request;  // without request_id and trainer, which the gateway gives it
  // Called at most once, on any thread.
  std::function<Reply(const EvaluationResult&)> reply;
  // How long after sending it the client gives up, where that can be told; deadline.h.
  std::optional<Milliseconds> patience;
};

using Routed = std::variant<Reply, Question>;

// The reply, 504, to a result whose fault is the farm's, or that was cancelled: nothing is known of
// the submission, and a client that comes again gets an answer. nullopt: there is a judgement, or a
// rejection, which each route words itself.
std::optional<Reply> reply_without_judgement(const EvaluationResult& result);

}  // namespace farm::gateway
