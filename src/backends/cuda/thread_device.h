// A thread of a device, for nvcc.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <cstring>

#include "backends/cuda/context.h"
#include "backends/cuda/runtime.h"

#define TENON_KERNEL __device__ __forceinline__
#define TENON_KERNEL_CALL __device__ __noinline__

namespace tenon::cuda {

class Thread {
 public:
  TENON_KERNEL unsigned block() const { return blockIdx.x; }
  TENON_KERNEL unsigned blocks() const { return gridDim.x; }
  TENON_KERNEL unsigned thread() const { return threadIdx.x; }
  TENON_KERNEL unsigned threads() const { return blockDim.x; }
  TENON_KERNEL unsigned lane() const { return threadIdx.x & 31; }
  TENON_KERNEL unsigned warp() const { return threadIdx.x >> 5; }
  TENON_KERNEL std::uint64_t index() const { return std::uint64_t{blockIdx.x} * blockDim.x + threadIdx.x; }
  TENON_KERNEL std::uint64_t stride() const { return std::uint64_t{gridDim.x} * blockDim.x; }

  TENON_KERNEL void sync() const { __syncthreads(); }
  TENON_KERNEL void sync_warp() const { __syncwarp(); }
  // The value of another lane of the warp; the own one where there is none.
  template <class T>
  TENON_KERNEL T shuffle_down(T x, unsigned by) const {
    return by_words(x, [by](unsigned w) { return __shfl_down_sync(0xffffffffu, w, by); });
  }
  template <class T>
  TENON_KERNEL T shuffle_up(T x, unsigned by) const {
    return by_words(x, [by](unsigned w) { return __shfl_up_sync(0xffffffffu, w, by); });
  }
  template <class T>
  TENON_KERNEL T shuffle(T x, unsigned from) const {
    return by_words(x, [from](unsigned w) { return __shfl_sync(0xffffffffu, w, from); });
  }
  // A bit for each lane of the warp.
  TENON_KERNEL unsigned ballot(bool x) const { return __ballot_sync(0xffffffffu, x); }
  template <class S>
  TENON_KERNEL S& shared() const {
    extern __shared__ __align__(16) unsigned char memory[];
    return *reinterpret_cast<S*>(memory);
  }

 private:
  template <class T, class F>
  TENON_KERNEL static T by_words(const T& x, F f) {
    constexpr int n = (sizeof(T) + 3) / 4;
    unsigned words[n] = {};
    memcpy(words, &x, sizeof(T));
    for (int i = 0; i < n; ++i) words[i] = f(words[i]);
    T y;
    memcpy(&y, words, sizeof(T));
    return y;
  }
};

TENON_KERNEL unsigned bit_count(unsigned x) { return __popc(x); }

// What was there before; it is replaced where it is `expected`.
TENON_KERNEL unsigned exchange_if(unsigned* at, unsigned expected, unsigned value) {
  return atomicCAS(at, expected, value);
}
// Whole numbers alone: they add up to the same in any order.
TENON_KERNEL void add_to(unsigned* at, unsigned by) { atomicAdd(at, by); }
// What was written before becomes visible to others before what is written afterwards.
TENON_KERNEL void fence() { __threadfence_system(); }

template <class K>
__global__ void __launch_bounds__(K::kThreads) run(const __grid_constant__ K kernel) {
  kernel(Thread());
}

template <class K>
constexpr std::size_t shared_bytes();

template <class K>
void start(const Context& context, unsigned blocks, const K& kernel) {
  void* arguments[] = {const_cast<K*>(&kernel)};
  check(runtime::launch(context.stream, reinterpret_cast<const void*>(&run<K>), blocks, K::kThreads, shared_bytes<K>(),
                        arguments));
}

}  // namespace tenon::cuda
