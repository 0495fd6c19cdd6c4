// Bytes that move together, whatever they mean.
#pragma once

namespace tenon::cuda {

template <int N>
struct alignas(N) Bytes {
  unsigned char byte[N];
};

}  // namespace tenon::cuda
