#include "producer/gateway/routes.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "embedded/gateway_openapi.h"
#include "producer/gateway/common_evaluate.h"
#include "producer/gateway/deadline.h"
#include "producer/gateway/fields.h"
#include "producer/gateway/run_code.h"
#include "schemas/plain_json.h"

namespace farm::gateway {
namespace {

// As deep as Python's own reader goes, more or less.
constexpr ValueLimits kBodyLimits = {.max_depth = 500, .max_nodes = 5'000'000};

using Answer = Routed (*)(const Request&);

Reply page(std::string_view body) {
  Reply reply;
  reply.content_type = "text/html; charset=utf-8";
  reply.body = "<!doctype html><html lang=\"en\"><head><title>gradefarm</title></head><body>" +
               std::string(body) + "</body></html>\n";
  return reply;
}

Routed show_front(const Request&) {
  return page("<p>The HTTP gateway of a grading farm. <a href=\"docs\">What it answers.</a></p>");
}

Routed ping(const Request&) { return json_reply(text("pong")); }

Routed show_openapi(const Request&) {
  Reply reply;
  reply.body = embedded::k_gateway_openapi[0].second;
  return reply;
}

// Without scripts from elsewhere, which a gateway on a cluster's inner network could not load.
Routed show_docs(const Request&) {
  return page(
      "<h1>gradefarm gateway</h1><ul>"
      "<li>POST /run_code: run one program once (SandboxFusion)</li>"
      "<li>POST /common_evaluate, /common_evaluate_batch: judge a completion (ICIP)</li>"
      "<li>GET /v1/ping, /healthz (503: the broker does not answer), /metrics</li></ul>"
      "<p>Fields and replies: <a href=\"openapi.json\">openapi.json</a>.</p>");
}

// Reads the body and hands it over. A header says how long the client waits better than we can
// guess.
template <typename Handle>
Routed with_body(const Request& request, Handle handle) {
  const auto body = decode_plain_json(request.body, kBodyLimits);
  if (!body) return validation_reply({{"json_invalid", {"body"}, body.error().what}});
  Routed routed = handle(*body);
  auto* question = std::get_if<Question>(&routed);
  if (question != nullptr) {
    if (const auto told = patience_of_header(request.deadline_ms)) question->patience = told;
  }
  return routed;
}

Routed post_run_code(const Request& request) {
  return with_body(request, [&](const Value& body) { return run_code(body, request.user_agent); });
}

Routed post_common_evaluate(const Request& request) {
  return with_body(request, [&](const Value& body) {
    return common_evaluate(body, CaseForm::kRows, request.user_agent);
  });
}

Routed post_common_evaluate_batch(const Request& request) {
  return with_body(request, [&](const Value& body) {
    return common_evaluate(body, CaseForm::kColumns, request.user_agent);
  });
}

struct Route {
  std::string_view method;
  std::string_view path;
  Answer answer;
};

const std::vector<Route>& table() {
  static const std::vector<Route> rows = {
      {"GET", "/", show_front},
      {"GET", "/v1/ping", ping},
      {"GET", "/docs", show_docs},
      {"GET", "/openapi.json", show_openapi},
      {"POST", "/run_code", post_run_code},
      {"POST", "/common_evaluate", post_common_evaluate},
      {"POST", "/common_evaluate_batch", post_common_evaluate_batch},
  };
  return rows;
}

}  // namespace

Routed route(const Request& request) {
  const Route* known = nullptr;
  for (const Route& row : table()) {
    if (row.path != request.path) continue;
    if (row.method == request.method) return row.answer(request);
    known = &row;
  }
  if (known == nullptr) return refusal(404, "Not Found");
  Reply reply = refusal(405, "Method Not Allowed");
  reply.allow = known->method;
  return reply;
}

std::string_view name_of_route(std::string_view path) {
  const auto found = std::find_if(table().begin(), table().end(),
                                  [&](const Route& row) { return row.path == path; });
  return found == table().end() ? "other" : found->path;
}

}  // namespace farm::gateway
