// A program that stays: that it is limited turn by turn, waits for nothing, and is replaced after
// whatever it should not have done.

#include "grader/sandbox/resident.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>
#include <thread>

#include "tests/sandbox/sandbox_fixture.h"

namespace farm::sandbox {
namespace {

using std::chrono::steady_clock;

// Executes what it is told and answers with what that leaves in `answer`.
constexpr const char* kProgram = R"(
import os, struct, time
def told():
    size = b""
    while len(size) < 4:
        part = os.read(5, 4 - len(size))
        if not part: raise SystemExit
        size += part
    text = b""
    while len(text) < struct.unpack(">I", size)[0]:
        text += os.read(5, 65536)
    return text.decode()
def say(text):
    os.write(6, struct.pack(">I", len(text)) + text.encode())
kept = {"uses": 0}
say("")
while True:
    kept["uses"] += 1
    kept["answer"] = ""
    exec(told(), {"os": os, "time": time, "say": say, "kept": kept})
    say(kept["answer"])
    exec(kept.pop("afterwards", ""), {"say": say, "os": os})
)";

class ResidentTest : public SandboxFixture {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: sandbox tests need root";
    start(Isolation::kFull);
    spec_ = python(kProgram);
    spec_.turns = 100;
  }

  // Waits until it can be asked.
  static bool gets_ready(Resident& resident) {
    const auto end = steady_clock::now() + std::chrono::seconds(60) * slowness();
    while (!resident.is_ready()) {
      if (steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
  }

  // What it answers; "gone" if it does not.
  static std::string answer(Resident& resident, const std::string& told) {
    if (!gets_ready(resident)) return "never ready";
    const auto turn = resident.ask(told);
    return turn ? turn->channel_bytes : "gone";
  }

  // Whether another one comes, which was never asked before.
  static bool is_replaced(Resident& resident) {
    for (int i = 0; i < 10; ++i) {
      if (answer(resident, "kept['answer'] = 'use ' + str(kept['uses'])") == "use 1") return true;
    }
    return false;
  }

  LinuxResident resident() { return {*forkserver_, 7, spec_}; }

  RunSpec spec_;
};

const std::string kUses = "kept['answer'] = str(kept['uses'])";

TEST_F(ResidentTest, IsStartedWhenItIsAskedForAndNotWaitedFor) {
  LinuxResident one = resident();

  EXPECT_FALSE(one.is_ready());
  EXPECT_EQ(answer(one, kUses), "1");
}

TEST_F(ResidentTest, OneProcessAnswersTurnAfterTurn) {
  LinuxResident one = resident();

  EXPECT_EQ(answer(one, kUses), "1");
  EXPECT_EQ(answer(one, kUses), "2");
  EXPECT_EQ(answer(one, kUses), "3");
}

TEST_F(ResidentTest, RestsForLongerThanATurnMayLast) {
  spec_.limits.wall = Milliseconds(400) * slowness();
  LinuxResident one = resident();
  ASSERT_EQ(answer(one, kUses), "1");

  std::this_thread::sleep_for(2 * spec_.limits.wall);

  EXPECT_EQ(answer(one, kUses), "2");
}

TEST_F(ResidentTest, TimesAreOfTheTurnAlone) {
  LinuxResident one = resident();
  ASSERT_EQ(answer(one, kUses), "1");
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  ASSERT_TRUE(gets_ready(one));

  const auto turn =
      one.ask("end = time.process_time() + 0.2\nwhile time.process_time() < end: pass");

  ASSERT_TRUE(turn);
  EXPECT_GE(turn->cpu, Milliseconds(190));
  EXPECT_EQ(turn->isolation, Isolation::kFull);
  const auto next = gets_ready(one) ? one.ask(kUses) : std::nullopt;
  ASSERT_TRUE(next);
  EXPECT_LT(next->cpu, turn->cpu);
}

TEST_F(ResidentTest, ATurnThatLastsTooLongIsItsEnd) {
  spec_.limits.wall = Milliseconds(500) * slowness();
  LinuxResident one = resident();

  EXPECT_EQ(answer(one, "time.sleep(100)"), "gone");
  EXPECT_EQ(answer(one, kUses), "1");
}

TEST_F(ResidentTest, ATurnThatComputesTooMuchIsItsEnd) {
  spec_.limits.cpu = Milliseconds(500) * slowness();
  LinuxResident one = resident();

  EXPECT_EQ(answer(one, "while True: pass"), "gone");
  EXPECT_EQ(answer(one, kUses), "1");
}

TEST_F(ResidentTest, ATurnThatTakesTooMuchMemoryIsItsEnd) {
  LinuxResident one = resident();

  EXPECT_EQ(answer(one, "kept['held'] = bytearray(1 << 30)"), "gone");
  EXPECT_EQ(answer(one, kUses), "1");
}

TEST_F(ResidentTest, WhoEndsIsReplaced) {
  LinuxResident one = resident();

  EXPECT_EQ(answer(one, "os._exit(0)"), "gone");
  EXPECT_EQ(answer(one, kUses), "1");
}

// When its words arrive is the scheduler's business: before the next question, or as its answer.
TEST_F(ResidentTest, WhoSpeaksUnaskedIsReplaced) {
  LinuxResident one = resident();

  (void)answer(one, "kept['afterwards'] = 'say(\"forged\")\\nsay(\"again\")'");

  EXPECT_TRUE(is_replaced(one));
}

TEST_F(ResidentTest, WhoAnswersTwiceIsReplaced) {
  LinuxResident one = resident();

  (void)answer(one, "say('first')\nsay('second')");

  EXPECT_TRUE(is_replaced(one));
}

TEST_F(ResidentTest, WhoComputesWhileItRestsIsStopped) {
  spec_.limits.cpu = Milliseconds(500) * slowness();
  LinuxResident one = resident();
  ASSERT_EQ(answer(one, "kept['afterwards'] = 'while True: pass'"), "");

  const auto end = steady_clock::now() + std::chrono::seconds(60) * slowness();
  while (one.is_ready() && steady_clock::now() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));

  EXPECT_EQ(answer(one, kUses), "1");
}

TEST_F(ResidentTest, IsReplacedAfterItsUses) {
  spec_.turns = 2;
  LinuxResident one = resident();

  EXPECT_EQ(answer(one, kUses), "1");
  EXPECT_EQ(answer(one, kUses), "2");
  EXPECT_EQ(answer(one, kUses), "1");
}

TEST_F(ResidentTest, OneThatCannotGetReadyIsLeftAlone) {
  spec_ = python("raise SystemExit(1)");
  LinuxResident one = resident();

  const auto end = steady_clock::now() + std::chrono::seconds(2);
  while (steady_clock::now() < end) ASSERT_FALSE(one.is_ready());
}

TEST_F(ResidentTest, HasNoNetworkAndNoOtherFiles) {
  LinuxResident one = resident();

  EXPECT_EQ(answer(one,
                   "import socket\n"
                   "try:\n"
                   "  socket.create_connection(('127.0.0.1', 22), 1)\n"
                   "except OSError as error: kept['answer'] = str(os.path.exists('/root'))"),
            "False");
}

}  // namespace
}  // namespace farm::sandbox
