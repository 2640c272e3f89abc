// compile(): a Program → the files that its runs need, or diagnostics.
#pragma once

#include <vector>

#include "grader/evaluate/plan.h"
#include "grader/evaluate/tools.h"
#include "schemas/expected.h"
#include "schemas/result.h"

namespace farm::evaluate {

struct Build {
  // Unset for languages that are not compiled. verdict: kAccepted, or kCompileError.
  std::optional<CompileResult> result;
  std::string message;                       // why not ok; in one line
  std::vector<sandbox::InputFile> products;  // to place beside the files of every run
  Isolation isolation = Isolation::kNone;    // of the compiler's run
  bool cancelled = false;

  bool ok() const { return !cancelled && (!result || result->verdict == Verdict::kAccepted); }
};

// Blocks for the compiler's run, or two: with precompiled headers it is believed only where it is
// content and says nothing. The submission's fault, and so a Build that is not ok: diagnostics
// and a status other than 0, a compiler that exceeds its limits, a missing product, products beyond
// the run's tmpfs. Errors: the farm's (attempts.h).
Expected<Build> compile(const Program& program, const Plan& plan, const Tools& tools);

}  // namespace farm::evaluate
