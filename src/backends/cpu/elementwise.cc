// Runs an elementwise call: blocks of operands are packed into the cache where they are not contiguous,
// and the contiguous kernel runs on the blocks.
#include <algorithm>
#include <cstring>

#include "backends/cpu/backend.h"
#include "backends/cpu/cursor.h"
#include "backends/cpu/kernels.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/transpose.h"

namespace tenon::cpu {

void add_arithmetic_kernels(KernelTable&);
void add_integer_kernels(KernelTable&);
void add_compare_kernels(KernelTable&);
void add_floating_kernels(KernelTable&);
void add_special_kernels(KernelTable&);
void add_cast_kernels(KernelTable&);

const KernelTable& kernels() {
  static const KernelTable* table = [] {
    auto* t = new KernelTable{};
    add_arithmetic_kernels(*t);
    add_integer_kernels(*t);
    add_compare_kernels(*t);
    add_floating_kernels(*t);
    add_special_kernels(*t);
    add_cast_kernels(*t);
    return t;
  }();
  return *table;
}

namespace {

// Four blocks of 8 KB fit into every L1 cache.
constexpr std::int64_t kBlockBytes = 8192;

// How an operand reaches the kernel.
enum class Access : std::uint8_t {
  direct,    // where it lies
  constant,  // one value, repeated in a block
  packed     // through a block, converted and gathered (or scattered)
};

bool is_contiguous(const Loop& loop, int operand, std::int64_t size) {
  return loop.ndim == 0 || (loop.ndim == 1 && loop.strides[operand][0] == size);
}
bool is_constant(const Loop& loop, int operand) {
  for (int d = 0; d < loop.ndim; ++d)
    if (loop.strides[operand][d] != 0) return false;
  return true;
}

struct Runner {
  const ElementwiseCall& c;
  Kernel kernel;
  Access access[kMaxOperands];
  DType in_dtype[kMaxOperands];
  std::int64_t block;

  explicit Runner(const ElementwiseCall& call, Kernel k) : c(call), kernel(k) {
    std::size_t widest = itemsize(c.kernel_out);
    for (int i = 1; i <= c.arity; ++i) {
      in_dtype[i] = i == 1 && info(c.op).rule == Rule::select ? DType::bool_ : c.compute;
      widest = std::max(widest, itemsize(in_dtype[i]));
      access[i] =
          c.immediate[i] || is_constant(c.loop, i) ? Access::constant
          : c.dtype[i] == in_dtype[i] && is_contiguous(c.loop, i, static_cast<std::int64_t>(itemsize(c.dtype[i])))
              ? Access::direct
              : Access::packed;
      if (c.loop.numel == 1 && !c.immediate[i] && c.dtype[i] == in_dtype[i]) access[i] = Access::direct;
    }
    access[0] =
        c.dtype[0] == c.kernel_out && is_contiguous(c.loop, 0, static_cast<std::int64_t>(itemsize(c.kernel_out)))
            ? Access::direct
            : Access::packed;
    block = kBlockBytes / static_cast<std::int64_t>(widest);
  }

  bool all_direct() const {
    for (int i = 0; i <= c.arity; ++i)
      if (access[i] != Access::direct) return false;
    return !c.stream_output;
  }

