#include "grader/config/values.h"

#include <gmock/gmock.h>

namespace farm::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(ParseDuration, ReadsEveryUnit) {
  EXPECT_EQ(parse_duration("500ms").value(), Milliseconds{500});
  EXPECT_EQ(parse_duration("20s").value(), Milliseconds{20'000});
  EXPECT_EQ(parse_duration("5m").value(), Milliseconds{300'000});
  EXPECT_EQ(parse_duration("2h").value(), Milliseconds{7'200'000});
  EXPECT_EQ(parse_duration("7d").value(), Milliseconds{604'800'000});
  EXPECT_EQ(parse_duration("0").value(), Milliseconds{0});
}

TEST(ParseDuration, RefusesWhatIsAmbiguousOrNoDuration) {
  for (const char* text : {"", "20", "s", "-1s", "1.5s", "1 s", " 1s", "1s ", "1min", "1s500ms",
                           "0x10s", "+1s", "99999999999999999999s", "9223372036854775807d"}) {
    const auto parsed = parse_duration(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_THAT(parsed.error().what, HasSubstr('\'' + std::string(text) + "' is not a duration"));
  }
}

TEST(ParseSize, ReadsPowersOf1024And1000) {
  EXPECT_EQ(parse_size("4096").value(), Bytes{4096});
  EXPECT_EQ(parse_size("64KiB").value(), kib(64));
  EXPECT_EQ(parse_size("64MiB").value(), mib(64));
  EXPECT_EQ(parse_size("4GiB").value(), gib(4));
  EXPECT_EQ(parse_size("1kB").value(), Bytes{1000});
  EXPECT_EQ(parse_size("2MB").value(), Bytes{2'000'000});
  EXPECT_EQ(parse_size("1GB").value(), Bytes{1'000'000'000});
  EXPECT_EQ(parse_size("64mib").value(), mib(64));
}

TEST(ParseSize, RefusesWhatIsAmbiguousOrNoSize) {
  for (const char* text :
       {"", "64M", "64k", "MiB", "-1", "1.5GiB", "1 GiB", "1TiBs", "9223372036854775807GiB"}) {
    const auto parsed = parse_size(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_THAT(parsed.error().what, HasSubstr('\'' + std::string(text) + "' is not a size"));
  }
}

TEST(ParseCount, NamesTheBoundThatIsCrossed) {
  EXPECT_EQ(parse_count("3", 1, 5).value(), 3);
  EXPECT_EQ(parse_count("0", 1, 5).error().what, "'0' is below 1");
  EXPECT_EQ(parse_count("6", 1, 5).error().what, "'6' is above 5");
  for (const char* text : {"", "x", "3x", "-3", "+3", "3.0", " 3", "99999999999999999999"}) {
    EXPECT_EQ(parse_count(text, 1, 5).error().what,
              '\'' + std::string(text) + "' is not a whole number");
  }
}

TEST(ParseSwitch, ReadsTheUsualWords) {
  for (const char* text : {"true", "1", "yes", "on"}) EXPECT_TRUE(parse_switch(text).value());
  for (const char* text : {"false", "0", "no", "off"}) EXPECT_FALSE(parse_switch(text).value());
  EXPECT_FALSE(parse_switch("maybe"));
}

TEST(ParseNames, SplitsAtCommas) {
  EXPECT_THAT(parse_names("cpu,gpu").value(), ElementsAre("cpu", "gpu"));
  EXPECT_THAT(parse_names("").value(), IsEmpty());
}

TEST(ParseNames, RefusesWhatCannotBePartOfATopic) {
  for (const char* text : {"a,,b", ",", "a b", "a/b", "é"}) EXPECT_FALSE(parse_names(text)) << text;
}

TEST(ParseProperty, SplitsAtTheFirstEqualsSign) {
  EXPECT_EQ(parse_property("sasl.password=a=b").value(),
            std::pair(std::string("sasl.password"), std::string("a=b")));
  EXPECT_EQ(parse_property("x=").value().second, "");
}

TEST(ParseProperty, DoesNotQuoteWhatMayBeASecret) {
  EXPECT_THAT(parse_property("hunter2").error().what, Not(HasSubstr("hunter2")));
  EXPECT_THAT(parse_property("=hunter2").error().what, Not(HasSubstr("hunter2")));
}

TEST(CheckValue, BrokersAreHostsWithPorts) {
  const OptionSpec& brokers = *find_option("brokers");
  for (const char* text : {"h:9092", "a:1,b:65535", "10.0.0.1:9092", "[::1]:9092"}) {
    EXPECT_TRUE(check_value(brokers, text)) << text;
  }
  for (const char* text :
       {"h", "h:", ":9092", "h:x", "h:0", "h:65536", "a:1,", "a:1;b:2", "a:1, b:2", "::1:9092"}) {
    EXPECT_FALSE(check_value(brokers, text)) << text;
  }
}

TEST(CheckValue, MetricsAreAnAddressOrOff) {
  const OptionSpec& metrics = *find_option("metrics");
  for (const char* text : {"off", "127.0.0.1:0", "0.0.0.0:9464"})
    EXPECT_TRUE(check_value(metrics, text)) << text;
  for (const char* text : {"on", "9464", "127.0.0.1"})
    EXPECT_FALSE(check_value(metrics, text)) << text;
}

TEST(CheckValue, ChoicesAreListedWhereNoneFits) {
  EXPECT_EQ(check_value(*find_option("broker_kind"), "rabbit").error().what,
            "'rabbit' is none of: apache, embedded");
}

}  // namespace
}  // namespace farm::config
