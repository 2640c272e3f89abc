// What /proc tells of other processes of this host. Best effort: what cannot be read is left out.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "schemas/units.h"

namespace farm::bench {

// The processes of this host that listen on one of the ports of "host:port,host:port" on any
// address; none where the brokers are elsewhere. Whose descriptors we may not read is not found.
std::vector<pid_t> listeners_on_this_host(const std::string& brokers);

// User and system time so far, of these processes together.
double cpu_seconds(const std::vector<pid_t>& processes);

// The process and all its descendants.
std::vector<pid_t> family_of(pid_t ancestor);

// Resident memory of these processes together, less what is shared with others of them as far as
// the kernel tells (PSS where it may be read, else RSS).
Bytes resident_memory(const std::vector<pid_t>& processes);

}  // namespace farm::bench
