// Server: HTTP/1.1 on one socket: reads requests whole, asks a handler, writes its replies. It
// knows no route and no farm. The door to Boost: nothing of it is seen here.
//
// One thread serves all connections, so that thousands may wait at a time; a few more run the
// handler for requests that have a body. A body above the limit gets 413 before it is read; the
// token is asked for before the body, too. A body is read when there is room for it; what waits for
// room too long gets 504, what sends too slowly 408. An exception of the handler is 504 for that
// request. X-Request-Id is sent back. Every refusal is JSON {"detail": …}.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "producer/gateway/message.h"
#include "schemas/expected.h"
#include "schemas/units.h"

namespace farm::gateway {

struct ServerOptions {
  std::string address;  // "127.0.0.1:8080"; port 0: any
  Bytes max_body = mib(128);
  std::string token;                   // empty: none is asked for; never of GET /v1/ping, /healthz
  int workers = 2;                     // threads for the handler
  Milliseconds idle_timeout{75'000};   // of a connection between requests
  Milliseconds stall_timeout{30'000};  // without a byte, in or out, within a request
  Bytes min_rate = kib(256);           // a second, of bodies, after the first stall_timeout
  Bytes max_held = gib(1);             // of all bodies together, until they have their replies
  Milliseconds room_timeout{10'000};   // for room for a body
  int max_connections = 20'000;        // more wait in the kernel
};

class Server {
 public:
  // To be called once, on any thread.
  using OnReply = std::function<void(Reply)>;
  // Must not block when the request has no body: then it runs on the thread that serves everybody.
  using Handler = std::function<void(Request, OnReply)>;

  // Serves on return. Errors: kInvalidRequest (address), kUnavailable (in use, not ours).
  static Expected<std::unique_ptr<Server>> start(const ServerOptions& options, Handler handler);
  // Whoever has an OnReply must have called or dropped it before.
  virtual ~Server() = default;

  virtual std::string address() const = 0;  // with the port that it has
  // Runs it on one of the handler's threads.
  virtual void post(std::function<void()> work) = 0;
  virtual void stop_accepting() = 0;
  // Blocks until no request is under way, or for `timeout`. Whether there is none.
  virtual bool wait_until_quiet(Milliseconds timeout) = 0;
  // Ends its threads: on return no handler and no posted work runs any more, or ever will.
  // Idempotent.
  virtual void stop() = 0;
};

}  // namespace farm::gateway
