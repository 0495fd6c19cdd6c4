// Rows of floats and of the keys of sort_keys.h through quicksort-inl.h. It does not keep the order of equal keys: where
// indices are wanted, they are the low half of a wider key.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/sort_kernels.cc"
#include "backends/cpu/sort_kernels.h"
#include "backends/cpu/targets.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <type_traits>

#include "backends/cpu/quicksort-inl.h"
#include "backends/cpu/scratch.h"
#include "backends/cpu/sort_keys.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr std::int64_t kShort = 32;

// Short rows: as many as a vector has lanes at once, an element of each in a lane, by Batcher's network.
template <class K>
void sort_short(K* keys, std::int64_t rows, std::int64_t n) {
  struct Pair {
    std::uint8_t low, high;
  };
  Pair network[191];  // for 32 elements
  int pairs = 0;
  for (std::int64_t p = 1; p < n; p *= 2)
    for (std::int64_t k = p; k > 0; k /= 2)
      for (std::int64_t j = k % p; j + k < n; j += 2 * k)
        for (std::int64_t i = j; i < std::min(j + k, n - k); ++i)
          if (i / (2 * p) == (i + k) / (2 * p))
            network[pairs++] = {static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i + k)};
  const hn::ScalableTag<K> d;
  constexpr std::int64_t lanes = HWY_LANES(K);
  HWY_ALIGN K column[kShort * lanes] = {};
  for (; rows > 0; rows -= lanes, keys += lanes * n) {
    const std::int64_t these = std::min(rows, lanes);
    for (std::int64_t r = 0; r < these; ++r)
      for (std::int64_t i = 0; i < n; ++i) column[i * lanes + r] = keys[r * n + i];
    for (int p = 0; p < pairs; ++p) {
      K *low = column + network[p].low * lanes, *high = column + network[p].high * lanes;
      const auto a = hn::Load(d, low), b = hn::Load(d, high);
      hn::Store(hn::Min(a, b), d, low);
      hn::Store(hn::Max(a, b), d, high);
    }
    for (std::int64_t r = 0; r < these; ++r)
      for (std::int64_t i = 0; i < n; ++i) keys[r * n + i] = column[i * lanes + r];
  }
}

template <class K>
void sort_keys(K* keys, std::int64_t rows, std::int64_t n) {
  if constexpr (std::is_integral_v<K>)
    if (n <= kShort / 2 || (n <= kShort && rows >= 4)) return sort_short(keys, rows, n);
  for (std::int64_t r = 0; r < rows; ++r, keys += n) Quicksort<K>::sort(keys, n);
}

void sort_row(std::int64_t* keys, std::int64_t n) { sort_keys(keys, 1, n); }

// Floats as they are: Intel's CPUs find the lesser of them twice as fast as of integers. Meanwhile NaNs are infinities
// and -0 is 0, so that vectors treat equal elements as equals; both are counted and put back.
template <class T>
void sort_floats(const T* in, T* out, std::int64_t n, bool descending) {
  std::int64_t nans = 0, negative_zeros = 0;
  const hn::ScalableTag<T> d;
  const hn::RebindToSigned<decltype(d)> bits;
  constexpr std::int64_t N = HWY_LANES(T);
  const auto infinity = hn::Set(d, std::numeric_limits<T>::infinity()), zero = hn::Zero(d);
  const auto minus_zero = hn::Set(bits, std::numeric_limits<KeyOf<T>>::min());
  T last[N] = {};
  for (std::int64_t i = 0; i < n; i += N) {
    const bool whole = i + N <= n;
    if (!whole) std::copy(in + i, in + n, last);
    const auto x = hn::LoadU(d, whole ? in + i : last);
    const auto is_nan = hn::IsNaN(x);
    const auto is_minus_zero = hn::RebindMask(d, hn::Eq(hn::BitCast(bits, x), minus_zero));
    if (HWY_UNLIKELY(!hn::AllFalse(d, hn::Or(is_nan, is_minus_zero)))) {
      nans += static_cast<std::int64_t>(hn::CountTrue(d, is_nan));
      negative_zeros += static_cast<std::int64_t>(hn::CountTrue(d, is_minus_zero));
    }
    const auto number = hn::IfThenElse(is_nan, infinity, x);
    hn::StoreU(descending ? hn::Sub(zero, number) : hn::Add(number, zero), d, whole ? out + i : last);
    if (!whole) std::copy(last, last + (n - i), out + i);
  }
  sort_keys(out, 1, n);
  if (descending)
    for (std::int64_t i = 0; i < n; ++i) out[i] = T(0) - out[i];
  if (negative_zeros > 0) {
    T* zeros = descending ? std::upper_bound(out, out + n, T(0), std::greater<T>()) - negative_zeros
                          : std::lower_bound(out, out + n, T(0));
    std::fill_n(zeros, negative_zeros, T(-0.0));
  }
  if (nans > 0) std::fill_n(descending ? out : out + n - nans, nans, std::numeric_limits<T>::quiet_NaN());
}

