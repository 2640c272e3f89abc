// A stand-in for gradefarm-grader, started by the tests of `gradefarm grade --embedded`: takes the
// same flags, accepts every request unseen, and drains on SIGTERM. A request with "die" as its code
// ends it with exit status 9.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>

#include "schemas/request.h"
#include "tests/support/scripted_grader.h"

namespace {

using farm::kafka::Record;
using farm::test::ScriptedGrader;

void answer(ScriptedGrader& grader, const Record& request) {
  const auto decoded = farm::decode_request(request.value);
  if (decoded && decoded->submission.code == "die") {
    std::fputs("echo grader: told to die\n", stderr);
    std::_Exit(9);
  }
  grader.answer(request, ScriptedGrader::accepted(request));
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> flags;
  for (int i = 1; i + 1 < argc; i += 2) flags[argv[i]] = argv[i + 1];

  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &term, nullptr);

  farm::kafka::ClientConfig client;
  client.brokers = flags["--brokers"];
  client.kind = farm::kafka::BrokerKind::kEmbedded;
  const ScriptedGrader grader(client, flags["--pool"], answer);
  if (::write(std::stoi(flags["--ready-fd"]), "ready\n", 6) != 6) return 1;
  if (const char* file = std::getenv("ECHO_GRADER_PIDS")) {
    std::ofstream(file, std::ios::app) << ::getpid() << std::endl;
  }
  int signal = 0;
  sigwait(&term, &signal);
  return 0;
}
