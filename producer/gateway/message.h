// What a route sees of HTTP: a request that was read whole, and the reply to it. Pure data; sockets
// are server.h's business.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/units.h"
#include "schemas/value.h"

namespace farm::gateway {

struct Request {
  std::string method;  // upper case
  std::string path;    // without the query
  std::string body;
  // Of the headers those that a route reads; empty where there was none.
  std::string user_agent;
  std::string deadline_ms;                                 // X-Request-Deadline-Ms
  std::string request_id;                                  // X-Request-Id, of plain characters
  std::string traceparent;                                 // the same
  SteadyTime received = std::chrono::steady_clock::now();  // its headers
  // True once the caller has closed its side of the connection; null: nobody looks.
  std::shared_ptr<const std::atomic<bool>> gone;
};

struct Reply {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  int retry_after_s = 0;  // 0: no such header
  std::string allow;      // of 405
};

// {"detail": …}, the form of every refusal.
Reply refusal(int status, std::string_view detail);
Reply json_reply(const Value& body);

// Shorter spellings for writing bodies.
inline Value text(std::string_view s) { return Value{std::string(s)}; }
inline Value null() { return Value{}; }

// An object under construction; members keep their order.
class Object {
 public:
  Object& set(std::string_view name, Value value) & {
    pairs_.emplace_back(text(name), std::move(value));
    return *this;
  }
  Value take() { return Value{Value::Dict{std::move(pairs_)}}; }

 private:
  ValuePairs pairs_;
};

}  // namespace farm::gateway
