// An Invocation for tests: arguments as they are typed, an environment and files that exist only
// here.
#pragma once

#include <cerrno>
#include <map>
#include <sstream>
#include <string>

#include "grader/config/config.h"

namespace farm::config {

inline Invocation invocation_of(const std::string& arguments,
                                std::map<std::string, std::string> environment = {},
                                std::map<std::string, std::string> files = {}) {
  Invocation invocation;
  std::istringstream words(arguments);
  for (std::string word; words >> word;) invocation.arguments.push_back(word);
  invocation.environment = std::move(environment);
  invocation.read_file = [files =
                              std::move(files)](const std::string& path) -> Expected<std::string> {
    const auto found = files.find(path);
    if (found == files.end()) return internal_error("open " + path, ENOENT);
    return found->second;
  };
  invocation.cpus = 6;
  invocation.program_directory = "/opt/farm/bin";
  return invocation;
}

}  // namespace farm::config
