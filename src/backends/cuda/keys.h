// Numbers as unsigned integers of the same width and in the same order: NaNs are above all numbers, the zeros are equal.
// One loop for each width serves all dtypes.
#pragma once

#include <cstdint>
#include <type_traits>

#include "backends/cuda/kernel.h"
#include "tenon/dtype.h"

namespace tenon::cuda {

template <int N>
using Unsigned = std::conditional_t<
    N == 1, std::uint8_t,
    std::conditional_t<N == 2, std::uint16_t, std::conditional_t<N == 4, std::uint32_t, std::uint64_t>>>;

// How the bits of a dtype are ordered. Not for complex numbers.
struct BitOrder {
  Kind kind;
  std::uint64_t least_nan = 0;  // without its sign

  explicit BitOrder(DType d) : kind(tenon::kind(d)) {
    dispatch(d, [&]<class T>() {
      if constexpr (std::is_same_v<T, float>) least_nan = 0x7f800001;
      else if constexpr (std::is_same_v<T, double>) least_nan = 0x7ff0000000000001;
      else if constexpr (requires { T::special; }) least_nan = T::special + (T::quiet_nan != T::special ? 1 : 0);
    });
  }

  template <class U>
  static constexpr U kSign = static_cast<U>(U{1} << (8 * sizeof(U) - 1));

  template <class U>
  TENON_KERNEL bool is_nan(U bits) const {
    return is_float() && static_cast<U>(bits & static_cast<U>(~kSign<U>)) >= least_nan;
  }
  template <class U>
  TENON_KERNEL U key(U bits) const {
    if (kind == Kind::boolean) return bits != 0;
    if (kind == Kind::unsigned_integer) return bits;
    if (kind == Kind::signed_integer) return static_cast<U>(bits ^ kSign<U>);
    if (is_nan(bits)) return static_cast<U>(~U{0});
    if (static_cast<U>(bits << 1) == 0) return kSign<U>;
    return static_cast<U>(bits & kSign<U> ? ~bits : bits | kSign<U>);
  }
  // The bits of a key; of NaNs one for all.
  template <class U>
  TENON_KERNEL U bits(U key) const {
    if (kind == Kind::boolean || kind == Kind::unsigned_integer) return key;
    if (kind == Kind::signed_integer || key & kSign<U>) return static_cast<U>(key ^ kSign<U>);
    return static_cast<U>(~key);
  }

 private:
  TENON_KERNEL bool is_float() const { return kind == Kind::floating || kind == Kind::float8; }
};

}  // namespace tenon::cuda
