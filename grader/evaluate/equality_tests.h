// Tests that a translator wrote: straight lines, each of which says that a call equals a literal
// (MultiPL-E, MBXP, most of HumanEval-X). Such tests are taken apart: the sandbox gets them with an
// emission in the place of every comparison, the literals stay outside, and the values that come
// out on descriptor 4 are compared here. A submission can then lie about a value only by knowing
// the right one.
//
// A language joins by a recogniser in equality_tests.cc and an emitting harness (harness.cc). Tests
// that are not of this kind run whole, with a completion token.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "grader/evaluate/classify.h"
#include "grader/evaluate/judge_case.h"
#include "grader/sandbox/run_outcome.h"
#include "schemas/value.h"

namespace farm::evaluate {

struct EqualityTests {
  std::string emitting;     // the tests, without any expected value
  ValueList expected;       // in the order of the emissions; not empty
  bool plain_text = false;  // what is emitted is the text itself and not JSON (schemas/value.h)
};

// nullopt: not tests of this kind, or not in this language. Pure.
std::optional<EqualityTests> equality_tests(std::string_view language, std::string_view tests);

// Each emission is followed by a NUL byte. All have to be there, in order, and equal.
Judgement judge_emitted(const EqualityTests& tests, const sandbox::RunOutcome& outcome,
                        const Classification& classification);

// The recognisers.
std::optional<EqualityTests> bash_equality_tests(std::string_view tests);
std::optional<EqualityTests> cpp_equality_tests(std::string_view tests);

// Tests of MultiPL-E begin with the brace that ends the function that the prompt began. The text
// from behind that brace; nullopt where there is none.
std::optional<std::string_view> behind_leading_brace(std::string_view tests);

}  // namespace farm::evaluate
