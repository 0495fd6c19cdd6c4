// Runs an elementwise call: blocks of operands are packed into the cache where they are not contiguous,
// and the contiguous kernel runs on the blocks.
#include <algorithm>
#include <cstring>

#include "backends/cpu/access.h"
#include "backends/cpu/backend.h"
#include "backends/cpu/cursor.h"
#include "backends/cpu/kernels.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/transpose.h"
#include "backends/cpu/ways.h"

namespace tenon::cpu {

void add_arithmetic_kernels(KernelTable&);
void add_integer_kernels(KernelTable&);
void add_compare_kernels(KernelTable&);
void add_floating_kernels(KernelTable&);
void add_special_kernels(KernelTable&);

const KernelTable& kernels() {
  static const KernelTable* table = [] {
    auto* t = new KernelTable{};
    add_arithmetic_kernels(*t);
    add_integer_kernels(*t);
    add_compare_kernels(*t);
    add_floating_kernels(*t);
    add_special_kernels(*t);
    return t;
  }();
  return *table;
}

namespace {

// Short blocks: a processor reads the operands of the next one while it converts this one. Shorter ones cost calls.
constexpr std::int64_t kBlockBytes = 2048;
// Operands that may lie in memory can be read in steps and asked for some steps ahead.
constexpr std::int64_t kStepBytes = 1024, kAhead = 4096;

bool takes_long(Op op) {
  const Rule rule = info(op).rule;
  return FloatingRules::has(rule) || SpecialRules::has(rule);
}

struct Runner {
  const ElementwiseCall& c;
  Kernel kernel;
  Access access[kMaxOperands];
  DType in_dtype[kMaxOperands];
  std::int64_t widest;  // bytes of the largest element
  std::int64_t row = 0;  // blocks do not reach beyond rows of this length
  std::int64_t tile = 0;  // nor, from the beginning of such a row, beyond as many of them as a block holds
  bool direct = true;  // all operands lie where the kernel reads and writes them
  int ways = 1;  // that this call may go

  explicit Runner(const ElementwiseCall& call, Kernel k) : c(call), kernel(k) {
    widest = size(c.kernel_out);
    for (int i = 1; i <= c.arity; ++i) {
      in_dtype[i] = i == 1 && info(c.op).rule == Rule::select ? DType::bool_ : i == 2 ? c.second : c.compute;
      widest = std::max(widest, size(in_dtype[i]));
      const bool as_is = !c.immediate[i] && c.dtype[i] == in_dtype[i];
      access[i] = as_is && c.loop.numel == 1                 ? Access::direct
                  : c.immediate[i] || is_constant(c.loop, i) ? Access::constant
                  : as_is                                    ? access_of(c.loop, i, size(in_dtype[i]))
                                                             : Access::packed;
    }
    for (int i = 1; i <= c.arity && c.loop.ndim > 1; ++i) {
      if (access[i] != Access::packed) continue;
      if (is_one_row(c.loop, i) && inner() * widest <= kStepBytes) {
        access[i] = Access::tile;
        tile = inner();
      } else if (c.loop.ndim == 2 && c.loop.strides[i][1] == 0 && c.dtype[i] == in_dtype[i] && size(in_dtype[i]) <= 8) {
        access[i] = Access::column;
      }
    }
    access[0] = c.dtype[0] == c.kernel_out ? access_of(c.loop, 0, size(c.kernel_out)) : Access::packed;
    bool packed = false;
    for (int i = 0; i <= c.arity; ++i) {
      direct = direct && access[i] == Access::direct;
      packed = packed || access[i] == Access::packed;
      if (access[i] == Access::row) row = inner();
    }
    if (c.stream_output) ways = 4;
    else if (!packed && takes_long(c.op) && c.loop.numel * widest >= kFarBytes) ways = 2;
  }

  Kind kind() const {
    Kind k{static_cast<int>(c.op), static_cast<int>(c.compute), ways, Kind::size(c.loop.numel), max_threads()};
    for (int i = 0; i <= c.arity; ++i) k.add(static_cast<int>(access[i]));
    return k;
  }

