// What the files that call LAPACK share. LAPACK stores columns: it sees a row-major matrix transposed.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>

#include "backends/cpu/blas.h"
#include "backends/cpu/parallel.h"
#include "tenon/complex.h"
#include "tenon/dtype.h"
#include "tenon/lapack.h"

namespace tenon::lapack {

template <class T>
struct Traits;  // the letter that routines begin with, and the real type
template <>
struct Traits<float> {
  using Real = float;
  static constexpr char letter = 's';
};
template <>
struct Traits<double> {
  using Real = double;
  static constexpr char letter = 'd';
};
template <>
struct Traits<complex64> {
  using Real = float;
  static constexpr char letter = 'c';
};
template <>
struct Traits<complex128> {
  using Real = double;
  static constexpr char letter = 'z';
};
template <class T>
using RealOf = typename Traits<T>::Real;
template <class T>
inline constexpr bool is_complex_type = !std::is_arithmetic_v<T>;

// Fortran's lengths of strings come last.
using Length = std::size_t;

// T's routine ("getrf"); null without a LAPACK.
template <class T>
void* routine(const char* name) {
  return cpu::lapack_symbol((Traits<T>::letter + std::string(name)).c_str());
}

inline std::int64_t size_of_work(double reported) {
  return std::max<std::int64_t>(static_cast<std::int64_t>(reported) + 1, 1);
}
template <class T>
double real_part(T v) {
  if constexpr (is_complex_type<T>) return static_cast<double>(v.re);
  else return static_cast<double>(v);
}
template <class T>
T conjugate(T v) {
  if constexpr (is_complex_type<T>) return conj(v);
  else return v;
}
// What LAPACK compares pivots by.
template <class T>
RealOf<T> magnitude(T v) {
  if constexpr (is_complex_type<T>) return (v.re < 0 ? -v.re : v.re) + (v.im < 0 ? -v.im : v.im);
  else return v < 0 ? -v : v;
}

inline constexpr std::int64_t kMost = 1 << 20;  // rows or columns: their number is an int of 32 bits

// Calls f(i) for each matrix, on several threads; the first number from 1 for which it failed, or 0. work: the
// operations for one.
template <class F>
std::int64_t for_each(std::int64_t count, std::int64_t work, F&& f) {
  std::atomic<std::int64_t> failed{std::numeric_limits<std::int64_t>::max()};
  const auto some = [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      if (f(i)) continue;
      std::int64_t first = failed.load();
      while (i + 1 < first && !failed.compare_exchange_weak(first, i + 1)) {}
      return;
    }
  };
  cpu::parallel_for(count, std::max<std::int64_t>(65536 / std::max<std::int64_t>(work, 1), 1), some);
  const std::int64_t first = failed.load();
  return first == std::numeric_limits<std::int64_t>::max() ? 0 : first;
}

// f of a number of LAPACK's type that dtype names.
template <class F>
std::int64_t with_type(DType dtype, F&& f) {
  return dispatch(dtype, [&]<class T>() -> std::int64_t {
    if constexpr (requires { typename Traits<T>::Real; }) return f(T{});
    else return kNoLibrary;
  });
}

}  // namespace tenon::lapack
