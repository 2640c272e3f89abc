#include "producer/command/interrupt.h"

#include "schemas/expected.h"

namespace farm::command {
namespace {

volatile std::sig_atomic_t noted_signal = 0;

extern "C" void note_signal(int number) { noted_signal = number; }

}  // namespace

Interrupt::Interrupt() {
  noted_signal = 0;
  struct sigaction note {};
  note.sa_handler = note_signal;
  note.sa_flags = static_cast<int>(SA_RESETHAND);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  FARM_ASSERT(::sigaction(SIGINT, &note, &former_int_) == 0);
  FARM_ASSERT(::sigaction(SIGTERM, &note, &former_term_) == 0);
  FARM_ASSERT(::sigaction(SIGPIPE, &ignore, &former_pipe_) == 0);
}

Interrupt::~Interrupt() {
  ::sigaction(SIGINT, &former_int_, nullptr);
  ::sigaction(SIGTERM, &former_term_, nullptr);
  ::sigaction(SIGPIPE, &former_pipe_, nullptr);
}

std::optional<int> Interrupt::pending() const {
  const int number = noted_signal;
  if (number == 0) return std::nullopt;
  return number;
}

}  // namespace farm::command
