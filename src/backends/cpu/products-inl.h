// Vectors and element types of tenon's own products. Included once per SIMD target.
#if defined(TENON_PRODUCTS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TENON_PRODUCTS_INL_H_
#undef TENON_PRODUCTS_INL_H_
#else
#define TENON_PRODUCTS_INL_H_
#endif

#include <hwy/highway.h>

#include <type_traits>

#include "backends/cpu/products.h"
#include "backends/scalar/convert.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

// The compiler's own vectors: one source for all element types, and arrays of them stay in registers.
inline constexpr int kVectorBytes = HWY_MAX_BYTES <= 64 ? HWY_MAX_BYTES : 16;  // NOLINT(bugprone-branch-clone)
template <class T>
struct VectorOf {
  typedef T type __attribute__((vector_size(kVectorBytes)));
  typedef T unaligned __attribute__((vector_size(kVectorBytes), aligned(alignof(T)), may_alias));
};
template <class T>
using Vector = typename VectorOf<T>::type;
template <class T>
inline constexpr int kLanes = kVectorBytes / static_cast<int>(sizeof(T));

template <class T>
HWY_INLINE Vector<T> load(const T* p) {
  return *reinterpret_cast<const typename VectorOf<T>::unaligned*>(p);
}
template <class T>
HWY_INLINE void store(T* p, Vector<T> v) {
  *reinterpret_cast<typename VectorOf<T>::unaligned*>(p) = v;
}

// What products of a stored type are summed in. Sums of 8-bit integers wrap alike in 16 bits, which have a
// multiplier; a complex product is a real one of twice the size (see pack_b).
template <class S>
struct ComputeOf {
  using type = S;
};
template <>
struct ComputeOf<bool> {
  using type = std::uint8_t;
};
template <>
struct ComputeOf<std::int8_t> {
  using type = std::int16_t;
};
template <>
struct ComputeOf<half> {
  using type = float;
};
template <>
struct ComputeOf<bfloat16> {
  using type = float;
};
template <class T>
struct ComputeOf<complex<T>> {
  using type = T;
};
template <class S>
using Compute = typename ComputeOf<S>::type;
template <class S>
inline constexpr int kParts = requires(S s) { s.im; } ? 2 : 1;

// sum + x * y; for bool (uint8) or-and.
template <class V, class X>
HWY_INLINE V multiply_add(V sum, X x, V y) {
  if constexpr (std::is_same_v<V, Vector<std::uint8_t>> || std::is_same_v<V, std::uint8_t>) return sum | (y & x);
  else return sum + y * x;
}
template <class T>
HWY_INLINE T combine(T x, T y) {
  if constexpr (std::is_same_v<T, std::uint8_t>) return x | y;
  else return static_cast<T>(x + y);
}
template <class T, class S>
HWY_INLINE T widen(S x) {
  if constexpr (std::is_same_v<S, bool>) return static_cast<T>(x ? 1 : 0);
  else return scalar::convert<T>(x);
}
template <class S, class T>
HWY_INLINE S narrow(T x) {
  if constexpr (std::is_same_v<S, bool>) return x != 0;
  else return scalar::convert<S>(x);
}

// The stored types that have kernels of their own; unsigned integers wrap as the signed ones do.
template <template <class> class F>
void add_products(Product* row) {
  auto set = [row](DType d, Product p) { row[static_cast<int>(d)] = p; };
  set(DType::bool_, &F<bool>::run);
  set(DType::int8, &F<std::int8_t>::run);
  set(DType::uint8, &F<std::int8_t>::run);
  set(DType::int16, &F<std::int16_t>::run);
  set(DType::uint16, &F<std::int16_t>::run);
  set(DType::int32, &F<std::int32_t>::run);
  set(DType::uint32, &F<std::int32_t>::run);
  set(DType::int64, &F<std::int64_t>::run);
  set(DType::uint64, &F<std::int64_t>::run);
  set(DType::float16, &F<half>::run);
  set(DType::bfloat16, &F<bfloat16>::run);
  set(DType::float32, &F<float>::run);
  set(DType::float64, &F<double>::run);
  set(DType::complex64, &F<complex64>::run);
  set(DType::complex128, &F<complex128>::run);
}

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
