// ScratchDir: a new directory below $TMPDIR (or /tmp), removed with its content at the end.
// Move-only.
//
// For the blobs that we and our own grader exchange. The grader gives up root for an unprivileged
// user and has to write there, so, if we are root, the inner directory is open to all but sits
// under an unguessable name in one that cannot be listed: other users of the host neither find nor
// enter it.
#pragma once

#include <string>

#include "schemas/expected.h"

namespace farm::command {

class ScratchDir {
 public:
  static Expected<ScratchDir> create();
  ScratchDir(ScratchDir&& other) noexcept;
  ScratchDir& operator=(ScratchDir&& other) = delete;
  ~ScratchDir();

  const std::string& path() const { return inner_; }

 private:
  ScratchDir(std::string outer, std::string inner);
  std::string outer_;  // empty: moved from
  std::string inner_;
};

}  // namespace farm::command
