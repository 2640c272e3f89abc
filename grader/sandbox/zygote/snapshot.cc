#include "grader/sandbox/zygote/snapshot.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "grader/os/unique_fd.h"

namespace farm::sandbox {
namespace {

// Larger than any address of a program; the file is as sparse as the address space.
constexpr off_t kEndOfAddresses = off_t{1} << 47;
// Pages that were never touched are not written out, unless there are so few of them that another
// mapping costs more.
constexpr std::uintptr_t kSmallHole = 64;

struct Range {
  std::uintptr_t begin = 0, end = 0;
  int protection = PROT_NONE;
  bool of_file = false;  // what is not in memory is in the file that it maps
};

std::string content_of(int directory, const char* path) {
  std::string content;
  const os::UniqueFd fd(::openat(directory, path, O_RDONLY | O_CLOEXEC));
  std::string piece(65536, '\0');
  while (true) {
    const ssize_t got = fd ? ::read(fd.get(), piece.data(), piece.size()) : 0;
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return content;
    content.append(piece, 0, static_cast<std::size_t>(got));
  }
}

template <typename T>
T number(std::string_view text, int base) {
  T value{};
  std::from_chars(text.data(), text.data() + text.size(), value, base);
  return value;
}

// The head of a mapping in smaps: `begin-end rwxp offset device inode   path`. Source: proc(5).
bool read_head(std::string_view line, Range& range, bool& wanted) {
  const std::size_t dash = line.find('-');
  const std::size_t space = line.find(' ');
  if (dash == std::string_view::npos || space == std::string_view::npos || dash > space ||
      line.size() < space + 5) {
    return false;
  }
  range.begin = number<std::uintptr_t>(line.substr(0, dash), 16);
  range.end = number<std::uintptr_t>(line.substr(dash + 1, space - dash - 1), 16);
  const std::string_view permissions = line.substr(space + 1, 4);
  range.protection = (permissions[0] == 'r' ? PROT_READ : 0) |
                     (permissions[1] == 'w' ? PROT_WRITE : 0) |
                     (permissions[2] == 'x' ? PROT_EXEC : 0);
  range.of_file = line.find('/') != std::string_view::npos;
  wanted = permissions[0] == 'r' && permissions[2] == '-' && permissions[3] == 'p' &&
           (range.of_file || line.ends_with("[heap]"));
  return true;
}

// The private mappings that have pages of their own.
std::vector<Range> own_memory(int proc_fd) {
  std::vector<Range> found;
  const std::string smaps = content_of(proc_fd, "self/smaps");
  Range current;
  bool wanted = false;
  for (std::string_view rest = smaps; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    constexpr std::string_view kAnonymous = "Anonymous:";
    if (line.starts_with(kAnonymous)) {
      const std::size_t digit = line.find_first_of("123456789");
      if (wanted && digit != std::string_view::npos) found.push_back(current);
    } else if (!line.empty() && (line[0] < 'A' || line[0] > 'Z')) {
      if (!read_head(line, current, wanted)) return {};
    }
  }
  return found;
}

// Source: Documentation/admin-guide/mm/pagemap.rst: 64 bits a page; 63: present, 62: swapped.
std::vector<bool> touched_pages(int proc_fd, const Range& range, std::uintptr_t page) {
  const std::size_t count = (range.end - range.begin) / page;
  std::vector<std::uint64_t> entries(count);
  const os::UniqueFd fd(::openat(proc_fd, "self/pagemap", O_RDONLY | O_CLOEXEC));
  const std::size_t bytes = count * sizeof(std::uint64_t);
  const bool known =
      fd && ::pread(fd.get(), entries.data(), bytes,
                    static_cast<off_t>(range.begin / page * sizeof(std::uint64_t))) ==
                static_cast<ssize_t>(bytes);
  std::vector<bool> touched(count, true);
  for (std::size_t i = 0; known && i < count; ++i) touched[i] = entries[i] >> 62 != 0;
  return touched;
}

// Without large holes.
std::vector<Range> pieces(int proc_fd, const Range& whole, std::uintptr_t page) {
  if (whole.of_file) return {whole};
  const std::vector<bool> touched = touched_pages(proc_fd, whole, page);
  std::vector<Range> found;
  for (std::size_t i = 0; i < touched.size(); ++i) {
    if (!touched[i]) continue;
    const std::uintptr_t begin = whole.begin + i * page;
    if (found.empty() || begin - found.back().end > kSmallHole * page) {
      found.push_back(whole);
      found.back().begin = begin;
    }
    found.back().end = begin + page;
  }
  return found;
}

bool write_out(int file, const Range& range) {
  for (std::uintptr_t at = range.begin; at < range.end;) {
    const ssize_t put =
        ::pwrite(file, reinterpret_cast<const void*>(at), range.end - at, static_cast<off_t>(at));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    at += static_cast<std::uintptr_t>(put);
  }
  return true;
}

}  // namespace

void settle_memory(int proc_fd) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const os::UniqueFd file(::memfd_create("zygote", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  // What lies at an address lies at that offset: a mapping that a fork enlarges (mremap(2)) meets
  // no other's content and no end of the file.
  if (!file || ::ftruncate(file.get(), kEndOfAddresses) != 0) return;
  std::vector<Range> all;
  for (const Range& mapping : own_memory(proc_fd)) {
    for (const Range& piece : pieces(proc_fd, mapping, page)) all.push_back(piece);
  }
  // From here on nothing but the stack is written: what is copied stays what it is until it is
  // mapped.
  for (const Range& range : all) {
    if (!write_out(file.get(), range)) break;
    void* const place = reinterpret_cast<void*>(range.begin);
    if (::mmap(place, range.end - range.begin, range.protection, MAP_PRIVATE | MAP_FIXED,
               file.get(), static_cast<off_t>(range.begin)) != place) {
      break;
    }
  }
  ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
}

}  // namespace farm::sandbox
