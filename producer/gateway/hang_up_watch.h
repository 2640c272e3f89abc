// HangUpWatch: whether the peer of a connection is still there while its reply is made. Part of the
// server: it lives on the connection's thread, and not longer than the socket.
#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <memory>

namespace farm::gateway {

// A reset says at once that the peer is gone. An end of what it sends may be that of a peer that
// only sends no more: it is probed, after half a second and ever more rarely, with an interim reply
// (100 Continue), which clients of HTTP/1.1 have to skip (RFC 9110, 15.2), and to which the kernel
// of one that has closed answers with a reset. A peer that sends its next request meanwhile is
// there, and is not looked at further.
class HangUpWatch {
 public:
  // Without `may_probe` (HTTP/1.0 knows no interim replies) an end is taken for a hang-up.
  HangUpWatch(boost::asio::ip::tcp::socket& socket, bool may_probe);
  // Writes nothing any more.
  ~HangUpWatch();
  HangUpWatch(const HangUpWatch&) = delete;
  HangUpWatch& operator=(const HangUpWatch&) = delete;

  // Becomes true once the peer is gone. May outlive the watch, on any thread.
  std::shared_ptr<const std::atomic<bool>> gone() const;

 private:
  struct State;
  using Shared = std::shared_ptr<State>;
  static void look(const Shared& state);
  static void probe_later(const Shared& state);
  static void probe(const Shared& state);

  boost::asio::ip::tcp::socket& socket_;
  Shared state_;
};

}  // namespace farm::gateway
