// What is installed, in a few characters: what an earlier grader compiled counts only where
// compilers, headers and libraries are those of then.
#pragma once

#include <string>
#include <vector>

namespace farm::service {

// The places whose change means other compilers, headers or libraries: the package databases of
// Debian, Red Hat and Alpine, and the trees that compilers read.
std::vector<std::string> toolchain_places();

// Hex, 64 characters, over path, size and modification time of each file named, and over path and
// modification time of each directory named and of all below it: installing and removing changes
// them, writing into a file that is there does not. Places that do not exist are left out. Takes
// some milliseconds.
std::string stamp_of(const std::vector<std::string>& places);

}  // namespace farm::service
