// Where this checkout and its build folder lie. One source file alone is compiled with these paths,
// so that the compiler's cache serves every other one to every clone.
#pragma once

#include <filesystem>

namespace farm::test {

std::filesystem::path source_dir();
std::filesystem::path binary_dir();

}  // namespace farm::test
