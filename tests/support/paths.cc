#include "tests/support/paths.h"

namespace farm::test {

std::filesystem::path source_dir() { return FARM_SOURCE_DIR; }
std::filesystem::path binary_dir() { return FARM_BINARY_DIR; }

}  // namespace farm::test
