// When a client gives up waiting, told from what it sends: none says so, and a reply that comes
// later is lost, while one that comes in time as a 504 makes most of them ask again. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "schemas/units.h"
#include "schemas/value.h"

namespace farm::gateway {

// Of POST /run_code, by the members that give a client away. nullopt: it waits as long as it takes,
// or nothing is known.
//   verl, MindSpeed-RL  compile_timeout, memory_limit_MB and fetch_files, by requests: the sum of
//                       both timeouts and 10 s
//   coder1              run_timeout without compile_timeout, by requests: 2 s more than that
//   ROLL                expected_stdout: 30 s without a byte
std::optional<Milliseconds> patience_of_run_code(const Value& body, std::string_view user_agent,
                                                 double compile_timeout, double run_timeout);

// Of POST /common_evaluate and /common_evaluate_batch: verl's ICIP fork waits for the sum of both
// timeouts and 10 s.
std::optional<Milliseconds> patience_of_common_evaluate(std::string_view user_agent,
                                                        std::optional<double> compile_timeout,
                                                        std::optional<double> run_timeout);

// What the header X-Request-Deadline-Ms says, milliseconds from the moment of sending; nullopt: no
// such header, or no positive number.
std::optional<Milliseconds> patience_of_header(std::string_view value);

// How long to hold a request of such a client before it gets 504: a tenth less, at most 2 s less.
Milliseconds hold_time(Milliseconds patience);

}  // namespace farm::gateway
