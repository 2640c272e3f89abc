#include "producer/command/report.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>

#include "grader/os/unique_fd.h"
#include "producer/command/exit_codes.h"
#include "producer/command/line_reader.h"
#include "producer/command/report_png.h"
#include "producer/command/report_summary.h"
#include "schemas/result.h"

namespace farm::command {
namespace {

constexpr Bytes kMaxLine = mib(256);  // a result with all its outputs

void complain(const std::string& text) { std::fprintf(stderr, "gradefarm: %s\n", text.c_str()); }

void take_lines(LineReader& reader, ReportBuilder& builder, bool& complained) {
  while (auto line = reader.take()) {
    const auto result =
        line->too_long ? Expected<EvaluationResult>(invalid_request("longer than a result may be"))
                       : decode_result(line->text);
    if (result) {
      builder.add(*result);
      continue;
    }
    builder.add_unreadable();
    if (!complained)
      complain("line " + std::to_string(line->number) + " is no result: " + result.error().what);
    complained = true;
  }
}

}  // namespace

int report(const config::ReportOptions& options) {
  os::UniqueFd file;
  if (options.input != "-") {
    file.reset(::open(options.input.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return complain(system_error("open " + options.input, errno).text()), kExitFile;
  }
  LineReader reader(file ? file.get() : STDIN_FILENO, kMaxLine);
  ReportBuilder builder;
  bool complained = false;
  while (!reader.at_end()) {
    if (auto filled = reader.fill(); !filled) return complain(filled.error().text()), kExitFile;
    take_lines(reader, builder, complained);
  }

  const Report made = builder.build(options.by);
  std::fputs(report_text(made).c_str(), stdout);
  if (std::fflush(stdout) != 0) return complain("standard output cannot be written"), kExitFile;
  if (!options.png.empty()) {
    if (auto drawn = write_report_png(made, options.png); !drawn)
      return complain(drawn.error().text()), kExitFile;
  }
  if (made.all.tally.total() == 0 && made.unreadable > 0)
    return complain("no line of the input is a result"), kExitFile;
  return kExitOk;
}

}  // namespace farm::command
