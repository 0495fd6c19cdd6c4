// How a kernel is written and started, for both ways to compile it.
//
// A kernel is a struct: its members are the parameters, and operator() is what each thread does.
//
//   struct Double {
//     static constexpr unsigned kThreads = 256;     // of a block
//     static constexpr bool kTogether = false;      // whether threads wait for each other: sync, shuffles, votes
//     float* data;
//     std::uint32_t n;
//     TENON_KERNEL void operator()(const Thread& t) const {
//       for (std::uint32_t i = t.index(); i < n; i += t.stride()) data[i] *= 2;
//     }
//   };
//   launch(context, blocks_for(n, Double::kThreads), Double{data, n});
//
// Memory that the threads of a block share is a struct, too: using Shared = ...; and t.shared<Shared>().
// Threads that wait for each other must all do so: the host way ends the process where some have returned.
#pragma once

#include <cstdint>
#include <type_traits>

#include "backends/cuda/context.h"

#if defined(__CUDACC__)
#include "backends/cuda/thread_device.h"
#else
#include "backends/cuda/host/thread.h"
#endif

namespace tenon::cuda {

inline constexpr unsigned kWarp = 32;
// A grid has at most so many blocks; kernels loop by Thread::stride() where there are more.
inline constexpr std::int64_t kMaxBlocks = 0x7fffffff;

// The blocks that give each of n elements a thread.
inline std::int64_t blocks_for(std::int64_t n, unsigned threads) { return (n + threads - 1) / threads; }

template <class K>
constexpr std::size_t shared_bytes() {
  if constexpr (requires { typename K::Shared; }) return sizeof(typename K::Shared);
  else return 0;
}

// Gives the kernel to the context's stream. Throws Error where the driver refuses it.
template <class K>
void launch(const Context& context, std::int64_t blocks, const K& kernel) {
  static_assert(std::is_trivially_copyable_v<K> && sizeof(K) <= 32764, "parameters are copied, and there is a limit");
  static_assert(!K::kTogether || K::kThreads % kWarp == 0, "threads that wait for each other are whole warps");
  if (blocks == 0) return;
  if (blocks > kMaxBlocks) fail(Status::failed, "a grid of this size is beyond what a device takes");
  start(context, static_cast<unsigned>(blocks), kernel);
}

}  // namespace tenon::cuda
