#include "backends/cuda/host/block.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "backends/cuda/host/order.h"

namespace tenon::cuda::host {
namespace {

constexpr unsigned kWarp = 32;
constexpr int kGarbage = 0xA5;

[[noreturn]] void stuck(const Site& site, const char* what) {
  std::fprintf(stderr, "tenon_cudahost: %s:%u: %s; a device would hang or do anything here\n", site.file_name(),
               static_cast<unsigned>(site.line()), what);
  std::abort();
}

}  // namespace

Block& Block::own() {
  thread_local Block block;
  return block;
}

void Block::run(unsigned block, unsigned threads, std::size_t shared, void (*body)(const void*, unsigned),
                const void* context) {
  threads_ = threads;
  body_ = body;
  context_ = context;
  while (fibers_.size() < threads) fibers_.push_back(std::make_unique<Fiber>());
  runners_.resize(threads);
  slots_.resize(std::size_t{2} * threads * kSlot);
  // Of exactly this size, so that a sanitizer sees what lies beyond.
  shared_.reset(new unsigned char[shared]);
  std::memset(shared_.get(), kGarbage, shared);
  for (unsigned i = 0; i < threads; ++i) {
    runners_[i] = {this, i};
    fibers_[i]->begin(&run_thread, &runners_[i]);
  }
  const unsigned warps = threads / kWarp;
  std::uint64_t round = std::uint64_t{block} << 20;
  for (;;) {
    unsigned waiting = 0;
    const std::vector<unsigned> turns = permutation(warps, round++);
    for (const unsigned w : turns) waiting += run_warp(w, order() == Order::reversed) ? 1 : 0;
    if (waiting == 0) break;
    if (waiting != warps) stuck(site_, "not all warps of the block come to this barrier");
    for (unsigned i = 0; i < threads; ++i) runners_[i].waits = Waits::nothing;
  }
  shared_.reset();
}

bool Block::run_warp(unsigned warp, bool backwards) {
  for (;;) {
    unsigned ended = 0, at_warp = 0, at_block = 0;
    for (unsigned k = 0; k < kWarp; ++k) {
      const unsigned i = warp * kWarp + (backwards ? kWarp - 1 - k : k);
      if (!fibers_[i]->ended()) fibers_[i]->resume();
      ended += fibers_[i]->ended() ? 1 : 0;
      if (fibers_[i]->ended()) continue;
      (runners_[i].waits == Waits::warp ? at_warp : at_block) += 1;
    }
    if (ended == kWarp) return false;
    if (at_block == kWarp) return true;
    if (at_warp != kWarp) stuck(site_, "not all threads of the warp wait here");
  }
}

void Block::run_thread(void* runner) {
  const auto* r = static_cast<const Runner*>(runner);
  r->block->body_(r->block->context_, r->thread);
}

void Block::wait(unsigned thread, Waits what, const Site& site) {
  runners_[thread].waits = what;
  site_ = site;
  Fiber::leave();
}

void Block::sync(unsigned thread, const Site& site) {
  if (happens(site)) wait(thread, Waits::block, site);
}

void Block::sync_warp(unsigned thread, const Site& site) {
  if (happens(site)) wait(thread, Waits::warp, site);
}

const unsigned char* Block::exchange(unsigned thread, const void* value, std::size_t bytes, const Site& site) {
  Runner& r = runners_[thread];
  unsigned char* of_warp = slots_.data() + (std::size_t{r.turn} * threads_ + thread / kWarp * kWarp) * kSlot;
  std::memcpy(of_warp + thread % kWarp * kSlot, value, bytes);
  r.turn ^= 1;  // who is quick gives the next value before others have read this one
  wait(thread, Waits::warp, site);
  return of_warp;
}

}  // namespace tenon::cuda::host
