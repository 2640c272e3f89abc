// Messages with descriptors between two processes of ours: SOCK_SEQPACKET, so that a message
// arrives whole or not at all. Source: unix(7), SCM_RIGHTS, SCM_CREDENTIALS.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "grader/os/unique_fd.h"
#include "schemas/expected.h"

namespace farm::os {

struct Message {
  std::string bytes;
  std::vector<UniqueFd> fds;
  pid_t sender_pid =
      0;  // in the receiver's pid namespace; only where pass_credentials() was asked for
};

// Both ends close-on-exec, blocking.
Expected<std::pair<UniqueFd, UniqueFd>> make_message_socket_pair();
Expected<Done> pass_credentials(int socket);

// At most 32 KiB and 16 descriptors (larger things travel as descriptors). Blocks while the peer's
// buffer is full. Errors: kUnavailable (peer gone).
Expected<Done> send_message(int socket, std::string_view bytes, const std::vector<int>& fds = {});
// nullopt: the peer closed its end. Blocks unless MSG_DONTWAIT is in `flags` (then kUnavailable
// with EAGAIN).
Expected<std::optional<Message>> receive_message(int socket, int flags = 0);

}  // namespace farm::os
