// Elements by rank without sorting. A sorted sample brackets each rank; one pass over the row counts what lies below
// the brackets and keeps what lies inside, and only that is sorted. Short rows are sorted as they are.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/select.cc"
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "backends/cpu/backend.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/sort_kernels.h"
#include "backends/cpu/sort_keys.h"
#include "backends/cpu/targets.h"

#ifndef TENON_SELECT_BRACKET
#define TENON_SELECT_BRACKET
namespace tenon::cpu {

template <class T>
struct Bracket {
  T low, high;
};

// How many elements lie below a bracket, on its lower end and on its upper end.
struct Counts {
  std::int64_t below = 0, on_low = 0, on_high = 0;
};

// Counts for k brackets, and stores the elements strictly inside one of them; `inside` has room for n and a vector.
// Returns their number, or -1 where it meets a NaN.
template <class T>
using Scan = std::int64_t (*)(const T* in, std::int64_t n, const Bracket<T>* brackets, int k, Counts* counts,
                              T* inside);

struct ScanKernels {
  Scan<float> f32;
  Scan<double> f64;
  Scan<std::int32_t> i32;
  Scan<std::uint32_t> u32;
  Scan<std::int64_t> i64;
  Scan<std::uint64_t> u64;
};

}  // namespace tenon::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
std::int64_t scan(const T* in, std::int64_t n, const Bracket<T>* brackets, int k, Counts* counts, T* inside) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  T* to = inside;
  auto nan = hn::MaskFromVec(hn::Zero(d));
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto v = hn::LoadU(d, in + i);
    if constexpr (std::is_floating_point_v<T>) nan = hn::Or(nan, hn::IsNaN(v));  // Ne is ordered for AVX-512
    auto keep = hn::MaskFromVec(hn::Zero(d));
    for (int b = 0; b < k; ++b) {
      const auto low = hn::Set(d, brackets[b].low), high = hn::Set(d, brackets[b].high);
      const auto above_low = hn::Gt(v, low), below_high = hn::Lt(v, high);
      counts[b].below += static_cast<std::int64_t>(hn::CountTrue(d, hn::Lt(v, low)));
      counts[b].on_low += static_cast<std::int64_t>(hn::CountTrue(d, hn::Eq(v, low)));
      counts[b].on_high += static_cast<std::int64_t>(hn::CountTrue(d, hn::Eq(v, high)));
      keep = hn::Or(keep, hn::And(above_low, below_high));
    }
    // Not to memory: see sort_kernels.cc.
    hn::StoreU(hn::Compress(v, keep), d, to);
    to += hn::CountTrue(d, keep);
  }
  bool any_nan = !hn::AllFalse(d, nan);
  for (; i < n; ++i) {
    bool keep = false;
    any_nan |= in[i] != in[i];
    for (int b = 0; b < k; ++b) {
      counts[b].below += in[i] < brackets[b].low;
      counts[b].on_low += in[i] == brackets[b].low;
      counts[b].on_high += in[i] == brackets[b].high;
      keep |= in[i] > brackets[b].low && in[i] < brackets[b].high;
    }
    if (keep) *to++ = in[i];
  }
  return any_nan ? -1 : to - inside;
}

