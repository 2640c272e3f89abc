// Gateway: HTTP on one side, the farm's client on the other. Wires routes, jobs and server, and
// answers what is asked about itself: GET /metrics, and GET /healthz, 503 while the broker does not
// answer. The program is main.cc.
#pragma once

#include <memory>
#include <string>

#include "producer/client.h"
#include "producer/gateway/server.h"
#include "schemas/expected.h"
#include "schemas/request.h"
#include "schemas/units.h"

namespace farm::gateway {

struct GatewayOptions {
  ServerOptions server;
  std::string trainer;  // the client's
  std::string pool;     // the client's, for metrics
  // Of what the client submits as JSON; above it 413.
  Bytes max_request = DecodeBounds().max_request;
  Milliseconds broker_interval{5'000};  // between questions whether the broker answers
};

class Gateway {
 public:
  // Serves on return. Errors: those of Server::start().
  static Expected<std::unique_ptr<Gateway>> start(const GatewayOptions& options,
                                                  std::unique_ptr<producer::Client> client);
  // Whoever still waits, or asks now, gets 504.
  virtual ~Gateway() = default;

  virtual std::string address() const = 0;
  // Takes no more connections, and answers who waits already for up to `timeout`. Whether all were
  // answered.
  virtual bool drain(Milliseconds timeout) = 0;
};

}  // namespace farm::gateway
