#include "grader/sandbox/forkserver_program.h"

// A megabyte or two: a table of bytes takes the compiler longer than the rest of the sandbox.
asm(".pushsection .rodata\n"
    ".globl farm_forkserver_begin\n"
    "farm_forkserver_begin:\n"
    ".incbin \"" FARM_FORKSERVER_PROGRAM
    "\"\n"
    ".globl farm_forkserver_end\n"
    "farm_forkserver_end:\n"
    ".popsection\n");

extern "C" const char farm_forkserver_begin[], farm_forkserver_end[];  // NOLINT: assembler's names

namespace farm::sandbox {

std::string_view forkserver_program() {
  return {farm_forkserver_begin,
          static_cast<std::size_t>(farm_forkserver_end - farm_forkserver_begin)};
}

}  // namespace farm::sandbox
