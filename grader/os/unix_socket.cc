#include "grader/os/unix_socket.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace farm::os {
namespace {

constexpr std::size_t kMaxMessageBytes = 32 * 1024;  // larger things travel as descriptors
constexpr std::size_t kMaxFds = 16;

}  // namespace

Expected<std::pair<UniqueFd, UniqueFd>> make_message_socket_pair() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
    return system_error("socketpair", errno);
  return std::pair(UniqueFd(fds[0]), UniqueFd(fds[1]));
}

Expected<Done> pass_credentials(int socket) {
  const int on = 1;
  if (::setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0)
    return system_error("SO_PASSCRED", errno);
  return Done{};
}

Expected<Done> send_message(int socket, std::string_view bytes, const std::vector<int>& fds) {
  FARM_ASSERT(bytes.size() <= kMaxMessageBytes && fds.size() <= kMaxFds);
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMaxFds)> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    std::memcpy(CMSG_DATA(header), fds.data(), sizeof(int) * fds.size());
  }
  while (::sendmsg(socket, &message, MSG_NOSIGNAL) < 0) {
    if (errno == EINTR) continue;
    if (errno == EPIPE || errno == ECONNRESET)
      return unavailable("send to a process that ended", errno);
    return system_error("sendmsg", errno);
  }
  return Done{};
}

Expected<std::optional<Message>> receive_message(int socket, int flags) {
  Message result;
  result.bytes.resize(kMaxMessageBytes);
  iovec part{result.bytes.data(), result.bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMaxFds) + CMSG_SPACE(sizeof(ucred))>
      control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t got = 0;
  while ((got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC | flags)) < 0) {
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return unavailable("no message is waiting", errno);
    if (errno == ECONNRESET) return std::optional<Message>();
    return system_error("recvmsg", errno);
  }
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET) continue;
    if (header->cmsg_type == SCM_RIGHTS) {
      const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (std::size_t i = 0; i < count; ++i) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
        result.fds.emplace_back(fd);
      }
    } else if (header->cmsg_type == SCM_CREDENTIALS) {
      ucred credentials{};
      std::memcpy(&credentials, CMSG_DATA(header), sizeof credentials);
      result.sender_pid = credentials.pid;
    }
  }
  if (got == 0 && result.fds.empty())
    return std::optional<Message>();  // SEQPACKET: our messages are never empty
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
    return internal_error("recvmsg: message was cut");
  result.bytes.resize(static_cast<std::size_t>(got));
  return std::optional<Message>(std::move(result));
}

}  // namespace farm::os
