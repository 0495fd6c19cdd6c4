// Ways to do the same work of which one CPU is faster with this and another with that: the first large calls go all of
// them in turn, piece by piece, and their majority decides for the rest of the process.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace tenon::cpu {

// What large elementwise work can do, alone or together: some processors do not read ahead by themselves while a function
// takes long, and some write faster past the caches what is larger than these.
enum Way : std::uint8_t { kPlain = 0, kAskAhead = 1, kStream = 2 };
// Operands from this size on may lie in memory.
inline constexpr std::int64_t kFarBytes = std::int64_t{1} << 20;

// A choice among ways 0 to n - 1, made once. Until then it is 0 for what is too small to compare.
class Ways {
 public:
  static constexpr int kMost = 4;
  constexpr explicit Ways(int n) : n_(n) {}

  int count() const { return n_; }
  bool decided() const { return votes_.load(std::memory_order_relaxed) >= kVotes; }
  int best() const { return best_.load(std::memory_order_relaxed); }
  void vote(int way) {
    for_[way].fetch_add(1, std::memory_order_relaxed);
    int best = 0;
    for (int i = 1; i < n_; ++i)
      if (for_[i].load(std::memory_order_relaxed) > for_[best].load(std::memory_order_relaxed)) best = i;
    best_.store(best, std::memory_order_relaxed);
    votes_.fetch_add(1, std::memory_order_relaxed);
  }

 private:
  static constexpr int kVotes = 5;
  int n_;
  std::array<std::atomic<int>, kMost> for_{};
  std::atomic<int> votes_ = 0, best_ = 0;
};

// One call that does its pieces in the ways of a choice that is still open, and votes when it ends.
class Trial {
 public:
  // pieces: of so many elements or more are compared.
  Trial(Ways& ways, std::int64_t piece) : ways_(ways), piece_(piece), open_(!ways.decided()) {}
  ~Trial() {
    if (!open_ || turns_.load(std::memory_order_relaxed) < 2 * ways_.count()) return;
    int best = 0;
    for (int i = 1; i < ways_.count(); ++i)
      if (took_[i].per_element() < took_[best].per_element()) best = i;
    ways_.vote(best);
  }
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  // Calls work(way) for a piece of n elements.
  template <class F>
  void run(std::int64_t n, F&& work) {
    if (!open_ || n < piece_) return work(ways_.best());
    const int way = turns_.fetch_add(1, std::memory_order_relaxed) % ways_.count();
    const auto start = std::chrono::steady_clock::now();
    work(way);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    took_[way].seconds.fetch_add(took.count(), std::memory_order_relaxed);
    took_[way].elements.fetch_add(n, std::memory_order_relaxed);
  }

 private:
  // All pieces count: the shortest of them met a cache that still held what the call before it wrote.
  struct Took {
    std::atomic<double> seconds = 0;
    std::atomic<std::int64_t> elements = 0;
    double per_element() const {
      return seconds.load(std::memory_order_relaxed) / static_cast<double>(elements.load(std::memory_order_relaxed));
    }
  };
  Ways& ways_;
  std::int64_t piece_;
  bool open_;
  std::atomic<int> turns_ = 0;
  std::array<Took, Ways::kMost> took_;
};

}  // namespace tenon::cpu