  std::int64_t inner() const { return c.loop.shape[c.loop.ndim - 1]; }
  static std::int64_t size(DType d) { return static_cast<std::int64_t>(itemsize(d)); }

  void run(std::int64_t begin, std::int64_t end, int way) const {
    const bool ask_ahead = way & kAskAhead, stream = way & kStream;
    const void* in[kMaxOperands];
    const std::int64_t out_size = size(c.kernel_out), block = (ask_ahead ? kStepBytes : kBlockBytes) / widest;
    if (direct && way == kPlain) {
      for (int i = 1; i <= c.arity; ++i) in[i - 1] = static_cast<char*>(c.data[i]) + begin * size(in_dtype[i]);
      kernel(in, static_cast<char*>(c.data[0]) + begin * out_size, end - begin);
      return;
    }
    const std::int64_t whole = tile ? block / tile * tile : 0;
    alignas(64) char buffer[kMaxOperands][kBlockBytes];
    Pack pack[kMaxOperands];
    Cursor cursor[kMaxOperands] = {make_cursor(0, begin), make_cursor(1, begin), make_cursor(2, begin),
                                   make_cursor(3, begin)};
    for (int i = 1; i <= c.arity; ++i) {
      pack[i] = Pack(c.immediate[i] ? in_dtype[i] : c.dtype[i], in_dtype[i]);
      if (access[i] == Access::tile) {
        char* to = buffer[i];
        for (std::int64_t r = 0; r < whole; r += tile, to += tile * size(in_dtype[i]))
          pack[i](c.data[i], c.loop.strides[i][c.loop.ndim - 1], to, size(in_dtype[i]), tile);
      }
      if (access[i] != Access::constant) continue;
      const void* value = c.immediate[i] ? static_cast<const void*>(c.value[i]) : c.data[i];
      pack[i](value, 0, buffer[i], size(in_dtype[i]), std::min(block, end - begin));
      in[i - 1] = buffer[i];
    }
    const Pack unpack(c.kernel_out, c.dtype[0]);
    for (std::int64_t at = begin, n; at < end; at += n) {
      n = std::min(block, end - at);
      if (row) n = std::min(n, row - at % row);
      if (tile) n = std::min(n, whole - at % tile);
      for (int i = 1; i <= c.arity; ++i) {
        if (access[i] == Access::packed) {
          cursor[i].advance(n, [&](char* p, std::int64_t stride, std::int64_t done, std::int64_t run) {
            pack[i](p, stride, buffer[i] + done * size(in_dtype[i]), size(in_dtype[i]), run);
          });
          in[i - 1] = buffer[i];
        } else if (access[i] == Access::tile) {
          in[i - 1] = buffer[i] + at % tile * size(in_dtype[i]);
        } else if (access[i] == Access::column) {
          const std::int64_t stride = c.loop.strides[i][0], gone = at % inner();
          fill_rows(static_cast<char*>(c.data[i]) + at / inner() * stride, stride, inner() - gone, inner(), buffer[i],
                    size(in_dtype[i]), n);
          in[i - 1] = buffer[i];
        } else if (access[i] != Access::constant) {
          const char* p = place(i, cursor[i], at, n, size(in_dtype[i]));
          for (std::int64_t k = 0; ask_ahead && k < n * size(in_dtype[i]); k += 64) __builtin_prefetch(p + kAhead + k);
          in[i - 1] = p;
        }
      }
      if (access[0] == Access::packed) {
        kernel(in, buffer[0], n);
        cursor[0].advance(n, [&](char* p, std::int64_t stride, std::int64_t done, std::int64_t run) {
          unpack(buffer[0] + done * out_size, out_size, p, stride, run);
        });
      } else if (stream) {
        kernel(in, buffer[0], n);
        stream_copy(place(0, cursor[0], at, n, out_size), buffer[0], n * out_size);
      } else {
        kernel(in, place(0, cursor[0], at, n, out_size), n);
      }
    }
  }

