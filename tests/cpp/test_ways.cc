// Choices among ways to do the same work.
#include "backends/cpu/ways.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

namespace tenon::cpu {
namespace {

TEST(Ways, EachGoesInTurnAndTheFastestIsKept) {
  Ways ways(3);
  const double seconds[] = {3, 2, 4};
  for (int call = 0; call < 9; ++call) {
    const auto [way, timed] = ways.next();
    EXPECT_EQ(way, call % 3);
    EXPECT_TRUE(timed);
    ways.took(way, way == 2 && call == 8 ? 1 : seconds[way]);  // the least time of a way counts
  }
  for (int call = 0; call < 3; ++call) {
    const auto [way, timed] = ways.next();
    EXPECT_EQ(way, 2);
    EXPECT_FALSE(timed);
  }
}

TEST(Ways, CallsOfAKindShareAChoice) {
  const Kind kind{1, 2, Kind::size(1 << 20)};
  Ways& ways = ways_of(kind, 2);
  EXPECT_EQ(&ways_of({1, 2, Kind::size((1 << 20) + 5)}, 2), &ways);
  EXPECT_NE(&ways_of({1, 2, Kind::size(1 << 21)}, 2), &ways);
  EXPECT_NE(&ways_of({2, 1, Kind::size(1 << 20)}, 2), &ways);
}

TEST(Ways, ACallThatDoesNotEndHasNoTime) {
  using namespace std::chrono_literals;
  Ways ways(2);
  for (int call = 0; call < 6; ++call) {
    Trial trial(ways, 100);
    if (trial.way() == 0) continue;  // as if it was interrupted
    std::this_thread::sleep_for(1ms);
    trial.ended();
  }
  EXPECT_EQ(Trial(ways, 100).way(), 1);
}

}  // namespace
}  // namespace tenon::cpu
