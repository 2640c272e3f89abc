// The program of the forkserver and of the launchers, which are its forks. A program of its own, so
// that a launcher is small: every run forks it, and a fork costs what there is to copy. And nothing
// that the daemon had in memory, passwords of Kafka among it, is there.

#include <string>
#include <utility>

#include "grader/os/files.h"
#include "grader/sandbox/forkserver_process.h"
#include "grader/sandbox/forkserver_program.h"
#include "grader/sandbox/launch_protocol.h"

namespace {

using namespace farm;           // NOLINT(google-build-using-namespace): a main
using namespace farm::sandbox;  // NOLINT(google-build-using-namespace): a main

Expected<LauncherSettings> read_settings() {
  const os::UniqueFd file(kForkserverSettings);
  FARM_TRY(const std::string bytes, os::read_all(file.get(), gib(1), "settings of the forkserver"));
  return decode_settings(bytes);
}

}  // namespace

int main() {
  const Expected<LauncherSettings> settings = read_settings();
  if (!settings) return 1;
  serve_as_forkserver(os::UniqueFd(kForkserverSocket), *settings);
}
