#include "grader/sandbox/linux_sandbox.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "grader/os/files.h"
#include "grader/os/unix_socket.h"
#include "grader/sandbox/host_pressure.h"
#include "grader/sandbox/launch_protocol.h"

namespace farm::sandbox {
namespace {

// The reading end of one of the program's pipes. Keeps at most `cap` bytes, counts all, never
// blocks.
class Drain {
 public:
  Drain(os::UniqueFd fd, Bytes cap)
      : fd_(std::move(fd)), cap_(static_cast<std::size_t>(cap.count)) {
    ::fcntl(fd_.get(), F_SETFL, O_NONBLOCK);
  }

  int fd() const { return fd_.get(); }  // -1 after the end of file
  std::int64_t total() const { return total_; }
  bool over_cap() const { return total_ > static_cast<std::int64_t>(cap_); }
  std::string take() { return std::move(kept_); }

  // Reads what is there now.
  void drain() {
    std::array<char, 65536> buffer;  // NOLINT: filled by read
    while (fd_) {
      const ssize_t got = ::read(fd_.get(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) {
        fd_.reset();
        return;
      }
      const auto size = static_cast<std::size_t>(got);
      total_ += got;
      if (kept_.size() < cap_) kept_.append(buffer.data(), std::min(size, cap_ - kept_.size()));
      if (size < buffer.size()) return;  // the pipe is empty now, or nearly
    }
  }

 private:
  os::UniqueFd fd_;
  std::size_t cap_;
  std::string kept_;
  std::int64_t total_ = 0;
};

template <typename T>
std::string_view as_bytes(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

// One run in progress, seen from the daemon.
class Conversation {
 public:
  Conversation(int launcher, std::uint32_t number, const RunSpec& spec, Drain out, Drain err,
               Drain channel)
      : launcher_(launcher),
        number_(number),
        spec_(spec),
        drains_{std::move(out), std::move(err), std::move(channel)} {}

  Expected<RunOutcome> follow() {
    while (!ended_) {
      std::array<pollfd, 4> events = {
          pollfd{launcher_, POLLIN, 0}, pollfd{drains_[0].fd(), POLLIN, 0},
          pollfd{drains_[1].fd(), POLLIN, 0}, pollfd{drains_[2].fd(), POLLIN, 0}};
      if (::poll(events.data(), events.size(), -1) < 0 && errno != EINTR)
        return system_error("poll", errno);
      for (std::size_t i = 0; i < drains_.size(); ++i) {
        if (events[i + 1].revents != 0) drains_[i].drain();
      }
      FARM_CHECK_OK(enforce_output_limit());
      if (events[0].revents != 0) FARM_CHECK_OK(read_reply());
    }
    // Every writer is dead, so what is left in the pipes is all there will ever be.
    for (Drain& drain : drains_) {
      while (drain.fd() >= 0) drain_rest(drain);
    }
    outcome_.stdout_total = drains_[0].total();
    outcome_.stderr_total = drains_[1].total();
    outcome_.stdout_bytes = drains_[0].take();
    outcome_.stderr_bytes = drains_[1].take();
    outcome_.channel_bytes = drains_[2].take();
    if (over_output_limit()) outcome_.ending = Ending::kOutputLimit;
    if (outcome_.ending == Ending::kCpuLimit || outcome_.ending == Ending::kWallLimit) {
      outcome_.host_short_of_memory = host_is_short_of_memory();
    }
    return std::move(outcome_);
  }

 private:
  static void drain_rest(Drain& drain) {
    pollfd event{drain.fd(), POLLIN, 0};
    (void)::poll(&event, 1, -1);
    drain.drain();
  }

  bool over_output_limit() const {
    return std::any_of(drains_.begin(), drains_.end(),
                       [](const Drain& drain) { return drain.over_cap(); });
  }

  Expected<Done> enforce_output_limit() {
    if (kill_sent_ || !over_output_limit()) return Done{};
    kill_sent_ = true;
    LaunchCommand command;
    command.kind = LaunchCommand::Kind::kKill;
    command.run_number = number_;
    command.kill_reason = Ending::kOutputLimit;
    return os::send_message(launcher_, as_bytes(command));
  }

  Expected<Done> read_reply() {
    FARM_TRY(std::optional<os::Message> message, os::receive_message(launcher_));
    LaunchReply reply;
    if (!message || message->bytes.size() < sizeof reply) {
      return unavailable("sandbox: the launcher died during the run");
    }
    std::memcpy(&reply, message->bytes.data(), sizeof reply);
    const std::string_view text = std::string_view(message->bytes).substr(sizeof reply);
    switch (reply.kind) {
      case LaunchReply::Kind::kFile:
        return keep_file(text, message->fds);
      case LaunchReply::Kind::kFailed:
        return Error{reply.error_code, std::string(text), reply.error_errno};
      case LaunchReply::Kind::kEnded:
        keep_ending(reply);
        return Done{};
      case LaunchReply::Kind::kStarted:
        break;
    }
    return internal_error("sandbox: unexpected message from the launcher");
  }

  Expected<Done> keep_file(std::string_view text, const std::vector<os::UniqueFd>& fds) {
    const std::size_t zero = text.find('\0');
    if (zero == std::string_view::npos) return internal_error("sandbox: malformed file message");
    const std::string path(text.substr(0, zero));
    FetchedFile file;
    file.refused = text.substr(zero + 1);
    if (!fds.empty()) {
      FARM_TRY(file.content, os::read_all(fds[0].get(), spec_.fetch_limit, "fetched " + path));
    }
    outcome_.files[path] = std::move(file);
    return Done{};
  }

  void keep_ending(const LaunchReply& reply) {
    ended_ = true;
    outcome_.ending = reply.ending;
    if (reply.exit_code >= 0) outcome_.exit_code = reply.exit_code;
    if (reply.signal > 0) outcome_.signal = reply.signal;
    outcome_.out_of_memory = reply.out_of_memory != 0;
    outcome_.cpu = std::chrono::duration_cast<Microseconds>(Nanoseconds(reply.cpu_ns));
    outcome_.wall = std::chrono::duration_cast<Microseconds>(Nanoseconds(reply.wall_ns));
    outcome_.starved = std::chrono::duration_cast<Microseconds>(Nanoseconds(reply.starved_ns));
    outcome_.throttled = std::chrono::duration_cast<Microseconds>(Nanoseconds(reply.throttled_ns));
    outcome_.memory_peak.count = reply.memory_peak;
    outcome_.command_index = reply.command_index;
    outcome_.isolation = reply.isolation;
  }

  const int launcher_;
  const std::uint32_t number_;
  const RunSpec& spec_;
  std::array<Drain, 3> drains_;
  RunOutcome outcome_;
  bool kill_sent_ = false;
  bool ended_ = false;
};

}  // namespace

Expected<RunOutcome> LinuxSandbox::run(const RunSpec& spec) {
  if (!launcher_) {
    FARM_TRY(launcher_, forkserver_.start_launcher(slot_));
    if (started_before_) ++restarts_;
    started_before_ = true;
  }
  FARM_TRY(const os::UniqueFd payload, os::make_sealed_memfd("payload", encode_payload(spec)));
  FARM_TRY(const os::UniqueFd stdin_file, os::make_sealed_memfd("stdin", spec.stdin_bytes));
  FARM_TRY(os::Pipe out, os::make_pipe());
  FARM_TRY(os::Pipe err, os::make_pipe());
  os::Pipe channel;
  os::UniqueFd channel_input;
  std::vector<int> fds = {payload.get(), stdin_file.get(), out.write.get(), err.write.get()};
  if (spec.use_channel) {
    FARM_TRY(channel, os::make_pipe());
    FARM_TRY(channel_input, os::make_sealed_memfd("channel", spec.channel_input));
    fds.push_back(channel_input.get());
    fds.push_back(channel.write.get());
  }
  LaunchCommand command;
  command.run_number = ++run_number_;
  command.use_channel = spec.use_channel ? 1 : 0;
  if (auto sent = os::send_message(launcher_.get(), as_bytes(command), fds); !sent) {
    launcher_.reset();
    return std::move(sent).error();
  }
  out.write.reset();
  err.write.reset();
  channel.write.reset();
  Conversation conversation(launcher_.get(), run_number_, spec,
                            Drain(std::move(out.read), spec.limits.output),
                            Drain(std::move(err.read), spec.limits.output),
                            Drain(std::move(channel.read), spec.limits.output));
  auto outcome = conversation.follow();
  // After any failure the launcher's state is unknown: a fresh one costs milliseconds, a wrong
  // verdict more.
  if (!outcome) launcher_.reset();
  return outcome;
}

}  // namespace farm::sandbox