ScanKernels scan_kernels() {
  return {&scan<float>,         &scan<double>,       &scan<std::int32_t>,
          &scan<std::uint32_t>, &scan<std::int64_t>, &scan<std::uint64_t>};
}

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(scan_kernels);
namespace {

// From here on the sample pays: sorting takes 2 ns per element.
constexpr std::int64_t kSampleFrom = 2048;
constexpr std::int64_t kMaxSample = 32 * 1024;
constexpr std::int64_t kPiece = 4 * kGrain;
constexpr std::int64_t kVector = 64;  // elements that a vector holds at most

template <class T>
Scan<T> scan_kernel() {
  static const ScanKernels k = HWY_DYNAMIC_DISPATCH(scan_kernels)();
  if constexpr (std::is_same_v<T, float>) return k.f32;
  else if constexpr (std::is_same_v<T, double>) return k.f64;
  else if constexpr (std::is_same_v<T, std::int32_t>) return k.i32;
  else if constexpr (std::is_same_v<T, std::uint32_t>) return k.u32;
  else if constexpr (std::is_same_v<T, std::int64_t>) return k.i64;
  else return k.u64;
}

template <class T>
bool is_nan(T v) {
  return v != v;
}

template <class T>
void sort_rows(const T* in, T* out, std::int64_t rows, std::int64_t n) {
  sort_kernels().values[static_cast<int>(dtype_of<T>)](in, out, rows, n, false);
}

// From rows in order; a NaN stands last.
template <class T>
void pick(const SelectCall& c, const T* sorted, std::int64_t rows, T* out) {
  for (; rows > 0; --rows, sorted += c.n, out += c.count) {
    const T last = sorted[c.n - 1];
    for (int k = 0; k < c.count; ++k) out[k] = is_nan(last) ? last : sorted[c.ranks[k]];
  }
}

template <class T>
void select_by_sorting(const SelectCall& c, const T* in, std::int64_t rows, T* out) {
  const std::int64_t step = std::max<std::int64_t>(1, 8 * kSampleFrom / c.n);
  const std::unique_ptr<T[]> sorted(new T[static_cast<std::size_t>(std::min(step, rows) * c.n)]);
  for (std::int64_t r = 0; r < rows; r += step) {
    const std::int64_t these = std::min(step, rows - r);
    sort_rows(in + r * c.n, sorted.get(), these, c.n);
    pick(c, sorted.get(), these, out + r * c.count);
  }
}

template <class T>
void select_by_counting(const SelectCall& c, const T* in, T* out) {
  constexpr std::int64_t size = std::int64_t{1} << (8 * sizeof(T)), zero = size / 2;
  std::vector<std::int64_t> counts(static_cast<std::size_t>(2 * size));  // two sets: equal neighbours do not wait
  for (std::int64_t i = 0; i < c.n; ++i) ++counts[static_cast<std::size_t>(to_key(in[i]) + zero + (i & 1) * size)];
  std::int64_t passed = 0;
  int k = 0;
  T value{};
  for (std::int64_t b = 0; b < size && passed < c.n; ++b) {
    const std::int64_t here = counts[static_cast<std::size_t>(b)] + counts[static_cast<std::size_t>(b + size)];
    if (here == 0) continue;
    value = from_key<T>(static_cast<KeyOf<T>>(b - zero));
    for (passed += here; k < c.count && c.ranks[k] < passed; ++k) out[k] = value;
  }
  if (is_nan(value)) std::fill_n(out, c.count, value);  // the last of all
}

// One element of each of `size` equal parts, at a place that no pattern of the values follows.
template <class T>
std::vector<T> draw(const T* in, std::int64_t n, std::int64_t size) {
  std::vector<T> sample(static_cast<std::size_t>(size));
  const std::int64_t part = n / size;
  std::uint64_t state = 0x9e3779b97f4a7c15;
  for (std::int64_t i = 0; i < size; ++i) {
    state = state * 6364136223846793005 + 1442695040888963407;
    sample[static_cast<std::size_t>(i)] = in[i * part + static_cast<std::int64_t>((state >> 32) * part >> 32)];
  }
  return sample;
}

// Brackets that hold the ranks, of which almost none is missed: four standard deviations of the sample to each side.
template <class T>
std::vector<Bracket<T>> bracket(const SelectCall& c, const std::vector<T>& sample) {
  using Limits = std::numeric_limits<T>;
  const T least = Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
  const T most = Limits::has_infinity ? Limits::infinity() : Limits::max();
  const auto size = static_cast<std::int64_t>(sample.size());
  std::vector<Bracket<T>> found;
  for (int k = 0; k < c.count; ++k) {
    const double share = static_cast<double>(c.ranks[k]) / static_cast<double>(c.n);
    const double margin = 4 * std::sqrt(static_cast<double>(size) * share * (1 - share)) + 4;
    const auto at = static_cast<std::int64_t>(share * static_cast<double>(size));
    const std::int64_t from = at - static_cast<std::int64_t>(margin), to = at + static_cast<std::int64_t>(margin);
    const T low = from < 0 ? least : sample[static_cast<std::size_t>(from)];
    const T high = to >= size ? most : sample[static_cast<std::size_t>(to)];
    if (!found.empty() && low <= found.back().high) found.back().high = std::max(found.back().high, high);
    else found.push_back({low, high});
  }
  return found;
}

// Puts the ranks' elements into out, unless one lies outside of its bracket.
template <class T>
bool select_by_sample(const SelectCall& c, const T* in, T* out) {
  std::int64_t size = 64;
  while (size < kMaxSample && size * size * size < c.n * c.n) size *= 2;
  std::vector<T> sample = draw(in, c.n, size);
  sort_rows(sample.data(), sample.data(), 1, size);
  const auto all_nan = [&] { std::fill_n(out, c.count, std::numeric_limits<T>::quiet_NaN()); };
  if (is_nan(sample.back())) return all_nan(), true;
  const std::vector<Bracket<T>> brackets = bracket(c, sample);
  const std::size_t k = brackets.size();

  const std::int64_t pieces = (c.n + kPiece - 1) / kPiece, room = std::min(c.n, kPiece) + kVector;
  const std::unique_ptr<T[]> inside(new T[static_cast<std::size_t>(pieces * room)]);
  std::vector<std::int64_t> kept(static_cast<std::size_t>(pieces));
  std::vector<Counts> counts(static_cast<std::size_t>(pieces) * k);
  parallel_for(pieces, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t p = begin; p < end; ++p)
      kept[static_cast<std::size_t>(p)] =
          scan_kernel<T>()(in + p * kPiece, std::min(kPiece, c.n - p * kPiece), brackets.data(), static_cast<int>(k),
                           counts.data() + static_cast<std::size_t>(p) * k, inside.get() + p * room);
  });

  T* end = inside.get();
  for (std::int64_t p = 0; p < pieces; ++p) {
    const std::int64_t n = kept[static_cast<std::size_t>(p)];
    if (n < 0) return all_nan(), true;
    end = std::copy_n(inside.get() + p * room, n, end);
    if (p > 0)
      for (std::size_t b = 0; b < k; ++b) {
        const Counts& more = counts[static_cast<std::size_t>(p) * k + b];
        counts[b].below += more.below;
        counts[b].on_low += more.on_low;
        counts[b].on_high += more.on_high;
      }
  }
  if (end > inside.get()) sort_rows(inside.get(), inside.get(), 1, end - inside.get());

  std::size_t b = 0;
  for (int i = 0; i < c.count; ++i) {
    const std::int64_t rank = c.ranks[i];
    for (;; ++b) {
      if (b == k || rank < counts[b].below) return false;
      const auto [low, high] = brackets[b];
      const T* first = std::upper_bound(inside.get(), end, low);
      const T* last = std::lower_bound(first, static_cast<const T*>(end), high);
      const std::int64_t to_low = counts[b].below + counts[b].on_low, to_high = to_low + (last - first);
      if (rank < to_low) out[i] = low;
      else if (rank < to_high) out[i] = first[rank - to_low];
      else if (low < high && rank < to_high + counts[b].on_high) out[i] = high;
      else continue;
      break;
    }
  }
  return true;
}

}  // namespace

Status select(const SelectCall& c) {
  if (is_complex(c.dtype)) return Status::unavailable;
  dispatch(c.dtype, [&]<class T>() {
    const T* in = static_cast<const T*>(c.in);
    T* out = static_cast<T*>(c.out);
    if constexpr (has_order_key<T>) {
      if (c.n < kSampleFrom) {
        return parallel_for(c.rows, std::max<std::int64_t>(1, kGrain / 8 / c.n),
                            [&](std::int64_t begin, std::int64_t end) {
                              select_by_sorting(c, in + begin * c.n, end - begin, out + begin * c.count);
                            });
      }
      // A single row is divided inside.
      const std::int64_t each = c.rows < 2 * max_threads() ? c.rows : std::max<std::int64_t>(1, kGrain / c.n);
      parallel_for(c.rows, each, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t r = begin; r < end; ++r) {
          if constexpr (sizeof(T) <= 2) select_by_counting(c, in + r * c.n, out + r * c.count);
          else if (!select_by_sample(c, in + r * c.n, out + r * c.count))
            select_by_sorting(c, in + r * c.n, 1, out + r * c.count);
        }
      });
    }
  });
  return Status::ok;
}

}  // namespace tenon::cpu
#endif