 private:
  // Where the elements at .. at + n of a direct operand or of one by rows lie.
  char* place(int i, Cursor& cursor, std::int64_t at, std::int64_t n, std::int64_t item) const {
    return access[i] == Access::direct ? static_cast<char*>(c.data[i]) + at * item : cursor.next(n);
  }
  Cursor make_cursor(int i, std::int64_t at) const {
    const bool moves = i <= c.arity && (access[i] == Access::packed || access[i] == Access::row);
    return Cursor(c.loop, moves ? i : 0, static_cast<char*>(c.data[moves ? i : 0]), moves ? at : 0);
  }
};

constexpr std::int64_t kFew = 4096;

template <class T>
void repeat_as(void* to, const void* value, std::int64_t n) {
  T x;
  std::memcpy(&x, value, sizeof x);
  for (std::int64_t i = 0; i < n; ++i)
    std::memcpy(static_cast<char*>(to) + i * static_cast<std::int64_t>(sizeof x), &x, sizeof x);
}
// An element of so many bytes, n times.
void repeat(void* to, const void* value, std::int64_t size, std::int64_t n) {
  switch (size) {
    case 1:
      return static_cast<void>(std::memset(to, *static_cast<const unsigned char*>(value), static_cast<std::size_t>(n)));
    case 2: return repeat_as<std::uint16_t>(to, value, n);
    case 4: return repeat_as<std::uint32_t>(to, value, n);
    case 8: return repeat_as<std::uint64_t>(to, value, n);
    default: return repeat_as<complex128>(to, value, n);
  }
}

// Few elements that lie as the kernel reads and writes them: to plan more would take longer than to compute.
bool run_few(const ElementwiseCall& c, Kernel kernel) {
  if (c.arity > 2 || c.loop.ndim > 1 || c.loop.numel > kFew) return false;
  const DType wanted[] = {c.kernel_out, c.compute, c.second};
  for (int i = 0; i <= c.arity; ++i) {
    if (c.immediate[i] || c.dtype[i] != wanted[i]) return false;
    if (c.loop.ndim == 1 && c.loop.strides[i][0] != Runner::size(wanted[i])) return false;
  }
  const void* in[] = {c.data[1], c.arity > 1 ? c.data[2] : nullptr};
  kernel(in, c.data[0], c.loop.numel);
  return true;
}
// The same with numbers, and of three operands.
[[gnu::noinline]] bool run_few_with_numbers(const ElementwiseCall& c, Kernel kernel) {
  constexpr std::int64_t few_numbers = 32;
  if (c.loop.ndim > 1 || c.loop.numel > few_numbers) return false;
  const DType first = info(c.op).rule == Rule::select ? DType::bool_ : c.compute;
  const DType wanted[kMaxOperands] = {c.kernel_out, first, c.second, c.compute};
  alignas(64) char number[kMaxOperands][few_numbers * 16];
  const void* in[kMaxOperands];
  for (int i = 0; i <= c.arity; ++i) {
    const std::int64_t size = Runner::size(wanted[i]);
    if (c.immediate[i]) {
      repeat(number[i], c.value[i], size, c.loop.numel);
      in[i - 1] = number[i];
      continue;
    }
    if (c.dtype[i] != wanted[i] || (c.loop.ndim == 1 && c.loop.strides[i][0] != size)) return false;
    if (i > 0) in[i - 1] = c.data[i];
  }
  kernel(in, c.data[0], c.loop.numel);
  return true;
}

// As few elements of one number.
bool fill_few(const ElementwiseCall& c) {
  const std::int64_t size = Runner::size(c.dtype[0]);
  if (!c.immediate[1] || c.dtype[1] != c.dtype[0] || c.loop.ndim > 1 || c.loop.numel > kFew) return false;
  if (c.loop.ndim == 1 && c.loop.strides[0][0] != size) return false;
  repeat(c.data[0], c.value[1], size, c.loop.numel);
  return true;
}

}  // namespace

Status elementwise(const ElementwiseCall& c) {
  if (c.op == Op::copy) return copy(c);
  const int op = static_cast<int>(c.op);
  const Kernel kernel = c.arity == 2 && c.second != c.compute
                            ? kernels().mixed[op][mixed_place(c.compute)][mixed_place(c.second)]
                            : kernels().elementwise[op][static_cast<int>(c.compute)];
  if (!kernel) return Status::unavailable;
  if (run_few(c, kernel) || run_few_with_numbers(c, kernel)) return Status::ok;
  const Runner runner(c, kernel);
  if (c.loop.ndim > 1 && elementwise_transposed(c, kernel, runner.in_dtype)) return Status::ok;
  const auto run = [&](int way) {
    parallel_for(c.loop.numel, kGrain, [&](std::int64_t begin, std::int64_t end) { runner.run(begin, end, way); });
  };
  if (runner.ways == 1) {
    run(kPlain);
    return Status::ok;
  }
  Trial trial(ways_of(runner.kind(), runner.ways), c.loop.numel);
  run(trial.way());
  trial.ended();
  return Status::ok;
}

// Copies, casts and fills need no kernel: one pass through the conversion.
Status copy(const ElementwiseCall& c) {
  if (c.loop.ndim > 1 && copy_transposed(c)) return Status::ok;
  if (fill_few(c)) return Status::ok;
  const Pack pack(c.dtype[1], c.dtype[0]);
  const auto in_size = static_cast<std::int64_t>(itemsize(c.dtype[1])),
             out_size = static_cast<std::int64_t>(itemsize(c.dtype[0]));
  if (c.loop.ndim == 0) {
    pack(c.immediate[1] ? c.value[1] : c.data[1], 0, c.data[0], out_size, 1);
    return Status::ok;
  }
  // memcpy itself writes past the cache where that pays.
  const bool may_stream = c.stream_output && c.loop.strides[0][c.loop.ndim - 1] == out_size &&
                          !(c.dtype[0] == c.dtype[1] && c.loop.strides[1][c.loop.ndim - 1] == in_size);
  const auto run = [&](bool stream, const char* in, std::int64_t in_stride, char* out, std::int64_t out_stride,
                       std::int64_t n) {
    if (!stream) return pack(in, in_stride, out, out_stride, n);
    alignas(64) char buffer[kBlockBytes];
    const std::int64_t block = kBlockBytes / out_size;
    for (std::int64_t i = 0; i < n; i += block) {
      const std::int64_t m = std::min(block, n - i);
      pack(in + i * in_stride, in_stride, buffer, out_size, m);
      stream_copy(out + i * out_size, buffer, m * out_size);
    }
  };
  const auto piece = [&](std::int64_t begin, std::int64_t end, bool stream) {
    Cursor to(c.loop, 0, static_cast<char*>(c.data[0]), begin);
    if (c.immediate[1]) {
      const auto* value = reinterpret_cast<const char*>(c.value[1]);
      to.advance(end - begin,
                 [&](char* p, std::int64_t stride, auto, std::int64_t n) { run(stream, value, 0, p, stride, n); });
      return;
    }
    Cursor from(c.loop, 1, static_cast<char*>(c.data[1]), begin);
    to.advance(end - begin, [&](char* p, std::int64_t stride, auto, std::int64_t n) {
      from.advance(n, [&](char* q, std::int64_t q_stride, std::int64_t done, std::int64_t m) {
        run(stream, q, q_stride, p + done * stride, stride, m);
      });
    });
  };
  if (!may_stream) {
    parallel_for(c.loop.numel, kGrain, [&](std::int64_t begin, std::int64_t end) { piece(begin, end, false); });
    return Status::ok;
  }
  const Kind kind{static_cast<int>(Op::copy), static_cast<int>(c.dtype[0]), static_cast<int>(c.dtype[1]),
                  Kind::size(c.loop.numel), max_threads()};
  Trial trial(ways_of(kind, 2), c.loop.numel);
  parallel_for(c.loop.numel, kGrain,
               [&](std::int64_t begin, std::int64_t end) { piece(begin, end, trial.way() == 1); });
  trial.ended();
  return Status::ok;
}

}  // namespace tenon::cpu
