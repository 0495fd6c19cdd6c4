// Elements of any dtype, read and written by kernels that compute in T.
#pragma once

#include <cstdint>
#include <type_traits>

#include "backends/cuda/kernel.h"
#include "backends/scalar/convert.h"
#include "tenon/dtype.h"

namespace tenon::cuda {

// Float16 and bfloat16 are computed in float32. (Specialisations: nvcc cannot mangle a requires expression here.)
template <class T>
struct ComputedOf {
  using type = std::conditional_t<std::is_arithmetic_v<T>, T, float>;
};
template <class T>
struct ComputedOf<complex<T>> {
  using type = complex<T>;
};
template <class T>
using Computed = typename ComputedOf<T>::type;

template <class T>
TENON_KERNEL T read(const void* p) {
  // A bool is a byte, and one that was borrowed may hold any: all but 0 are true.
  if constexpr (std::is_same_v<T, bool>) return *static_cast<const std::uint8_t*>(p) != 0;
  else return *static_cast<const T*>(p);
}
template <class T>
TENON_KERNEL void write(void* p, T x) {
  *static_cast<T*>(p) = x;
}

// The element of dtype d at p, as a T.
template <class T>
TENON_KERNEL T load_as(const void* p, DType d) {
  switch (d) {
#define X(name, type, kind, bits) \
  case DType::name: return scalar::convert<T>(read<type>(p));
    TENON_FOR_EACH_DTYPE(X)
#undef X
  }
  return T();
}
template <class T>
TENON_KERNEL void store_as(void* p, DType d, T x) {
  switch (d) {
#define X(name, type, kind, bits) \
  case DType::name: return write(p, scalar::convert<type>(x));
    TENON_FOR_EACH_DTYPE(X)
#undef X
  }
}

}  // namespace tenon::cuda
