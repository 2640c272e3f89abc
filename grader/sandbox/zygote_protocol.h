// What a slot's launcher and its zygote say to each other. Both ends are of the same build: the
// zygote is the operator's interpreter with our library in it (zygote/).
#pragma once

#include <sys/resource.h>

#include <array>
#include <cstdint>

namespace farm::sandbox {

// The descriptor at which a zygote finds its launcher, from its first moment.
inline constexpr int kZygoteSocket = 3;

// The first message: what holds for every program. The bytes of the system call filters come after
// it; the launcher's /proc goes with it.
struct ZygoteSetup {
  std::uint32_t uid = 0;
  std::uint32_t cpu_count = 0;
  std::array<std::int32_t, 64> cpus{};
  std::array<std::uint32_t, 4> filter_sizes{};  // in instructions; 0: no further filter
};

// An order. kFork brings the program's arguments after it, joined by newlines, and the descriptors
// of ForkDescriptors that are said to be there. kReap asks for the end of the program that was
// forked last, and waits for it.
struct ZygoteOrder {
  enum class Kind : std::uint32_t { kFork = 1, kReap };
  Kind kind = Kind::kFork;
  std::uint32_t has_channel = 0;
  std::uint32_t has_peer_in = 0, has_peer_out = 0;
  std::uint32_t join_count = 0;
  std::uint32_t limit_count = 0;
  struct ResourceLimit {
    std::int32_t resource = 0;
    rlim_t value = 0;
  };
  std::array<ResourceLimit, 16> limits{};
  rlim_t processes = 0;
};

// An answer. kForked brings a descriptor of the program (pidfd); kReaped says how it ended, as
// waitid(2) has it.
struct ZygoteAnswer {
  enum class Kind : std::uint32_t { kReady = 1, kForked, kReaped, kFailed };
  Kind kind = Kind::kFailed;
  std::int32_t error = 0;  // kFailed: errno
  std::int32_t code = 0;
  std::int32_t status = 0;
};

}  // namespace farm::sandbox
