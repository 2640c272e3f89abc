// POST /common_evaluate and /common_evaluate_batch of ICIP: a completion, its cases, and which of
// them it passes. Pure.
#pragma once

#include <string_view>

#include "producer/gateway/question.h"
#include "producer/gateway/test_cases.h"
#include "schemas/value.h"

namespace farm::gateway {

// 422 for a body that is no SubmitRequest, 400 and 500 as the peers have them (500: without
// provided_data). A completion without a program is judged here: it passes nothing.
Routed common_evaluate(const Value& body, CaseForm form, std::string_view user_agent);

}  // namespace farm::gateway
