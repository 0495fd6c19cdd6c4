// Bytes that move together, whatever they mean.
#pragma once

#include <cstdint>

namespace tenon::cuda {

template <int N>
struct alignas(N) Bytes {
  unsigned char byte[N];
};

// Calls f.operator()<N>() for an item's size.
template <class F>
void by_size(std::int64_t bytes, F&& f) {
  switch (bytes) {
    case 1: return f.template operator()<1>();
    case 2: return f.template operator()<2>();
    case 4: return f.template operator()<4>();
    case 8: return f.template operator()<8>();
    default: return f.template operator()<16>();
  }
}

}  // namespace tenon::cuda
