// Choices among ways to do the same work.
#include "backends/cpu/ways.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

namespace tenon::cpu {
namespace {

TEST(Ways, TheMajorityDecides) {
  Ways ways(3);
  EXPECT_EQ(ways.best(), 0);
  for (const int way : {2, 1, 2, 1, 2}) {
    EXPECT_FALSE(ways.decided());
    ways.vote(way);
  }
  EXPECT_TRUE(ways.decided());
  EXPECT_EQ(ways.best(), 2);
}

TEST(Ways, LargePiecesGoEachWayInTurnUntilTheyAreDecided) {
  using namespace std::chrono_literals;
  Ways ways(2);
  while (!ways.decided()) {
    std::vector<int> gone;
    {
      Trial trial(ways, 100);
      for (int piece = 0; piece < 6; ++piece)
        trial.run(100, [&](int way) {
          gone.push_back(way);
          if (way == 0) std::this_thread::sleep_for(3ms);
        });
      trial.run(99, [&](int way) { EXPECT_EQ(way, ways.best()); });
    }
    EXPECT_EQ(gone, (std::vector{0, 1, 0, 1, 0, 1}));
  }
  EXPECT_EQ(ways.best(), 1);
  Trial(ways, 100).run(100, [&](int way) { EXPECT_EQ(way, 1); });
}

TEST(Ways, ACallWithFewPiecesHasNoVote) {
  Ways ways(2);
  for (int call = 0; call < 20; ++call) {
    Trial trial(ways, 1);
    for (int piece = 0; piece < 3; ++piece) trial.run(1, [](int) {});
  }
  EXPECT_FALSE(ways.decided());
}

}  // namespace
}  // namespace tenon::cpu
