// MetricsServer: a small HTTP server for scrapers and orchestrators.
//   GET /metrics  the metrics in Prometheus' text format
//   GET /healthz  200 while the main loop ticks, else 503: restart the process
//   GET /readyz   200 when every condition is good, else 503 with the conditions: send it no work
// No TLS and no authentication: it listens on loopback unless it is told otherwise, and it shows
// nothing about submissions.
#pragma once

#include <memory>
#include <string>

#include "monitoring/health.h"
#include "monitoring/metrics.h"
#include "schemas/expected.h"

namespace farm::monitoring {

class MetricsServer {
 public:
  // `address` is "127.0.0.1:9464" or "localhost:9464" (IPv4 only); port 0 lets the kernel choose.
  // Starts three threads; requests are answered on them. `metrics` and `health` must outlive the
  // server. Errors: kInvalidRequest (not an address); kInternal with "cannot listen on
  // 127.0.0.1:9464: Address already in use; choose another with --metrics".
  static Expected<std::unique_ptr<MetricsServer>> create(const std::string& address,
                                                         const Metrics& metrics,
                                                         const Health& health);
  virtual ~MetricsServer() = default;  // stops listening and joins the threads

  // Where it listens, with the port that was chosen: "127.0.0.1:43121".
  virtual std::string address() const = 0;
};

}  // namespace farm::monitoring
