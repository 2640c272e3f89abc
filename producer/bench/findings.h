// What a scenario found, for people and for programs. Pure.
#pragma once

#include <string>

#include "producer/bench/scenario.h"

namespace farm::bench {

std::string list_text();  // of all scenarios
std::string list_json();

// A block of lines: both sides with median and lowest to highest turn, the figure with what it
// should be, further numbers, notes, the profile.
std::string finding_text(const Scenario& scenario, const Measured& measured);
// One object in one line.
std::string finding_json(const Scenario& scenario, const Measured& measured);

// The machine that the numbers are of, in one line: CPU, kernel, load.
std::string host_text();

}  // namespace farm::bench
