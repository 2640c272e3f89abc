// random_name(): 16 hex digits from the kernel's random source: names that collide with nobody's
// and cannot be guessed.
#pragma once

#include <string>

namespace farm::producer {

std::string random_name();

}  // namespace farm::producer
