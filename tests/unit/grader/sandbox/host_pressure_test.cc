#include "grader/sandbox/host_pressure.h"

#include <gtest/gtest.h>

namespace farm::sandbox {
namespace {

TEST(HostPressure, StallsAreReadFromTheShortAverageOfSome) {
  EXPECT_TRUE(
      stalls_on_memory("some avg10=12.50 avg60=0.00 avg300=0.00 total=1\nfull avg10=0.00\n"));
  EXPECT_FALSE(
      stalls_on_memory("some avg10=1.00 avg60=99.0 avg300=0.00 total=1\nfull avg10=50.0\n"));
  EXPECT_FALSE(stalls_on_memory(""));
}

TEST(HostPressure, NearlyFullIsLessThanATwentiethAvailable) {
  EXPECT_TRUE(is_nearly_full("MemTotal:  1000 kB\nMemFree: 1 kB\nMemAvailable:   49 kB\n"));
  EXPECT_FALSE(is_nearly_full("MemTotal:  1000 kB\nMemFree: 1 kB\nMemAvailable:   51 kB\n"));
  EXPECT_FALSE(is_nearly_full("MemTotal:  1000 kB\n"));
}

TEST(HostPressure, TimeStalledIsTheTotalOfSome) {
  EXPECT_EQ(time_stalled("some avg10=0.04 avg60=9.20 avg300=57.80 total=4527086020\n"
                         "full avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"),
            Microseconds(4'527'086'020));
  EXPECT_EQ(time_stalled(""), Microseconds(0));
}

TEST(HostPressure, HostIsContendedWhereOthersWaitedATenthOfTheWallTime) {
  EXPECT_TRUE(is_contended(Milliseconds(100), Milliseconds(1000)));
  EXPECT_FALSE(is_contended(Milliseconds(99), Milliseconds(1000)));
}

}  // namespace
}  // namespace farm::sandbox
