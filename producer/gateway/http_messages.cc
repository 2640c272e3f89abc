#include "producer/gateway/http_messages.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <cstddef>
#include <string_view>
#include <utility>

namespace farm::gateway {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::size_t kLongestName = 128;  // a traceparent has 55

// In a time that does not tell how much of it was right.
bool same_secret(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0U : 1U;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i)
    difference |= static_cast<unsigned>(static_cast<unsigned char>(a[i] ^ b[i]));
  return difference == 0;
}

std::string text_of(boost::beast::string_view view) { return {view.data(), view.size()}; }

std::string field(const HttpRequest& message, boost::beast::string_view name) {
  const auto found = message.find(name);
  return found == message.end() ? std::string() : text_of(found->value());
}

// A value that may go into a header of ours, or a log; else empty.
std::string plain_field(const HttpRequest& message, boost::beast::string_view name) {
  std::string value = field(message, name);
  const bool is_plain =
      std::all_of(value.begin(), value.end(), [](char c) { return c > ' ' && c < 127; });
  return is_plain && value.size() <= kLongestName ? value : std::string();
}

}  // namespace

Request request_of(HttpRequest message) {
  Request request;
  request.method = text_of(message.method_string());
  const std::string target = text_of(message.target());
  request.path = target.substr(0, target.find_first_of("?#"));
  request.user_agent = field(message, "User-Agent");
  request.deadline_ms = field(message, "X-Request-Deadline-Ms");
  request.request_id = plain_field(message, "X-Request-Id");
  request.traceparent = plain_field(message, "traceparent");
  request.body = std::move(message.body());
  return request;
}

HttpResponse response_of(Reply reply, bool keep_alive, bool is_head) {
  HttpResponse response(static_cast<http::status>(reply.status), 11);
  response.set(http::field::content_type, reply.content_type);
  if (reply.status == 401) response.set(http::field::www_authenticate, "Bearer");
  if (!reply.allow.empty()) response.set(http::field::allow, reply.allow);
  if (reply.retry_after_s > 0)
    response.set(http::field::retry_after, std::to_string(reply.retry_after_s));
  response.keep_alive(keep_alive);
  if (!is_head) response.body() = std::move(reply.body);
  response.prepare_payload();
  return response;
}

Reply no_room() {
  Reply reply = refusal(504, "too many large requests wait for their replies, try again");
  reply.retry_after_s = 1;
  return reply;
}

std::optional<Reply> reply_to_failure(const error_code& error) {
  if (error == asio::error::no_buffer_space) return no_room();
  if (error == asio::error::timed_out) return refusal(408, "the body comes too slowly");
  if (error == http::error::body_limit) return refusal(413, "the body is too large");
  if (error == http::error::header_limit || error == http::error::buffer_overflow)
    return refusal(431, "the headers are too large");
  if (error == http::error::partial_message) return refusal(400, "the request is incomplete");
  if (error.category() == make_error_code(http::error::bad_method).category() &&
      error != http::error::end_of_stream)
    return refusal(400, "not HTTP: " + error.message());
  return std::nullopt;
}

bool is_allowed(const HttpRequest& message, const std::string& token) {
  const std::string length = field(message, "Content-Length");
  const bool has_body = message.chunked() || !(length.empty() || length == "0");
  const bool asks_for_health = message.method() == http::verb::get &&
                               (message.target() == "/v1/ping" || message.target() == "/healthz");
  if (token.empty() || (asks_for_health && !has_body)) return true;
  const std::string given = field(message, "Authorization");
  constexpr std::size_t kScheme = std::string_view("Bearer ").size();
  const bool has_scheme = given.size() >= kScheme &&
                          beast::iequals(beast::string_view(given.data(), kScheme), "Bearer ");
  // Some clients send the key alone.
  return same_secret(std::string_view(given).substr(has_scheme ? kScheme : 0), token);
}

}  // namespace farm::gateway
