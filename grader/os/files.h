// Small files and descriptors: whole reads and writes, pipes, sealed memory files, event
// descriptors. Every descriptor made here is close-on-exec.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "grader/os/unique_fd.h"
#include "schemas/expected.h"
#include "schemas/units.h"

namespace farm::os {

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

// Errors of all: kExhausted where the host lacks descriptors or memory, else kInternal; `what`
// names the object.

Expected<Pipe> make_pipe();
// An anonymous file holding `content`, sealed: nobody can change or resize it. Source:
// memfd_create(2), Linux 3.17.
Expected<UniqueFd> make_sealed_memfd(const char* name, std::string_view content);
// An eventfd, non-blocking. Source: eventfd(2).
Expected<UniqueFd> make_event_fd();
void signal_event(int event_fd);  // never blocks; a full counter already means "signalled"
void clear_event(int event_fd);

// The whole file, or an error if it is larger than `max`. For files in /proc and /sys too (size 0
// there).
Expected<std::string> read_file(const std::string& path, Bytes max = mib(16));
Expected<std::string> read_file_at(int directory_fd, const std::string& path, Bytes max = mib(16));
// From the current offset of `fd` to its end.
Expected<std::string> read_all(int fd, Bytes max, const std::string& what);
// All of `content`, at the current offset.
Expected<Done> write_all(int fd, std::string_view content, const std::string& what);
// Opens for writing without creating (cgroup and proc files), writes once, closes.
Expected<Done> write_file_at(int directory_fd, const std::string& path, std::string_view content);

}  // namespace farm::os
