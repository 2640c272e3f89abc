#include "monitoring/listen_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>

namespace farm::monitoring {

Expected<ListenAddress> parse_listen_address(const std::string& text) {
  const Error error = invalid_request(
      "'" + text + "' is not an address to listen on: give IPV4:PORT, as in 127.0.0.1:9464");
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return error;
  ListenAddress address{text.substr(0, colon), 0};
  if (address.host == "localhost") address.host = "127.0.0.1";
  in_addr parsed{};
  if (inet_pton(AF_INET, address.host.c_str(), &parsed) != 1) return error;
  const char* const end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data() + colon + 1, end, address.port);
  if (code != std::errc{} || rest != end) return error;
  return address;
}

}  // namespace farm::monitoring
