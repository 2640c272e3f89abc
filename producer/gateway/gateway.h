// Gateway: HTTP on one side, the farm's client on the other. Wires routes, jobs and server; the
// program is main.cc.
#pragma once

#include <memory>
#include <string>

#include "producer/client.h"
#include "producer/gateway/server.h"
#include "schemas/expected.h"
#include "schemas/units.h"

namespace farm::gateway {

struct GatewayOptions {
  ServerOptions server;
  producer::ClientOptions client;
};

class Gateway {
 public:
  // Serves on return. Blocks as Client::create() does. Errors: those of client and server.
  static Expected<std::unique_ptr<Gateway>> start(const GatewayOptions& options);
  // Whoever still waits, or asks now, gets 504.
  virtual ~Gateway() = default;

  virtual std::string address() const = 0;
  // Takes no more connections, and answers who waits already for up to `timeout`. Whether all were
  // answered.
  virtual bool drain(Milliseconds timeout) = 0;
};

}  // namespace farm::gateway
