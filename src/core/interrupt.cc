#include "core/interrupt.h"

#include <atomic>
#include <chrono>
#include <utility>

namespace tenon {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kInterval = std::chrono::milliseconds(100);

std::atomic<InterruptCheck> g_check{nullptr};
constinit thread_local int t_off = 0;
constinit thread_local bool t_interrupted = false;

}  // namespace

void set_interrupt_check(InterruptCheck check) { g_check = check; }

void check_interrupt() {
  const InterruptCheck check = g_check.load(std::memory_order_relaxed);
  if (!check || t_off > 0) return;
  static thread_local Clock::time_point next{};
  const auto now = Clock::now();
  if (now < next) return;
  const bool stop = check();
  next = Clock::now() + kInterval;
  if (stop) throw Interrupted();
}

void leave_interrupted() { t_interrupted = true; }
bool take_interrupted() { return std::exchange(t_interrupted, false); }

NoInterrupts::NoInterrupts() { ++t_off; }
NoInterrupts::~NoInterrupts() { --t_off; }

}  // namespace tenon