// Rows that are short go together, as many as fit the cache.
constexpr std::int64_t kTogether = 4 * 1024;

template <class T>
void sort_values(const void* in, void* out, std::int64_t rows, std::int64_t n, bool descending) {
  using K = KeyOf<T>;
  const T* from = static_cast<const T*>(in);
  T* to = static_cast<T*>(out);
  if constexpr (std::is_floating_point_v<T>) {
    if (n > kShort) {
      for (; rows > 0; --rows, from += n, to += n) sort_floats(from, to, n, descending);
      return;
    }
  }
  const K flip = descending ? -1 : 0;
  const std::int64_t step = std::max<std::int64_t>(1, kTogether / n);
  for (std::int64_t r = 0; r < rows; r += step) {
    const std::int64_t these = std::min(step, rows - r), size = these * n;
    K* keys;
    if constexpr (sizeof(T) == sizeof(K)) keys = reinterpret_cast<K*>(to);
    else keys = static_cast<K*>(scratch(0, static_cast<std::size_t>(size) * sizeof(K)));
    for (std::int64_t i = 0; i < size; ++i) keys[i] = to_key(from[i]) ^ flip;
    sort_keys(keys, these, n);
    if (!std::is_same_v<T, K> || descending)
      for (std::int64_t i = 0; i < size; ++i) to[i] = from_key<T>(keys[i] ^ flip);
    from += size;
    to += size;
  }
}

template <class T>
void sort_indices(const void* in, std::int64_t* out, std::int64_t rows, std::int64_t n, bool descending) {
  const T* from = static_cast<const T*>(in);
  const std::int64_t flip = descending ? -1 : 0;
  const std::int64_t step = std::max<std::int64_t>(1, kTogether / n);
  for (std::int64_t r = 0; r < rows; r += step) {
    const std::int64_t these = std::min(step, rows - r);
    std::int64_t* keys = out;
    for (std::int64_t k = 0; k < these; ++k, from += n, keys += n)
      for (std::int64_t i = 0; i < n; ++i)
        keys[i] = static_cast<std::int64_t>((static_cast<std::uint64_t>(to_rank(from[i]) ^ flip) << 32) |
                                            static_cast<std::uint64_t>(i));
    sort_keys(out, these, n);
    for (; out < keys; ++out) *out &= 0xffffffff;
  }
}

SortKernels make_sort_kernels() {
  SortKernels k;
  for (int i = 0; i < kDTypes; ++i)
    dispatch(static_cast<DType>(i), [&]<class T>() {
      if constexpr (has_order_key<T>) {
        k.values[i] = &sort_values<T>;
        if constexpr (sizeof(T) < 8) k.indices[i] = &sort_indices<T>;
      }
    });
  k.keys = &sort_row;
  return k;
}

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
namespace {
HWY_EXPORT(make_sort_kernels);

// Zen 4 compresses vectors of 512 bits in microcode where the target is memory: 1e6 floats took Highway's vqsort 37 ms with
// AVX-512 and 6 with AVX2. Keys of 64 bits go through a table. Whether 32-bit ones still lose, now that they are compressed
// in registers, has not been measured there.
bool wide_compress_is_slow() {
#if HWY_ARCH_X86_64 && (HWY_TARGETS & HWY_AVX2) && (HWY_TARGETS & HWY_AVX3)
  return __builtin_cpu_is("amd") && (hwy::SupportedTargets() & HWY_AVX3);
#else
  return false;
#endif
}

}  // namespace

const SortKernels& sort_kernels() {
  static const SortKernels kernels = [] {
    SortKernels k = HWY_DYNAMIC_DISPATCH(make_sort_kernels)();
#if HWY_TARGETS & HWY_AVX2
    if (wide_compress_is_slow()) {
      const SortKernels narrow = N_AVX2::make_sort_kernels();
      for (int i = 0; i < kDTypes; ++i)
        if (itemsize(static_cast<DType>(i)) <= 4) k.values[i] = narrow.values[i];
    }
#endif
    return k;
  }();
  return kernels;
}

}  // namespace tenon::cpu
#endif
