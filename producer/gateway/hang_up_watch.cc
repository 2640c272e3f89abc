#include "producer/gateway/hang_up_watch.h"

#include <sys/socket.h>

#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <string_view>

#include "schemas/units.h"

namespace farm::gateway {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr Milliseconds kFirstProbe{500};

}  // namespace

struct HangUpWatch::State {
  State(tcp::socket& socket, bool probes)
      : may_probe(probes), fd(socket.native_handle()), timer(socket.get_executor()) {}

  const std::shared_ptr<std::atomic<bool>> gone = std::make_shared<std::atomic<bool>>(false);
  bool over = false;
  const bool may_probe;
  const int fd;  // the connection's while the watch lasts
  boost::asio::steady_timer timer;
  Milliseconds pause = kFirstProbe;
};

HangUpWatch::HangUpWatch(tcp::socket& socket, bool may_probe)
    : socket_(socket), state_(std::make_shared<State>(socket, may_probe)) {
  socket_.async_wait(tcp::socket::wait_read, [state = state_](const error_code& error) {
    if (!error && !state->over) look(state);
  });
}

HangUpWatch::~HangUpWatch() {
  state_->over = true;
  state_->timer.cancel();
  error_code ignored;
  socket_.cancel(ignored);
}

std::shared_ptr<const std::atomic<bool>> HangUpWatch::gone() const { return state_->gone; }

void HangUpWatch::look(const Shared& state) {
  char byte = 0;
  const ssize_t got = ::recv(state->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got == 0 && state->may_probe) return probe_later(state);
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) *state->gone = true;
}

void HangUpWatch::probe_later(const Shared& state) {
  state->timer.expires_after(state->pause);
  state->pause *= 2;
  state->timer.async_wait([state](const error_code& error) {
    if (!error && !state->over) probe(state);
  });
}

// It is the probe after the one which brought the reset that fails.
void HangUpWatch::probe(const Shared& state) {
  constexpr std::string_view kInterim = "HTTP/1.1 100 Continue\r\n\r\n";
  const ssize_t sent =
      ::send(state->fd, kInterim.data(), kInterim.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) {
    *state->gone = true;
  } else {
    probe_later(state);
  }
}

}  // namespace farm::gateway
