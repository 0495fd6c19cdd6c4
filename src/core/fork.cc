#include "core/fork.h"

#include <pthread.h>

#include <algorithm>
#include <mutex>
#include <ranges>
#include <vector>

namespace tenon {
namespace {

struct Holder {
  ForkLevel level;
  void (*lock)();
  void (*unlock)();
  void (*unlock_in_child)();
};

// By level.
struct Holders {
  std::mutex mutex;
  std::vector<Holder> all;

  void lock() {
    mutex.lock();
    for (const Holder& h : all) h.lock();
  }
  void unlock(void (*Holder::*how)()) {
    for (const Holder& h : std::views::reverse(all)) (h.*how)();
    mutex.unlock();
  }
};

Holders& holders() {
  static Holders* h = [] {  // never destroyed: a fork may come while the process ends
    static Holders* p = new Holders;
    pthread_atfork([] { p->lock(); }, [] { p->unlock(&Holder::unlock); }, [] { p->unlock(&Holder::unlock_in_child); });
    return p;
  }();
  return *h;
}

}  // namespace

void hold_over_fork(ForkLevel level, void (*lock)(), void (*unlock)(), void (*unlock_in_child)()) {
  Holders& h = holders();
  const std::lock_guard guard(h.mutex);
  const auto after = [](ForkLevel l, const Holder& other) { return l < other.level; };
  h.all.insert(std::upper_bound(h.all.begin(), h.all.end(), level, after), {level, lock, unlock, unlock_in_child});
}

}  // namespace tenon
