#include "grader/sandbox/conversation.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "grader/os/files.h"
#include "grader/sandbox/host_pressure.h"

namespace farm::sandbox {
namespace {

template <typename T>
std::string_view as_bytes(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

// A message of a turn: its length in four bytes, big end first, and its content.
constexpr std::size_t kHeader = 4;

std::string header_of(std::size_t size) {
  std::string header;
  for (int shift = 24; shift >= 0; shift -= 8) header.push_back(static_cast<char>(size >> shift));
  return header;
}

std::size_t size_in(std::string_view message) {
  std::size_t size = 0;
  for (const char c : message.substr(0, kHeader)) size = size << 8 | static_cast<unsigned char>(c);
  return size;
}

void keep_times(const LaunchReply& reply, RunOutcome& outcome) {
  outcome.cpu = std::chrono::duration_cast<Microseconds>(Nanoseconds(reply.cpu_ns));
  outcome.wall = std::chrono::duration_cast<Microseconds>(Nanoseconds(reply.wall_ns));
  outcome.starved = std::chrono::duration_cast<Microseconds>(Nanoseconds(reply.starved_ns));
  outcome.forgiven = std::chrono::duration_cast<Microseconds>(Nanoseconds(reply.forgiven_ns));
  outcome.throttled = std::chrono::duration_cast<Microseconds>(Nanoseconds(reply.throttled_ns));
  outcome.memory_peak.count = reply.memory_peak;
  outcome.isolation = reply.isolation;
}

}  // namespace

Drain::Drain(os::UniqueFd fd, Bytes cap)
    : fd_(std::move(fd)), cap_(static_cast<std::size_t>(cap.count)) {
  ::fcntl(fd_.get(), F_SETFL, O_NONBLOCK);
}

void Drain::drain() {
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

void Drain::drain_to_end() {
  while (fd_) {
    pollfd event{fd_.get(), POLLIN, 0};
    (void)::poll(&event, 1, -1);
    drain();
  }
}

std::int64_t Drain::start_anew() {
  kept_.clear();
  return std::exchange(total_, 0);
}

Expected<Conversation> Conversation::begin_turns(int launcher, std::uint32_t run_number,
                                                 const RunSpec& spec, TurnTaker& turns) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return system_error("socketpair", errno);
  os::UniqueFd own(ends[0]);
  PeerEnds peer{os::UniqueFd(ends[1]), os::UniqueFd(::fcntl(ends[1], F_DUPFD_CLOEXEC, 0))};
  if (!peer.out) return system_error("duplicate a socket", errno);
  FARM_TRY(Conversation conversation, begin(launcher, run_number, spec, std::move(peer)));
  conversation.peer_ = std::move(own);
  conversation.turns_ = &turns;
  if (!spec.rests) conversation.begin_turn();
  return conversation;
}

Expected<Conversation> Conversation::begin(int launcher, std::uint32_t run_number,
                                           const RunSpec& spec, PeerEnds peer) {
  FARM_TRY(const os::UniqueFd payload, os::make_sealed_memfd("payload", encode_payload(spec)));
  FARM_TRY(const os::UniqueFd stdin_file, os::make_sealed_memfd("stdin", spec.stdin_bytes));
  FARM_TRY(os::Pipe out, os::make_pipe());
  FARM_TRY(os::Pipe err, os::make_pipe());
  // The program has another uid: without this `echo error > /dev/stderr` is refused, which opens
  // the pipe anew. For writing only; nobody else can reach it.
  if (::fchmod(out.write.get(), 0222) != 0 || ::fchmod(err.write.get(), 0222) != 0)
    return system_error("let the program open its standard streams", errno);
  os::Pipe channel;
  os::UniqueFd channel_input;
  std::vector<int> fds = {payload.get(), stdin_file.get(), out.write.get(), err.write.get()};
  if (spec.use_channel) {
    FARM_TRY(channel, os::make_pipe());
    FARM_TRY(channel_input, os::make_sealed_memfd("channel", spec.channel_input));
    fds.push_back(channel_input.get());
    fds.push_back(channel.write.get());
  }
  if (peer.in) fds.insert(fds.end(), {peer.in.get(), peer.out.get()});

  LaunchCommand command;
  command.run_number = run_number;
  command.use_channel = spec.use_channel ? 1 : 0;
  command.use_peer = peer.in ? 1 : 0;
  FARM_CHECK_OK(os::send_message(launcher, as_bytes(command), fds));
  // The writing ends close here, so that the drains see the end when the program's side is gone.
  Conversation conversation(launcher, run_number, spec);
  conversation.drains_ = {Drain(std::move(out.read), spec.limits.output),
                          Drain(std::move(err.read), spec.limits.output),
                          Drain(std::move(channel.read), spec.limits.output)};
  return conversation;
}

Conversation::Events Conversation::events() const {
  Events events;
  events.fill(pollfd{-1, POLLIN, 0});
  if (ended_) return events;
  events[0].fd = launcher_;
  for (std::size_t i = 0; i < drains_.size(); ++i) events[i + 1].fd = drains_[i].fd();
  pollfd& peer = events.back();
  // Between an answer and its times the program is not listened to.
  if (!awaiting_times_) peer.fd = peer_.get();
  if (!to_send_.empty()) peer.events |= POLLOUT;
  return events;
}

Expected<Done> Conversation::handle(const Events& happened) {
  if (ended_) return Done{};
  for (std::size_t i = 0; i < drains_.size(); ++i) {
    if (happened[i + 1].revents != 0) drains_[i].drain();
  }
  if (over_output_limit()) FARM_CHECK_OK(kill(Ending::kOutputLimit));
  if (happened.back().revents != 0) FARM_CHECK_OK(exchange(happened.back().revents));
  if (happened[0].revents != 0) FARM_CHECK_OK(read_reply());
  return Done{};
}

void Conversation::begin_turn() {
  if (hung_up_) return;
  const std::optional<std::string> message = turns_->next();
  if (!message) {
    hung_up_ = true;
    ::shutdown(peer_.get(), SHUT_WR);
    return;
  }
  to_send_ = header_of(message->size()) + *message;
}

// Sends and receives what can be without waiting.
Expected<Done> Conversation::exchange(short events) {
  if ((events & POLLOUT) != 0 && !to_send_.empty()) {
    const ssize_t sent =
        ::send(peer_.get(), to_send_.data(), to_send_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) to_send_.erase(0, static_cast<std::size_t>(sent));
    if (sent < 0 && errno != EAGAIN && errno != EINTR) to_send_.clear();  // it will not listen
  }
  if ((events & ~POLLOUT) == 0) return Done{};
  std::array<char, 65536> buffer;  // NOLINT: filled by recv
  const ssize_t got = ::recv(peer_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return Done{};
  if (got <= 0) {
    peer_.reset();  // the end of the run will tell the rest
    return Done{};
  }
  received_.append(buffer.data(), static_cast<std::size_t>(got));
  return note_answer();
}

// Asks for the times of a turn whose answer has come in full.
Expected<Done> Conversation::note_answer() {
  // Who rests was not asked.
  if ((resting_ || resuming_) && !received_.empty()) return kill(Ending::kDismissed);
  if (awaiting_times_ || hung_up_ || received_.size() < kHeader) return Done{};
  const std::size_t size = size_in(received_);
  if (size > static_cast<std::size_t>(spec_->limits.output.count)) {
    answered_too_much_ = true;
    peer_.reset();
    return kill(Ending::kOutputLimit);
  }
  if (received_.size() < kHeader + size) return Done{};
  awaiting_times_ = true;
  return order_turn();
}

Expected<Done> Conversation::order_turn() {
  LaunchCommand command;
  command.kind = LaunchCommand::Kind::kTurn;
  command.run_number = number_;
  return os::send_message(launcher_, as_bytes(command));
}

Expected<Done> Conversation::resume() {
  resting_ = false;
  resuming_ = true;
  return order_turn();
}

Expected<Done> Conversation::end_turn(const LaunchReply& reply) {
  RunOutcome turn;
  keep_times(reply, turn);
  turn.exit_code = 0;
  const std::size_t size = size_in(received_);
  turn.channel_bytes = received_.substr(kHeader, size);
  received_.erase(0, kHeader + size);
  // What the program flushed before it answered is in the pipes.
  for (Drain& drain : drains_) drain.drain();
  turn.stdout_bytes = drains_[0].take();
  turn.stderr_bytes = drains_[1].take();
  turn.stdout_total = drains_[0].start_anew();
  turn.stderr_total = drains_[1].start_anew();
  turns_->answered(std::move(turn));
  awaiting_times_ = false;
  resting_ = spec_->rests;
  if (!resting_) begin_turn();
  return note_answer();
}

Expected<Done> Conversation::kill(Ending reason) {
  if (kill_sent_ || ended_) return Done{};
  kill_sent_ = true;
  LaunchCommand command;
  command.kind = LaunchCommand::Kind::kKill;
  command.run_number = number_;
  command.kill_reason = reason;
  return os::send_message(launcher_, as_bytes(command));
}

RunOutcome Conversation::take_outcome() {
  // Every writer is dead, so what is left in the pipes is all there will ever be.
  for (Drain& drain : drains_) drain.drain_to_end();
  outcome_.stdout_total = drains_[0].total();
  outcome_.stderr_total = drains_[1].total();
  outcome_.stdout_bytes = drains_[0].take();
  outcome_.stderr_bytes = drains_[1].take();
  outcome_.channel_bytes = drains_[2].take();
  // It answered and was gone before its times could be asked for.
  if (awaiting_times_) outcome_.channel_bytes = received_.substr(kHeader, size_in(received_));
  if (over_output_limit()) outcome_.ending = Ending::kOutputLimit;
  if (outcome_.ending == Ending::kCpuLimit || outcome_.ending == Ending::kWallLimit) {
    outcome_.host_short_of_memory = host_is_short_of_memory();
  }
  if (outcome_.ending == Ending::kWallLimit) {
    outcome_.host_contended =
        is_contended(time_stalled_on_cpu_or_io() - stalled_before_, spec_->limits.wall);
  }
  return std::move(outcome_);
}

bool Conversation::over_output_limit() const {
  return answered_too_much_ || std::any_of(drains_.begin(), drains_.end(),
                                           [](const Drain& drain) { return drain.over_cap(); });
}

Expected<Done> Conversation::read_reply() {
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
      outcome_.zygote_failed = text;
      return Done{};
    case LaunchReply::Kind::kTurn:
      if (awaiting_times_) return end_turn(reply);
      if (resuming_) {
        resuming_ = false;
        begin_turn();
        return Done{};
      }
      break;
    case LaunchReply::Kind::kStarted:
      break;
  }
  return internal_error("sandbox: unexpected message from the launcher");
}

Expected<Done> Conversation::keep_file(std::string_view text,
                                       const std::vector<os::UniqueFd>& fds) {
  const std::size_t zero = text.find('\0');
  if (zero == std::string_view::npos) return internal_error("sandbox: malformed file message");
  const std::string path(text.substr(0, zero));
  FetchedFile file;
  file.refused = text.substr(zero + 1);
  if (!fds.empty()) {
    FARM_TRY(file.content, os::read_all(fds[0].get(), spec_->fetch_limit, "fetched " + path));
  }
  outcome_.files[path] = std::move(file);
  return Done{};
}

void Conversation::keep_ending(const LaunchReply& reply) {
  ended_ = true;
  keep_times(reply, outcome_);
  outcome_.ending = reply.ending;
  if (reply.exit_code >= 0) outcome_.exit_code = reply.exit_code;
  if (reply.signal > 0) outcome_.signal = reply.signal;
  outcome_.out_of_memory = reply.out_of_memory != 0;
  outcome_.command_index = reply.command_index;
  outcome_.forked = reply.forked != 0;
}

}  // namespace farm::sandbox
