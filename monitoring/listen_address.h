// ListenAddress: where one of our servers listens, as an option names it. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "schemas/expected.h"

namespace farm::monitoring {

struct ListenAddress {
  std::string host;        // dotted IPv4
  std::uint16_t port = 0;  // 0: the kernel chooses

  std::string text() const { return host + ':' + std::to_string(port); }
};

// "127.0.0.1:9464" or "localhost:9464". Errors: kInvalidRequest.
Expected<ListenAddress> parse_listen_address(const std::string& text);

}  // namespace farm::monitoring
