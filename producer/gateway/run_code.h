// POST /run_code of SandboxFusion: one program, once; nothing is judged. Pure.
#pragma once

#include "producer/gateway/question.h"
#include "schemas/value.h"

namespace farm::gateway {

// 422 for a body that is no RunCodeRequest. What the farm refuses (a language that it has not, a
// limit above its maximum) is status SandboxError in a 200, as with the peers.
Routed run_code(const Value& body, std::string_view user_agent);

}  // namespace farm::gateway
