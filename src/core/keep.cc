#include "core/keep.h"

#include <atomic>
#include <list>
#include <mutex>

#include "core/fork.h"
#include "core/launch.h"

namespace tenon {
namespace {

struct Kept {
  Ref<Storage> storage;
  std::atomic<bool> passed{false};
};

struct Keeper : std::mutex {
  std::list<Kept> kept;
  std::int64_t bytes = 0;
};
std::atomic<bool> g_any{false};

Keeper& keeper() { return held_over_forks<Keeper, ForkLevel::transfer>(); }

}  // namespace

void keep_until_passed(Stream stream, Ref<Storage> storage) {
  if (const auto graph = graph_of(stream)) return graph->keep(std::move(storage));
  Kept* added;
  bool too_much;
  {
    Keeper& k = keeper();
    std::lock_guard lock(k);
    added = &k.kept.emplace_back();
    k.bytes += storage->bytes();
    added->storage = std::move(storage);
    g_any = true;
    too_much = k.kept.size() > kMostKept || k.bytes > kMostKeptBytes;
  }
  const Status status =
      backend(stream.device)
          .stream_callback(stream, [](void* kept) { static_cast<Kept*>(kept)->passed = true; }, added);
  if (status != Status::ok) {
    added->passed = true;  // the device does nothing any more
    launch_failed(status, "copy", stream.device);
  }
  if (too_much) synchronize(stream);
}

void let_go_of_passed() noexcept {
  if (!g_any) return;
  std::list<Kept> passed;  // ends after the lock: the end of a storage may call anything
  const std::lock_guard lock(keeper());
  auto& kept = keeper().kept;
  for (auto it = kept.begin(); it != kept.end();) {
    const auto next = std::next(it);
    if (it->passed) {
      keeper().bytes -= it->storage->bytes();
      passed.splice(passed.end(), kept, it);
    }
    it = next;
  }
  g_any = !kept.empty();
}

}  // namespace tenon
