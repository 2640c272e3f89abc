// A client of the gateway's server, of plain bytes.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>

namespace farm::gateway {

inline constexpr int kPatienceSeconds = 60;

class Connection {
 public:
  explicit Connection(const std::string& address)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port =
        htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    const timeval patience{kPatienceSeconds, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~Connection() { ::close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void half_close() { ::shutdown(fd_, SHUT_WR); }
  // Its end will be a reset.
  void reset_at_end() {
    const linger at_once{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  // All until the server closes.
  std::string read_all() {
    std::string all;
    while (read_some(all)) {
    }
    return all;
  }
  // Whether the server has closed: what a read that found no more saw.
  bool ended() const { return ended_; }
  // Until `end` was read; what follows is lost.
  std::string read_until(std::string_view end) {
    std::string all;
    while (all.find(end) == std::string::npos && read_some(all)) {
    }
    return all;
  }

 private:
  bool read_some(std::string& into) {
    char bytes[4096];
    const ssize_t got = ::recv(fd_, bytes, sizeof bytes, 0);
    if (got <= 0) {
      ended_ = got == 0 || errno == ECONNRESET;
      return false;
    }
    into.append(bytes, static_cast<std::size_t>(got));
    return true;
  }
  int fd_;
  bool ended_ = false;
};

// A POST of `body`; `headers` are whole lines.
inline std::string post(const std::string& body, const std::string& headers = "") {
  return "POST /x HTTP/1.1\r\nHost: h\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace farm::gateway
