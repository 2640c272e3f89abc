// CappedDirectory: a directory of files that this program wrote, no larger together than a cap: the
// oldest go first, counted from when they were written or last read. Each file appears whole, by
// write-to-temporary and rename, or not at all (a crash of the host may lose the last ones: nothing
// is synced). Not a store that anything relies on.
//
// Files of other names than ours are neither counted nor removed. Several processes may share the
// directory; each learns of the others' files every kRescanAfter writes, so that the cap may be
// exceeded by what was written meanwhile. Move-only; not thread-safe. Everything goes through a
// descriptor of the directory, so that giving up root after open() changes nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "grader/os/unique_fd.h"
#include "schemas/expected.h"
#include "schemas/units.h"

namespace farm::os {

struct CappedDirectorySettings {
  std::string path;
  Bytes max_bytes;
  std::optional<unsigned> owner;  // the user that will write, if it is not the one that opens
  std::function<bool(std::string_view name)> is_ours;
  // Refuse a directory into which anybody but its owner may write, or that is somebody else's.
  bool nobody_else_writes = false;
};

class CappedDirectory {
 public:
  static constexpr int kRescanAfter = 256;

  // Makes the directory (mode 0750) and its parents where they are missing. Where `owner` is set
  // and we are root, the directory becomes the owner's, but one that existed only if it is empty or
  // holds nothing but files of ours: a path given by mistake must not hand /etc over. Removes
  // temporary files that a crash left behind. Errors: kInternal with the path and the remedy.
  static Expected<CappedDirectory> open(CappedDirectorySettings settings);

  // Writes a file (mode 0640), in place of one of the same name, and removes the oldest others
  // until all fit. `name` is ours, and no path. Errors: kExhausted (larger than the cap; no space),
  // kInternal.
  Expected<Done> write(const std::string& name, std::string_view content);

  // A file of ours, which becomes the youngest of all; nullopt: there is none of this name. Errors:
  // kInternal, a file larger than the cap included.
  Expected<std::optional<std::string>> read(const std::string& name);
  // Removes a file of ours, if it is there.
  void remove(const std::string& name);

  Bytes max_bytes() const { return settings_.max_bytes; }
  // Of our files, as far as we know them.
  Bytes used() const { return used_; }
  const std::string& path() const { return settings_.path; }

 private:
  using Age = std::pair<std::int64_t, std::string>;  // modification time in ns, name

  CappedDirectory(CappedDirectorySettings settings, UniqueFd directory)
      : settings_(std::move(settings)), directory_(std::move(directory)) {}
  Expected<Done> rescan();
  Expected<Done> make_room(Bytes needed);
  Expected<Done> place(const std::string& name, std::string_view content);
  void remember(const std::string& name);
  void forget(const std::string& name);

  CappedDirectorySettings settings_;
  UniqueFd directory_;
  std::map<Age, Bytes> by_age_;
  std::map<std::string, std::int64_t, std::less<>> time_of_;  // the other way round
  Bytes used_;
  int writes_ = 0;  // since the last look at the directory
};

}  // namespace farm::os
