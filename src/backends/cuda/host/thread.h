// A thread of a device, for g++: thread_device.h's twin.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "backends/cuda/context.h"
#include "backends/cuda/host/block.h"
#include "backends/cuda/host/runtime.h"

#define TENON_KERNEL inline
#define TENON_KERNEL_CALL

namespace tenon::cuda {

class Thread {
 public:
  Thread(host::Block* together, unsigned block, unsigned blocks, unsigned thread, unsigned threads)
      : together_(together), block_(block), blocks_(blocks), thread_(thread), threads_(threads) {}
  unsigned block() const { return block_; }
  unsigned blocks() const { return blocks_; }
  unsigned thread() const { return thread_; }
  unsigned threads() const { return threads_; }
  unsigned lane() const { return thread_ & 31; }
  unsigned warp() const { return thread_ >> 5; }
  std::uint64_t index() const { return std::uint64_t{block_} * threads_ + thread_; }
  std::uint64_t stride() const { return std::uint64_t{blocks_} * threads_; }

  void sync(host::Site site = host::Site::current()) const { together_->sync(thread_, site); }
  void sync_warp(host::Site site = host::Site::current()) const { together_->sync_warp(thread_, site); }
  template <class T>
  T shuffle_down(T x, unsigned by, host::Site site = host::Site::current()) const {
    return lane_of(x, lane() + by < 32 ? lane() + by : lane(), site);
  }
  template <class T>
  T shuffle_up(T x, unsigned by, host::Site site = host::Site::current()) const {
    return lane_of(x, lane() >= by ? lane() - by : lane(), site);
  }
  template <class T>
  T shuffle(T x, unsigned from, host::Site site = host::Site::current()) const {
    return lane_of(x, from & 31, site);
  }
  unsigned ballot(bool x, host::Site site = host::Site::current()) const {
    const unsigned char own = x ? 1 : 0;
    const unsigned char* all = together_->exchange(thread_, &own, 1, site);
    unsigned bits = 0;
    for (unsigned i = 0; i < 32; ++i) bits |= static_cast<unsigned>(all[i * host::Block::kSlot]) << i;
    return bits;
  }
  template <class S>
  S& shared() const {
    return *static_cast<S*>(together_->shared());
  }

 private:
  template <class T>
  T lane_of(const T& x, unsigned from, const host::Site& site) const {
    static_assert(sizeof(T) <= host::Block::kSlot);
    const unsigned char* all = together_->exchange(thread_, &x, sizeof(T), site);
    T y;
    std::memcpy(static_cast<void*>(&y), all + from * host::Block::kSlot, sizeof(T));
    return y;
  }

  host::Block* together_;
  unsigned block_, blocks_, thread_, threads_;
};

inline unsigned bit_count(unsigned x) { return static_cast<unsigned>(std::popcount(x)); }
inline unsigned exchange_if(unsigned* at, unsigned expected, unsigned value) {
  __atomic_compare_exchange_n(at, &expected, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  return expected;
}
inline void add_to(unsigned* at, unsigned by) { __atomic_fetch_add(at, by, __ATOMIC_RELAXED); }
inline void fence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

template <class K>
constexpr std::size_t shared_bytes();

namespace host {

template <class K>
void run_block(const K& kernel, unsigned block, unsigned blocks) {
  if constexpr (K::kTogether) {
    Block& together = Block::own();
    struct Body {
      const K& kernel;
      Block& together;
      unsigned block, blocks;
    } body{kernel, together, block, blocks};
    together.run(
        block, K::kThreads, shared_bytes<K>(),
        [](const void* context, unsigned thread) {
          const auto& b = *static_cast<const Body*>(context);
          b.kernel(Thread(&b.together, b.block, b.blocks, thread, K::kThreads));
        },
        &body);
  } else {
    for (unsigned thread = 0; thread < K::kThreads; ++thread)
      kernel(Thread(nullptr, block, blocks, thread, K::kThreads));
  }
}

}  // namespace host

template <class K>
void start(const Context& context, unsigned blocks, const K& kernel) {
  host::give(context.stream, [kernel, blocks] {
    const bool backwards = host::runs_backwards();
    for (unsigned i = 0; i < blocks; ++i) host::run_block(kernel, backwards ? blocks - 1 - i : i, blocks);
  });
}

}  // namespace tenon::cuda
