// Ways to do the same work of which one CPU is faster with this and another with that. The first large calls of a kind go
// each way in turn; the fastest is kept for the rest of the process.
#pragma once

#include <bit>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <mutex>

#include "tenon/macros.h"

namespace tenon::cpu {

// What large elementwise work can do, alone or together: some processors do not read ahead by themselves while a function
// takes long, and some write faster past the caches what is larger than these.
enum Way : std::uint8_t { kPlain = 0, kAskAhead = 1, kStream = 2 };
// Operands from this size on may lie in memory.
inline constexpr std::int64_t kFarBytes = std::int64_t{1} << 20;

// A choice among ways 0 to n - 1.
class Ways {
 public:
  static constexpr int kMost = 4;
  explicit Ways(int n) : n_(n) {}

  // The way that the next call goes, and whether its time is wanted.
  struct Turn {
    int way;
    bool timed;
  };
  Turn next() {
    const std::lock_guard lock(mutex_);
    if (turns_ >= kRounds * n_) return {best_, false};
    return {turns_++ % n_, true};
  }
  void took(int way, double seconds_per_element) {
    const std::lock_guard lock(mutex_);
    if (seconds_per_element < least_[way]) least_[way] = seconds_per_element;
    for (int i = 0; i < n_; ++i)
      if (least_[i] < least_[best_]) best_ = i;
  }

 private:
  static constexpr int kRounds = 3;
  static constexpr double kNever = std::numeric_limits<double>::infinity();
  std::mutex mutex_;
  int n_, turns_ = 0, best_ = 0;
  double least_[kMost] = {kNever, kNever, kNever, kNever};
};

// What calls that are compared have in common: the operation, dtypes, how operands lie, the size, the threads.
class Kind {
 public:
  Kind(std::initializer_list<std::int64_t> parts) {
    for (const std::int64_t part : parts) add(part);
  }
  // FNV-1a
  void add(std::int64_t part) { hash_ = (hash_ ^ static_cast<std::uint64_t>(part)) * 0x100000001b3; }
  std::uint64_t hash() const { return hash_; }
  // Sizes count as alike up to a factor of 2.
  static std::int64_t size(std::int64_t n) { return std::bit_width(static_cast<std::uint64_t>(n)); }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

// The choice among n ways for a kind of calls; it lives as long as the process.
TENON_API Ways& ways_of(const Kind&, int n);

// One call. Its time counts if it came to its end.
class Trial {
 public:
  Trial(Ways& ways, std::int64_t elements) : ways_(ways), elements_(elements), turn_(ways.next()) {
    if (turn_.timed) start_ = Clock::now();
  }
  int way() const { return turn_.way; }
  void ended() {
    if (!turn_.timed) return;
    const std::chrono::duration<double> took = Clock::now() - start_;
    ways_.took(turn_.way, took.count() / static_cast<double>(elements_));
  }

 private:
  using Clock = std::chrono::steady_clock;
  Ways& ways_;
  std::int64_t elements_;
  Ways::Turn turn_;
  Clock::time_point start_;
};

}  // namespace tenon::cpu
