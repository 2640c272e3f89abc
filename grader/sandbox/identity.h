// Who is who: host uids of a grader's processes, derived from one base so that an operator can
// reserve the range; and the namespace in which a submission sees one uid, its own.
#pragma once

#include <sys/types.h>

namespace farm::sandbox {

// What a submission sees as its own uid and gid, whatever the host's.
inline constexpr unsigned kInsideUid = 1000;
inline constexpr unsigned kDefaultUidBase = 210'000;  // above Debian's and systemd's dynamic ranges

struct Identities {
  unsigned base = kDefaultUidBase;

  unsigned daemon() const { return base; }    // the daemon, after start
  unsigned init() const { return base + 1; }  // pid 1 of every sandbox: not the submission's uid
  // Of slot n, with as many again of its tester, and as many of each language's resident compiler.
  unsigned slot(int index) const { return base + 2 + static_cast<unsigned>(index); }
};

// Moves the calling process into a new user namespace in which it is kInsideUid and nobody else
// exists: set-uid root and every other identity have no meaning there. `uid` and `gid` are its own
// now; `proc_fd` is any /proc. Precondition: single-threaded. Async-signal-safe. Returns 0 or
// errno. Source: user_namespaces(7), "Defining user and group ID mappings".
int enter_user_namespace(uid_t uid, gid_t gid, int proc_fd);

// Writes to a file of our own below `proc_fd`, say "self/oom_score_adj". Async-signal-safe. Returns
// 0 or errno.
int write_own(int proc_fd, const char* path, const char* text);

}  // namespace farm::sandbox
