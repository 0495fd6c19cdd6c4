// Cumulative sums and products.
//
// A line is scanned in pieces of fixed length, each from zero, and what precedes it is added: the association
// depends on the line's length alone, so results have the same bits for any number of threads. Sums are formed in
// float64 (complex128, int64): a float32 result is rounded once, so that sums of non-negative numbers do not fall.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/scan.cc"
#include "backends/cpu/targets.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "backends/cpu/backend.h"
#include "backends/cpu/cursor.h"
#include "backends/cpu/pack.h"
#include "backends/cpu/parallel.h"
#include "core/interrupt.h"
#include "tenon/complex.h"

#ifndef TENON_SCAN_KERNELS_
#define TENON_SCAN_KERNELS_
namespace tenon::cpu {
struct ScanKernels {
  DType in, out;
  // Scans n contiguous elements: out[i] = offset and (local and in[0] ... in[i]); local becomes what it was and all
  // of them. Nothing is written where out is null.
  void (*line)(const void* in, void* out, std::int64_t n, void* local, const void* offset);
  // Scans rows of contiguous elements downwards; acc holds the row before the first. Strides in bytes.
  void (*rows)(void* acc, const char* in, std::int64_t in_stride, char* out, std::int64_t out_stride, std::int64_t rows,
               std::int64_t cols);
};
inline constexpr int kScanKernels = 5;
using ScanTable = ScanKernels[2][kScanKernels];  // by operation; sought by dtypes, the computed one for last
}  // namespace tenon::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

struct Add {
  static constexpr bool kReassociates = true;
  template <class T>
  static HWY_INLINE T identity() {
    return T(0);
  }
  template <class T>
  static HWY_INLINE T apply(T a, T b) {
    return a + b;
  }
};
struct Multiply {
  // Partial products may overflow where the product so far is zero: they are formed in order.
  static constexpr bool kReassociates = false;
  template <class T>
  static HWY_INLINE T identity() {
    return T(1);
  }
  template <class T>
  static HWY_INLINE T apply(T a, T b) {
    return a * b;
  }
};

template <class T>
struct Vector {
  static constexpr int kBytes = HWY_MAX_BYTES > 64 ? 16 : HWY_MAX_BYTES < 16 ? 16 : HWY_MAX_BYTES;
  static constexpr int kLanes = kBytes / 8;
  typedef T type __attribute__((vector_size(kLanes * sizeof(T)), aligned(alignof(T)), may_alias));
};

// The lanes moved up by K, zeros below.
template <int K, class V, std::size_t... I>
HWY_INLINE V moved_up(V v, std::index_sequence<I...>) {
  constexpr int n = sizeof...(I);
  return __builtin_shufflevector(V{}, v,
                                 (static_cast<int>(I) < K ? static_cast<int>(I) : n + static_cast<int>(I) - K)...);
}
template <class V, std::size_t... I>
HWY_INLINE V last_lane(V v, std::index_sequence<I...>) {
  return __builtin_shufflevector(v, v, (static_cast<int>(I * 0) + static_cast<int>(sizeof...(I)) - 1)...);
}

// Sums within a vector by doubling, then the sum before it; only the latter waits for the vector before.
template <class In, class C, bool kWrite, class Out>
HWY_INLINE std::int64_t add_vectors(const In* in, Out* out, std::int64_t n, C& local, C offset) {
  using V = typename Vector<C>::type;
  using VIn = typename Vector<In>::type;
  using VOut = typename Vector<Out>::type;
  constexpr int kLanes = Vector<C>::kLanes;
  constexpr std::make_index_sequence<kLanes> lanes{};
  V before = V{} + local;
  const V shift = V{} + offset;
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    V v = __builtin_convertvector(*reinterpret_cast<const VIn*>(in + i), V);
    v += moved_up<1>(v, lanes);
    if constexpr (kLanes > 2) v += moved_up<2>(v, lanes);
    if constexpr (kLanes > 4) v += moved_up<4>(v, lanes);
    if constexpr (kWrite) *reinterpret_cast<VOut*>(out + i) = __builtin_convertvector((v + before) + shift, VOut);
    before += last_lane(v, lanes);
  }
  local = before[0];
  return i;
}

template <class Op, class In, class C, class Out>
void scan_line(const void* from, void* to, std::int64_t n, void* state, const void* before) {
  const In* in = static_cast<const In*>(from);
  Out* out = static_cast<Out*>(to);
  C local = *static_cast<C*>(state);
  const C offset = *static_cast<const C*>(before);
  std::int64_t i = 0;
  if constexpr (Op::kReassociates && std::is_arithmetic_v<C>)
    i = out ? add_vectors<In, C, true>(in, out, n, local, offset)
            : add_vectors<In, C, false>(in, out, n, local, offset);
  for (; i < n; ++i) {
    local = Op::apply(local, static_cast<C>(in[i]));
    if (out) out[i] = static_cast<Out>(Op::apply(offset, local));
  }
  *static_cast<C*>(state) = local;
}

