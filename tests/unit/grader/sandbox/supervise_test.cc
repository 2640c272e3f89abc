#include "grader/sandbox/supervise.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>

#include "grader/os/unix_socket.h"

namespace farm::sandbox {
namespace {

// Counts what a test says, and calls it back before the supervisor looks any closer.
class ToldMeter final : public RunMeter {
 public:
  Nanoseconds cpu{0};
  std::function<void()> before_a_close_look = [] {};

  Expected<Nanoseconds> cpu_used() override { return cpu; }
  Expected<std::vector<pid_t>> members() override {
    before_a_close_look();
    return std::vector<pid_t>{};
  }
  Expected<RunUsage> usage() override { return RunUsage{}; }
};

// A child that does nothing in place of a sandbox's init, and a folder in place of the host's
// /proc.
class SuperviseTest : public ::testing::Test {
 protected:
  SuperviseTest() {
    const pid_t child = ::fork();
    if (child == 0) {
      for (;;) ::pause();
    }
    init_ = os::UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
    auto report = os::make_message_socket_pair();
    auto daemon = os::make_message_socket_pair();
    if (!init_ || !report || !daemon) std::abort();
    report_ = std::move(*report);
    daemon_ = std::move(*daemon);
    (void)os::pass_credentials(report_.first.get());
    std::string name = (std::filesystem::temp_directory_path() / "supervise_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    folder_ = name;
    stolen(Milliseconds(0));
    proc_ = os::UniqueFd(::open(folder_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    run_.init_pidfd = init_.get();
    run_.report_fd = report_.first.get();
    run_.daemon_fd = daemon_.first.get();
    run_.proc_fd = proc_.get();
    run_.host_cpus = {0};
    run_.limits.cpu = Milliseconds(50);
    run_.limits.wall = std::chrono::hours(1);
    run_.ahead_of_ticks = [](const std::vector<pid_t>&) { return Nanoseconds(0); };
  }

  ~SuperviseTest() override { std::filesystem::remove_all(folder_); }

  // Nobody runs for so long, and the kernel says afterwards that the hypervisor had the CPU.
  void stand_still(Milliseconds time) {
    std::this_thread::sleep_for(time);
    stolen(std::chrono::hours(1));
  }

  // What the hypervisor has taken from the CPU so far.
  void stolen(Milliseconds time) {
    const std::int64_t ticks = time.count() * ::sysconf(_SC_CLK_TCK) / 1000;
    std::ofstream(folder_ / "stat") << "cpu  0\ncpu0 0 0 0 0 0 0 0 " << ticks << " 0 0\n";
  }

  // What the kernel says of a thread of the program, which is this process for who reads reports.
  void thread_is(char state, const std::string& schedstat, pid_t id = ::getpid()) {
    const std::filesystem::path process = folder_ / std::to_string(::getpid());
    const std::filesystem::path thread = process / "task" / std::to_string(id);
    std::filesystem::create_directories(thread);
    for (const std::filesystem::path& of : {id == ::getpid() ? process : thread, thread}) {
      std::ofstream(of / "stat") << id << " (x) " << state << " 1\n";
      std::ofstream(of / "schedstat") << schedstat << "\n";
    }
  }

  void init_waited(Milliseconds time) {
    run_.init_pid = 1;
    const std::filesystem::path process = folder_ / "1";
    std::filesystem::create_directories(process / "task/1");
    for (const std::filesystem::path& of : {process, process / "task/1"}) {
      std::ofstream(of / "schedstat") << "0 " << Nanoseconds(time).count() << " 1\n";
    }
  }

  void say(Report::Kind kind) {
    Report report;
    report.kind = kind;
    report.code = CLD_EXITED;
    const std::string_view bytes(reinterpret_cast<const char*>(&report), sizeof report);
    ASSERT_TRUE(os::send_message(report_.second.get(), bytes));
  }

  // The host may stand still first.
  void order(Order given, Milliseconds standstill = Milliseconds(0)) {
    run_.read_order = [this, given, standstill]() -> Expected<Order> {
      (void)os::receive_message(daemon_.first.get());
      if (standstill > Milliseconds(0)) stand_still(standstill);
      return given;
    };
    ASSERT_TRUE(os::send_message(daemon_.second.get(), "x"));
  }

  SupervisedEnd watch() {
    const Expected<SupervisedEnd> end = supervise(run_, meter_);
    EXPECT_TRUE(end) << (end ? "" : end.error().text());
    return end ? *end : SupervisedEnd{};
  }

  SupervisedRun run_;
  ToldMeter meter_;

 private:
  std::filesystem::path folder_;
  os::UniqueFd init_, proc_;
  std::pair<os::UniqueFd, os::UniqueFd> report_, daemon_;
};

TEST_F(SuperviseTest, AProgramThatWaitsMeetsItsWallLimit) {
  run_.limits.wall = Milliseconds(50);
  say(Report::Kind::kReady);

  EXPECT_EQ(watch().ending, Ending::kWallLimit);
}

TEST_F(SuperviseTest, AnEndPastAWallLimitThatPassedWhileTheHostStoodStillTellsNothing) {
  run_.limits.wall = Milliseconds(200);
  order({}, Milliseconds(500));
  say(Report::Kind::kReady);
  say(Report::Kind::kExited);

  EXPECT_EQ(watch().ending, Ending::kStarved);
}

TEST_F(SuperviseTest, ATurnThatEndedLateWhileTheHostStoodStillTellsNothing) {
  run_.limits.wall = Milliseconds(200);
  bool told = false;
  run_.report_turn = [&](const TurnTimes&) { told = true; };
  order({std::nullopt, true}, Milliseconds(500));
  say(Report::Kind::kReady);

  EXPECT_EQ(watch().ending, Ending::kStarved);
  EXPECT_FALSE(told);
}

TEST_F(SuperviseTest, AProgramThatWaitsHasAllOfItsWallLimitAfterTheHostStoodStill) {
  run_.limits.wall = Milliseconds(50);
  bool looked = false;
  meter_.before_a_close_look = [&] {
    if (!std::exchange(looked, true)) stand_still(Milliseconds(400));
  };
  say(Report::Kind::kReady);
  const auto begun = std::chrono::steady_clock::now();

  const SupervisedEnd end = watch();

  EXPECT_EQ(end.ending, Ending::kWallLimit);
  EXPECT_GE(std::chrono::steady_clock::now() - begun, Milliseconds(450));
  EXPECT_GT(end.wall, run_.limits.wall);
}

TEST_F(SuperviseTest, AProgramThatWaitsMeetsItsWallLimitThoughTimeIsStolenALittleAtATime) {
  run_.limits.wall = Milliseconds(50);
  meter_.before_a_close_look = [this] { stolen(std::chrono::hours(1)); };
  say(Report::Kind::kReady);

  EXPECT_EQ(watch().ending, Ending::kWallLimit);
}

TEST_F(SuperviseTest, AProgramThatComputesHasItsWallLimitBesidesWhatWasStolenFromIt) {
  run_.limits.wall = Milliseconds(50);
  run_.limits.cpu = std::chrono::hours(1);
  meter_.cpu = Milliseconds(20);
  bool looked = false;
  meter_.before_a_close_look = [&] {
    stolen(std::chrono::hours(1));
    if (!std::exchange(looked, true)) say(Report::Kind::kExited);
  };
  say(Report::Kind::kReady);

  EXPECT_EQ(watch().ending, Ending::kStarved);
}

TEST_F(SuperviseTest, AProgramThatRunsMeetsItsWallLimit) {
  run_.limits.wall = Milliseconds(50);
  int looks = 0;
  meter_.before_a_close_look = [&] { thread_is('R', std::to_string(++looks) + " 0 1"); };
  say(Report::Kind::kReady);

  EXPECT_EQ(watch().ending, Ending::kWallLimit);
}

TEST_F(SuperviseTest, AWaitForACpuThatIsNotOverIsNoWallTimeOfTheProgram) {
  run_.limits.wall = Milliseconds(50);
  int looks = 0;
  meter_.before_a_close_look = [&] {
    if (++looks == 5) thread_is('R', "1000 3600000000000 2");
    if (looks == 5) say(Report::Kind::kExited);
  };
  thread_is('R', "1000 0 1");
  say(Report::Kind::kReady);

  const SupervisedEnd end = watch();

  EXPECT_EQ(end.ending, Ending::kByItself);
  EXPECT_EQ(end.starved, std::chrono::hours(1));
}

TEST_F(SuperviseTest, AProgramThatHasEndedIsNotKilledBecauseNobodyHadACpuToSaySo) {
  run_.limits.wall = Milliseconds(50);
  int looks = 0;
  meter_.before_a_close_look = [&] {
    if (++looks == 5) say(Report::Kind::kExited);
  };
  thread_is('Z', "1000 0 1");
  say(Report::Kind::kReady);

  EXPECT_EQ(watch().ending, Ending::kByItself);
}

TEST_F(SuperviseTest, AnEndThatIsLateOnlyByTheWaitOfItsInitTellsNothing) {
  run_.limits.wall = Milliseconds(50);
  init_waited(Milliseconds(0));
  meter_.before_a_close_look = [&] {
    init_waited(std::chrono::hours(1));  // perhaps while the program slept
    say(Report::Kind::kExited);
  };
  thread_is('Z', "1000 0 1");
  say(Report::Kind::kReady);

  EXPECT_EQ(watch().ending, Ending::kStarved);
}

TEST_F(SuperviseTest, AProgramWhoseFirstThreadHasEndedMeetsItsWallLimit) {
  run_.limits.wall = Milliseconds(50);
  thread_is('Z', "1000 0 1");
  thread_is('S', "1000 0 1", 1);
  say(Report::Kind::kReady);

  EXPECT_EQ(watch().ending, Ending::kWallLimit);
}

TEST_F(SuperviseTest, AProgramThatComputesMeetsItsCpuLimit) {
  meter_.cpu = Milliseconds(1000);
  run_.ahead_of_ticks = [](const std::vector<pid_t>&) { return Nanoseconds(Milliseconds(1000)); };
  say(Report::Kind::kReady);

  EXPECT_EQ(watch().ending, Ending::kCpuLimit);
}

TEST_F(SuperviseTest, ACpuLimitIsMetThoughTimeWasStolenWhereTicksSawTheProgramAtWork) {
  meter_.cpu = Milliseconds(1000);
  meter_.before_a_close_look = [this] { stolen(Milliseconds(2000)); };
  say(Report::Kind::kReady);

  EXPECT_EQ(watch().ending, Ending::kCpuLimit);
}

TEST_F(SuperviseTest, StolenTimeThatWasCountedAsTheProgramsIsForgiven) {
  meter_.cpu = Milliseconds(1000);
  run_.ahead_of_ticks = [](const std::vector<pid_t>&) { return Nanoseconds(Milliseconds(980)); };
  bool looked = false;
  meter_.before_a_close_look = [&] {
    stolen(Milliseconds(2000));
    if (!std::exchange(looked, true)) say(Report::Kind::kExited);
  };
  say(Report::Kind::kReady);

  const SupervisedEnd end = watch();

  EXPECT_EQ(end.ending, Ending::kByItself);
  EXPECT_EQ(end.miscounted, Milliseconds(980));
}

}  // namespace
}  // namespace farm::sandbox
