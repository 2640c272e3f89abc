#include "grader/os/files.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include <cerrno>

namespace farm::os {

Expected<Pipe> make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return system_error("pipe2", errno);
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

Expected<UniqueFd> make_sealed_memfd(const char* name, std::string_view content) {
  UniqueFd fd(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return system_error(std::string("memfd_create ") + name, errno);
  FARM_CHECK_OK(write_all(fd.get(), content, std::string("memfd ") + name));
  if (::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) !=
      0) {
    return system_error(std::string("seal memfd ") + name, errno);
  }
  if (::lseek(fd.get(), 0, SEEK_SET) != 0)
    return system_error(std::string("rewind memfd ") + name, errno);
  return fd;
}

Expected<UniqueFd> make_event_fd() {
  UniqueFd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd) return system_error("eventfd", errno);
  return fd;
}

void signal_event(int event_fd) {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(event_fd, &one, sizeof one);
}

void clear_event(int event_fd) {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(event_fd, &count, sizeof count);
}

Expected<std::string> read_all(int fd, Bytes max, const std::string& what) {
  std::string content;
  char buffer[16384];
  while (true) {
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got < 0) {
      if (errno == EINTR) continue;
      return system_error("read " + what, errno);
    }
    if (got == 0) return content;
    content.append(buffer, static_cast<std::size_t>(got));
    if (static_cast<std::int64_t>(content.size()) > max.count) {
      return internal_error("read " + what + ": larger than " + std::to_string(max.count) +
                            " bytes");
    }
  }
}

Expected<std::string> read_file_at(int directory_fd, const std::string& path, Bytes max) {
  UniqueFd fd(::openat(directory_fd, path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return system_error("open " + path, errno);
  return read_all(fd.get(), max, path);
}

Expected<std::string> read_file(const std::string& path, Bytes max) {
  return read_file_at(AT_FDCWD, path, max);
}

Expected<Done> write_all(int fd, std::string_view content, const std::string& what) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return system_error("write " + what, errno);
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return Done{};
}

Expected<Done> write_file_at(int directory_fd, const std::string& path, std::string_view content) {
  UniqueFd fd(::openat(directory_fd, path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return system_error("open " + path, errno);
  return write_all(fd.get(), content, path);
}

}  // namespace farm::os