template <class Op, class In, class C, class Out>
void scan_rows(void* state, const char* in, std::int64_t in_stride, char* out, std::int64_t out_stride,
               std::int64_t rows, std::int64_t cols) {
  C* HWY_RESTRICT acc = static_cast<C*>(state);
  for (std::int64_t r = 0; r < rows; ++r) {
    const In* x = reinterpret_cast<const In*>(in + r * in_stride);
    Out* y = reinterpret_cast<Out*>(out + r * out_stride);
#pragma GCC ivdep
    for (std::int64_t j = 0; j < cols; ++j) {
      acc[j] = Op::apply(acc[j], static_cast<C>(x[j]));
      y[j] = static_cast<Out>(acc[j]);
    }
  }
}

template <class Op, class In, class C, class Out>
constexpr ScanKernels scan_kernels() {
  return {dtype_of<In>, dtype_of<Out>, &scan_line<Op, In, C, Out>, &scan_rows<Op, In, C, Out>};
}
template <class Op>
void add_scans_of(ScanKernels* t) {
  t[0] = scan_kernels<Op, float, double, float>();
  t[1] = scan_kernels<Op, std::int32_t, std::int64_t, std::int64_t>();
  t[2] = scan_kernels<Op, double, double, double>();
  t[3] = scan_kernels<Op, std::int64_t, std::int64_t, std::int64_t>();
  t[4] = scan_kernels<Op, complex128, complex128, complex128>();
}
void add_scans(ScanTable& t) {
  add_scans_of<Add>(t[0]);
  add_scans_of<Multiply>(t[1]);
}

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(add_scans);
namespace {

constexpr std::int64_t kPiece = kGrain;
constexpr std::int64_t kBlock = 1024;  // elements of up to 16 bytes that are packed at once

const ScanTable& scan_table() {
  static const ScanTable* table = [] {
    auto* t = new ScanTable[1];
    HWY_DYNAMIC_DISPATCH(add_scans)(*t);
    return t;
  }();
  return *table;
}

// Sums so far, of any of the three dtypes.
struct Value {
  alignas(16) char bytes[16];
};

struct Scanner {
  const ScanCall& c;
  const Lines& l;
  const ScanKernels *k, *plain;  // the kernel that is used, and the one from and to the computed dtype
  bool direct;                   // the former reads and writes the call's dtypes
  DType compute;
  std::int64_t in_size, out_size, size, kernel_in, kernel_out;
  Pack load, store;
  Value identity;

  explicit Scanner(const ScanCall& call) : c(call), l(call.lines), compute(call.compute) {
    // uint64 wraps to the same bits as int64.
    const DType out = c.out_dtype == DType::uint64 ? DType::int64 : c.out_dtype;
    const DType in = c.in_dtype == DType::uint64 && compute == DType::int64 ? DType::int64 : c.in_dtype;
    const auto& kernels_of = scan_table()[static_cast<int>(c.op)];
    const auto find = [&](DType a, DType b) {
      return std::find_if(kernels_of, kernels_of + kScanKernels,
                          [&](const auto& e) { return e.in == a && e.out == b; });
    };
    k = find(in, out);
    plain = find(compute, compute);
    direct = k != kernels_of + kScanKernels;
    if (!direct) k = plain;
    in_size = static_cast<std::int64_t>(itemsize(c.in_dtype));
    out_size = static_cast<std::int64_t>(itemsize(c.out_dtype));
    size = static_cast<std::int64_t>(itemsize(compute));
    kernel_in = static_cast<std::int64_t>(itemsize(k->in));
    kernel_out = static_cast<std::int64_t>(itemsize(k->out));
    load = Pack(in, k->in);
    store = Pack(k->out, out);
    const bool one = c.op == Scan::prod;
    Pack(DType::bool_, compute)(&one, 0, &identity, size, 1);
  }
  // One value and another, in this order: a line of one element.
  Value joined(Value a, const Value& b) const {
    plain->line(&b, nullptr, 1, &a, &identity);
    return a;
  }

