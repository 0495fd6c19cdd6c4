#include "core/interrupt.h"

#include <atomic>
#include <cstdint>
#include <ctime>
#include <utility>

namespace tenon {
namespace {

constexpr std::int64_t kInterval = 50'000'000;  // ns: who presses Ctrl-C sees no delay

// The time of the last tick, some milliseconds ago: 5 ns instead of 25.
std::int64_t now() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

std::atomic<InterruptCheck> g_check{nullptr};
constinit thread_local int t_off = 0;
constinit thread_local std::int64_t t_next = 0;
constinit thread_local bool t_interrupted = false;

}  // namespace

void set_interrupt_check(InterruptCheck check) { g_check = check; }

void check_interrupt() {
  const InterruptCheck check = g_check.load(std::memory_order_relaxed);
  if (!check || t_off > 0) return;
  if (now() < t_next) return;
  const bool stop = check();
  t_next = now() + kInterval;
  if (stop) throw Interrupted();
}

void leave_interrupted() { t_interrupted = true; }
bool take_interrupted() { return std::exchange(t_interrupted, false); }

NoInterrupts::NoInterrupts() { ++t_off; }
NoInterrupts::~NoInterrupts() { --t_off; }

}  // namespace tenon
