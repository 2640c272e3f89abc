#include "producer/command/line_reader.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "grader/os/unique_fd.h"

namespace farm::command {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// What is written to one end is read by a LineReader at the other.
class LineReaderTest : public testing::Test {
 protected:
  LineReaderTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    read_ = os::UniqueFd(ends[0]);
    write_ = os::UniqueFd(ends[1]);
  }
  void send(const std::string& text) {
    ASSERT_EQ(::write(write_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    ASSERT_TRUE(reader().fill());
  }
  void end() {
    write_.reset();
    ASSERT_TRUE(reader().fill());
  }
  LineReader& reader() {
    if (!reader_) reader_.emplace(read_.get(), max_line_);
    return *reader_;
  }
  std::vector<std::string> lines() {
    std::vector<std::string> out;
    while (auto line = reader().take()) {
      out.push_back(std::to_string(line->number) + ":" +
                    (line->too_long ? "too long" : line->text));
    }
    return out;
  }

  os::UniqueFd read_, write_;
  Bytes max_line_{20};
  std::optional<LineReader> reader_;
};

TEST_F(LineReaderTest, LinesComeWithTheirNumbers) {
  send("one\ntwo\n");

  EXPECT_THAT(lines(), ElementsAre("1:one", "2:two"));
}

TEST_F(LineReaderTest, LineThatIsNotCompleteWaitsForItsRest) {
  send("one\ntw");
  EXPECT_THAT(lines(), ElementsAre("1:one"));

  send("o\n");
  EXPECT_THAT(lines(), ElementsAre("2:two"));
}

TEST_F(LineReaderTest, LastLineNeedsNoLineEnd) {
  send("one\ntwo");
  EXPECT_THAT(lines(), ElementsAre("1:one"));

  end();
  EXPECT_FALSE(reader().finished());
  EXPECT_THAT(lines(), ElementsAre("2:two"));
  EXPECT_TRUE(reader().finished());
}

TEST_F(LineReaderTest, BlankLinesAreSkippedButCounted) {
  send("one\n\n  \t\r\nfour\n");

  EXPECT_THAT(lines(), ElementsAre("1:one", "4:four"));
  EXPECT_EQ(reader().lines_taken(), 2);
}

TEST_F(LineReaderTest, ByteOrderMarkIsDropped) {
  send("\xEF\xBB\xBF{}\n");

  EXPECT_THAT(lines(), ElementsAre("1:{}"));
}

TEST_F(LineReaderTest, LineThatIsTooLongComesOnceWithoutItsText) {
  send(std::string(21, 'x') + "\nnext\n");

  EXPECT_THAT(lines(), ElementsAre("1:too long", "2:next"));
}

TEST_F(LineReaderTest, LineOfTheGreatestLengthIsNotTooLong) {
  const std::string longest(20, 'x');
  send(longest + "\n");

  EXPECT_THAT(lines(), ElementsAre("1:" + longest));
}

TEST_F(LineReaderTest, LineThatIsTooLongIsFoundBeforeItsEnd) {
  send(std::string(30, 'x'));
  EXPECT_THAT(lines(), IsEmpty());
  send(std::string(30, 'x'));
  EXPECT_THAT(lines(), IsEmpty());

  send("x\nnext\n");
  EXPECT_THAT(lines(), ElementsAre("1:too long", "2:next"));
}

TEST_F(LineReaderTest, InputMayEndInsideALineThatIsTooLong) {
  send(std::string(30, 'x'));
  EXPECT_THAT(lines(), IsEmpty());

  end();
  EXPECT_THAT(lines(), ElementsAre("1:too long"));
  EXPECT_TRUE(reader().finished());
}

TEST_F(LineReaderTest, EmptyInputIsFinishedWithoutALine) {
  end();

  EXPECT_THAT(lines(), IsEmpty());
  EXPECT_TRUE(reader().finished());
}

TEST(LineReader, DirectoryIsAnError) {
  const os::UniqueFd directory(::open("/", O_RDONLY | O_CLOEXEC));
  LineReader reader(directory.get(), Bytes{20});

  EXPECT_FALSE(reader.fill());
}

}  // namespace
}  // namespace farm::command
