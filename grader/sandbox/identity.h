// Who is who: host uids of a grader's processes, derived from one base so that an operator can
// reserve the range.
#pragma once

namespace farm::sandbox {

// What a submission sees as its own uid and gid, whatever the host's.
inline constexpr unsigned kInsideUid = 1000;
inline constexpr unsigned kDefaultUidBase = 210'000;  // above Debian's and systemd's dynamic ranges

struct Identities {
  unsigned base = kDefaultUidBase;

  unsigned daemon() const { return base; }    // the daemon, after start
  unsigned init() const { return base + 1; }  // pid 1 of every sandbox: not the submission's uid
  // Of slot n and, with as many again, of its tester.
  unsigned slot(int index) const { return base + 2 + static_cast<unsigned>(index); }
};

}  // namespace farm::sandbox
