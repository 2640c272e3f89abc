// ClientConfig: what every Kafka client of the farm needs to know. Values only; librdkafka stays
// behind this folder.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "schemas/expected.h"
#include "schemas/units.h"

namespace farm::kafka {

// Two kinds of broker want other timings (measured: an empty fetch on the embedded one waits the
// full fetch.wait.max.ms, and it hands a group over only after the session timeout less one
// second).
enum class BrokerKind { kApache, kEmbedded };

// Takes librdkafka's own log lines. Runs on any of its threads, so it must be thread-safe, and must
// not call back into this folder. `syslog_level` is 0 (emergency) to 7 (debug); a broker that is
// down speaks at 3 and 4.
using LogSink = std::function<void(int syslog_level, std::string_view line)>;

struct ClientConfig {
  std::string brokers;  // "host:port,host:port"
  BrokerKind kind = BrokerKind::kApache;
  std::string client_id = "gradefarm";
  // Any librdkafka property, applied last, so that it wins: TLS, SASL, timings. Values are never
  // logged.
  std::map<std::string, std::string> properties;
  LogSink log;  // empty: the lines are dropped; librdkafka never writes to stderr by itself
};

// Asks the cluster for its metadata. Blocks at most `timeout`. Errors: kUnavailable naming the
// address and what to check; kInternal for a bad property.
Expected<Done> check_reachable(const ClientConfig& config, Milliseconds timeout);

}  // namespace farm::kafka
