// The table of routes: which function answers which method and path. Pure.
#pragma once

#include <string_view>

#include "producer/gateway/message.h"
#include "producer/gateway/question.h"

namespace farm::gateway {

// 404 and 405 for what is not in the table, 422 for a body that is no JSON. A body may be large:
// reading it takes a few milliseconds a MiB.
Routed route(const Request& request);

// The path, if one of these routes has it, else "other": what a metric may call it.
std::string_view name_of_route(std::string_view path);

}  // namespace farm::gateway
