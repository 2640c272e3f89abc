// The timeouts of HTTP clients, seconds of wall time, as limits of the farm.
#pragma once

#include "schemas/request.h"

namespace farm::gateway {

// `compile` becomes CPU time of the compiler, to which the farm grants twice as much wall time.
// `run` becomes wall time less the time without a CPU; the CPU time of all threads together may be
// twice that. Zero and less mean a millisecond, so that such a program is too slow, as it is for
// the peers. More than the farm's default maxima is cut to them.
void set_timeouts(double compile, double run, RequestedLimits& limits);
void set_total_timeout(double total, RequestedLimits& limits);

}  // namespace farm::gateway
