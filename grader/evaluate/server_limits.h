// ServerLimits: what a grader grants. resolve() makes the limits of one request out of what it asks
// for, its language's defaults, the farm's defaults and the maxima. Pure.
#pragma once

#include "schemas/expected.h"
#include "schemas/request.h"
#include "schemas/units.h"

namespace farm::evaluate {

// Every limit of the wire contract with a value.
struct LimitValues {
  Milliseconds compile_cpu{10'000};
  Milliseconds run_cpu{10'000};
  Milliseconds run_wall{20'000};
  Milliseconds total_wall{300'000};
  Bytes compile_memory = gib(2);
  Bytes memory = mib(512);
  Bytes stack{0};  // 0: as large as memory allows
  Bytes output = mib(16);
  Bytes return_output = kib(64);
  Bytes tmpfs = mib(64);
  std::int64_t processes = 64;
  std::int64_t open_files = 256;
  std::int64_t tmpfs_inodes = 4096;
};

struct ServerLimits {
  LimitValues defaults;  // of the farm, where neither the request nor its language says anything
  LimitValues maxima = {.compile_cpu = Milliseconds(120'000),
                        .run_cpu = Milliseconds(120'000),
                        .run_wall = Milliseconds(300'000),
                        .total_wall = Milliseconds(1'800'000),
                        .compile_memory = gib(4),
                        .memory = gib(4),
                        .stack = gib(4),
                        .output = mib(64),
                        .return_output = mib(4),
                        .tmpfs = mib(512),
                        .processes = 1024,
                        .open_files = 4096,
                        .tmpfs_inodes = 65'536};
};

// The most specific of request, language and farm wins, field by field. Two follow others where the
// request leaves them open: run_wall is at least twice the run_cpu that was asked for, so that
// asking for CPU time alone is enough. A default above a maximum is cut to it; an explicit value
// above a maximum is an error. Errors: kInvalidRequest with the JSON pointer and both numbers, for
// a value above its maximum and for one below what a program needs to start at all.
Expected<LimitValues> resolve(const RequestedLimits& requested, const RequestedLimits& language,
                              const ServerLimits& server);

}  // namespace farm::evaluate
