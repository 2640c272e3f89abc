// What stood on a command line, before it means anything: which program, which flags with which
// texts.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "grader/config/config.h"
#include "grader/config/option_table.h"
#include "grader/config/settings.h"
#include "schemas/expected.h"

namespace farm::config {

struct CommandLine {
  Program program = Program::kGrader;
  std::vector<GivenFlag>
      flags;  // in table order; of a flag given twice the last value, kNames and kProperties all
  std::vector<std::string>
      operands;  // grade, report: FILE; topics: create or describe; replay:
                 // FILE…; bench: SCENARIO…; cancel: ID…; dead-letters: what to do, ID…
};

// Errors: kInvalidRequest for an unknown flag, a missing value or operand; the text says where
// --help is.
Expected<std::variant<CommandLine, ShowText>> read_grader_arguments(
    const std::vector<std::string>& arguments);
Expected<std::variant<CommandLine, ShowText>> read_gateway_arguments(
    const std::vector<std::string>& arguments);
Expected<std::variant<CommandLine, ShowText>> read_gradefarm_arguments(
    const std::vector<std::string>& arguments);

}  // namespace farm::config