  void run(std::int64_t begin, std::int64_t end) const {
    alignas(64) char buffer[kMaxOperands][kBlockBytes];
    const std::int64_t out_size = static_cast<std::int64_t>(itemsize(c.kernel_out));
    const void* in[kMaxOperands];
    if (all_direct()) {
      for (int i = 1; i <= c.arity; ++i)
        in[i - 1] = static_cast<char*>(c.data[i]) + begin * static_cast<std::int64_t>(itemsize(in_dtype[i]));
      kernel(in, static_cast<char*>(c.data[0]) + begin * out_size, end - begin);
      return;
    }
    const Pack(&cast)[kDTypes][kDTypes] = kernels().cast;
    Cursor cursor[kMaxOperands] = {make_cursor(0, begin), make_cursor(1, begin), make_cursor(2, begin),
                                   make_cursor(3, begin)};
    const std::int64_t n_max = std::min(block, end - begin);
    for (int i = 1; i <= c.arity; ++i) {
      if (access[i] != Access::constant) continue;
      const void* value = c.immediate[i] ? static_cast<const void*>(c.value[i]) : c.data[i];
      const DType from = c.immediate[i] ? in_dtype[i] : c.dtype[i];
      cast[static_cast<int>(from)][static_cast<int>(in_dtype[i])](
          value, 0, buffer[i], static_cast<std::int64_t>(itemsize(in_dtype[i])), n_max);
      in[i - 1] = buffer[i];
    }
    for (std::int64_t at = begin; at < end; at += block) {
      const std::int64_t n = std::min(block, end - at);
      for (int i = 1; i <= c.arity; ++i) {
        const auto size = static_cast<std::int64_t>(itemsize(in_dtype[i]));
        if (access[i] == Access::direct) {
          in[i - 1] = static_cast<char*>(c.data[i]) + at * size;
        } else if (access[i] == Access::packed) {
          const Pack pack = cast[static_cast<int>(c.dtype[i])][static_cast<int>(in_dtype[i])];
          cursor[i].advance(n, [&](char* p, std::int64_t stride, std::int64_t done, std::int64_t run) {
            pack(p, stride, buffer[i] + done * size, size, run);
          });
          in[i - 1] = buffer[i];
        }
      }
      if (access[0] == Access::direct) {
        char* out = static_cast<char*>(c.data[0]) + at * out_size;
        if (c.stream_output) {
          kernel(in, buffer[0], n);
          stream_copy(out, buffer[0], n * out_size);
        } else {
          kernel(in, out, n);
        }
      } else {
        kernel(in, buffer[0], n);
        const Pack unpack = cast[static_cast<int>(c.kernel_out)][static_cast<int>(c.dtype[0])];
        cursor[0].advance(n, [&](char* p, std::int64_t stride, std::int64_t done, std::int64_t run) {
          unpack(buffer[0] + done * out_size, out_size, p, stride, run);
        });
      }
    }
  }

  Cursor make_cursor(int i, std::int64_t at) const {
    return Cursor(c.loop, i <= c.arity && access[i] == Access::packed ? i : 0,
                  static_cast<char*>(c.data[i <= c.arity ? i : 0]),
                  i <= c.arity && access[i] == Access::packed ? at : 0);
  }
};

}  // namespace

int elementwise(int, const ElementwiseCall& c) {
  if (c.op == Op::copy) return copy(c);
  const Kernel kernel = kernels().elementwise[static_cast<int>(c.op)][static_cast<int>(c.compute)];
  if (!kernel) return kUnavailable;
  const Runner runner(c, kernel);
  if (c.loop.ndim > 1 && elementwise_transposed(c, kernel, runner.in_dtype)) return kOk;
  parallel_for(c.loop.numel, kGrain, [&](std::int64_t begin, std::int64_t end) { runner.run(begin, end); });
  return kOk;
}

// Copies, casts and fills need no kernel: one pass through the conversion.
int copy(const ElementwiseCall& c) {
  if (c.loop.ndim > 1 && copy_transposed(c)) return kOk;
  const Pack cast = kernels().cast[static_cast<int>(c.dtype[1])][static_cast<int>(c.dtype[0])];
  const std::int64_t in_size = static_cast<std::int64_t>(itemsize(c.dtype[1]));
  const std::int64_t out_size = static_cast<std::int64_t>(itemsize(c.dtype[0]));
  char* in =
      c.immediate[1] ? const_cast<char*>(reinterpret_cast<const char*>(c.value[1])) : static_cast<char*>(c.data[1]);
  char* out = static_cast<char*>(c.data[0]);
  const bool constant = c.immediate[1];
  parallel_for(c.loop.numel, kGrain, [&](std::int64_t begin, std::int64_t end) {
    Cursor to(c.loop, 0, out, begin);
    if (constant) {
      to.advance(end - begin,
                 [&](char* p, std::int64_t stride, std::int64_t, std::int64_t run) { cast(in, 0, p, stride, run); });
      return;
    }
    Cursor from(c.loop, 1, in, begin);
    const int inner = c.loop.ndim - 1;
    if (inner < 0) {
      cast(in, in_size, out, out_size, 1);
      return;
    }
    to.advance(end - begin, [&](char* p, std::int64_t stride, std::int64_t, std::int64_t run) {
      from.advance(run, [&](char* q, std::int64_t q_stride, std::int64_t done, std::int64_t m) {
        cast(q, q_stride, p + done * stride, stride, m);
      });
    });
  });
  return kOk;
}

}  // namespace tenon::cpu