  // Scans a piece of a line (or only sums it up, where out is null).
  void piece(const char* in, char* out, std::int64_t n, Value& local, const Value& offset) const {
    if (direct && l.in_stride == in_size && l.out_stride == out_size) {
      k->line(in, out, n, &local, &offset);
      return;
    }
    alignas(64) char x[kBlock * 16], y[kBlock * 16];
    for (std::int64_t i = 0; i < n; i += kBlock) {
      const std::int64_t m = std::min(kBlock, n - i);
      load(in + i * l.in_stride, l.in_stride, x, kernel_in, m);
      k->line(x, out ? y : nullptr, m, &local, &offset);
      if (out) store(y, kernel_out, out + i * l.out_stride, l.out_stride, m);
    }
  }
  void line(const char* in, char* out) const {
    Value offset = identity, local = identity;
    Pace pace;
    for (std::int64_t i = 0; i < l.n; i += kPiece) {
      const std::int64_t n = std::min(kPiece, l.n - i);
      piece(in + i * l.in_stride, out + i * l.out_stride, n, local, offset);
      pace.did(n);
      if (c.op == Scan::prod) continue;  // in order: its pieces go on with one value
      offset = joined(offset, local);
      local = identity;
    }
  }
  // The same with several threads: the pieces' sums first.
  void long_line(const char* in, char* out) const {
    const std::int64_t pieces = (l.n + kPiece - 1) / kPiece;
    const std::unique_ptr<Value[]> offsets(new Value[static_cast<std::size_t>(pieces)]);
    const auto length = [&](std::int64_t p) { return std::min(kPiece, l.n - p * kPiece); };
    parallel_for(pieces, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t p = begin; p < end; ++p) {
        offsets[p] = identity;
        piece(in + p * kPiece * l.in_stride, nullptr, length(p), offsets[p], identity);
      }
    });
    Value so_far = identity;
    for (std::int64_t p = 0; p < pieces; ++p) {
      const Value own = offsets[p];
      offsets[p] = so_far;
      so_far = joined(so_far, own);
    }
    parallel_for(pieces, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t p = begin; p < end; ++p) {
        Value local = identity;
        piece(in + p * kPiece * l.in_stride, out + p * kPiece * l.out_stride, length(p), local, offsets[p]);
      }
    });
  }

  // Neighbouring lines side by side; steps lead from one to the next.
  void strip(const char* in, std::int64_t in_step, char* out, std::int64_t out_step, std::int64_t cols) const {
    alignas(64) char acc[kBlock * 16], x[kBlock * 16], y[kBlock * 16];
    const bool one = c.op == Scan::prod;
    Pack(DType::bool_, compute)(&one, 0, acc, size, cols);
    Pace pace;
    if (direct && in_step == in_size && out_step == out_size) {
      const std::int64_t most = std::max<std::int64_t>(kGrain / cols, 1);
      for (std::int64_t r = 0; r < l.n; r += most) {
        const std::int64_t rows = std::min(most, l.n - r);
        k->rows(acc, in + r * l.in_stride, l.in_stride, out + r * l.out_stride, l.out_stride, rows, cols);
        pace.did(rows * cols);
      }
      return;
    }
    for (std::int64_t r = 0; r < l.n; ++r, pace.did(cols)) {
      load(in + r * l.in_stride, in_step, x, kernel_in, cols);
      k->rows(acc, x, 0, y, 0, 1, cols);
      store(y, kernel_out, out + r * l.out_stride, out_step, cols);
    }
  }
};

}  // namespace

Status scan(const ScanCall& c) {
  if (c.op != Scan::sum && c.op != Scan::prod) return scan_position(c);
  const Scanner s(c);
  const Lines& l = c.lines;
  const Loop& outer = l.outer;
  const std::int64_t per_line = std::max<std::int64_t>(l.n, 1);
  if (l.side_by_side) {
    // Strips are cut where threads' pieces end; columns do not depend on each other.
    parallel_for(outer.numel, std::max<std::int64_t>(kGrain / per_line, 64), [&](std::int64_t begin, std::int64_t end) {
      for_pairs(outer, c.in, c.out, begin, end, kBlock,
                [&](char* p, std::int64_t stride, char* q, std::int64_t out_stride, std::int64_t n) {
                  s.strip(p, stride, q, out_stride, n);
                });
    });
    return Status::ok;
  }
  const bool split = max_threads() > 1 && outer.numel < 2 * max_threads() && l.n >= 4 * kPiece && c.op == Scan::sum;
  const auto lines = [&](std::int64_t begin, std::int64_t end) {
    for_pairs(outer, c.in, c.out, begin, end, end - begin,
              [&](char* p, std::int64_t stride, char* q, std::int64_t out_stride, std::int64_t n) {
                for (std::int64_t i = 0; i < n; ++i)
                  split ? s.long_line(p + i * stride, q + i * out_stride) : s.line(p + i * stride, q + i * out_stride);
              });
  };
  if (split) lines(0, outer.numel);
  else parallel_for(outer.numel, std::max<std::int64_t>(kGrain / per_line, 1), lines);
  return Status::ok;
}

}  // namespace tenon::cpu
#endif
