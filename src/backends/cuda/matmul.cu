// Matrix products of any strides, by tiles in shared memory. (cuBLASLt is to come for the dtypes that it has.) Sums along k
// are formed in one order: results do not depend on the grid. float16 and bfloat16 are summed in float32 and rounded once;
// integers wrap.
#include "backends/cuda/element.h"
#include "backends/cuda/layout.h"
#include "backends/cuda/operations.h"

namespace tenon::cuda {
namespace {

template <class T>
struct Matmul {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = true;
  static constexpr unsigned kTile = 32, kDepth = 16, kEach = kTile * kTile / kThreads;
  using Sum = Computed<T>;
  struct Shared {
    Sum a[kDepth][kTile + 1], b[kDepth][kTile + 1];
  };
  char* c;
  const char *a, *b;
  std::int64_t m, n, k;
  std::int64_t a_strides[2], b_strides[2], c_strides[2];  // in bytes
  std::uint32_t down, across;  // tiles
  Layout<3> batch;

  TENON_KERNEL void operator()(const Thread& t) const {
    Shared& s = t.shared<Shared>();
    const std::uint32_t per_matrix = down * across, matrix = t.block() / per_matrix,
                        tile = t.block() - matrix * per_matrix;
    const std::int64_t row = std::int64_t{tile / across} * kTile, column = std::int64_t{tile % across} * kTile;
    std::int64_t at[3];
    batch.offsets(matrix, at);
    // A thread has kEach elements of one column of the tile.
    const unsigned x = t.thread() % kTile, y = t.thread() / kTile * kEach;
    Sum sum[kEach] = {};
    for (std::int64_t depth = 0; depth < k; depth += kDepth) {
      for (unsigned i = t.thread(); i < kDepth * kTile; i += kThreads) {
        // Neighbouring threads take what lies close: along k or along the matrix's other side.
        const bool a_along = a_strides[1] < a_strides[0], b_along = b_strides[0] < b_strides[1];
        const unsigned ad = a_along ? i % kDepth : i / kTile, ar = a_along ? i / kDepth : i % kTile;
        const unsigned bd = b_along ? i % kDepth : i / kTile, bc = b_along ? i / kDepth : i % kTile;
        s.a[ad][ar] = row + ar < m && depth + ad < k
                          ? load(a + at[1] + (row + ar) * a_strides[0] + (depth + ad) * a_strides[1])
                          : Sum(0);
        s.b[bd][bc] = column + bc < n && depth + bd < k
                          ? load(b + at[2] + (depth + bd) * b_strides[0] + (column + bc) * b_strides[1])
                          : Sum(0);
      }
      t.sync();
      const unsigned steps = k - depth < kDepth ? static_cast<unsigned>(k - depth) : kDepth;
      for (unsigned d = 0; d < steps; ++d)
        for (unsigned e = 0; e < kEach; ++e) sum[e] = static_cast<Sum>(sum[e] + s.a[d][y + e] * s.b[d][x]);
      t.sync();  // before the tiles are overwritten
    }
    for (unsigned e = 0; e < kEach; ++e)
      if (row + y + e < m && column + x < n)
        write(c + at[0] + (row + y + e) * c_strides[0] + (column + x) * c_strides[1], scalar::convert<T>(sum[e]));
  }

 private:
  TENON_KERNEL static Sum load(const char* p) { return scalar::convert<Sum>(read<T>(p)); }
};

template <class T>
void run(const Context& context, const MatmulCall& c) {
  Matmul<T> k;
  k.m = c.m;
  k.n = c.n;
  k.k = c.k;
  for (int i = 0; i < 2; ++i) {
    k.a_strides[i] = c.a_strides[i] * static_cast<std::int64_t>(sizeof(T));
    k.b_strides[i] = c.b_strides[i] * static_cast<std::int64_t>(sizeof(T));
    k.c_strides[i] = c.c_strides[i] * static_cast<std::int64_t>(sizeof(T));
  }
  k.down = static_cast<std::uint32_t>(blocks_for(c.m, k.kTile));
  k.across = static_cast<std::uint32_t>(blocks_for(c.n, k.kTile));
  const std::int64_t per_matrix = std::int64_t{k.down} * k.across;
  if (per_matrix > kMaxBlocks) fail(Status::failed, "the product has more tiles than a grid has blocks");
  pieces<3>(c.batch, 3, [&](const Layout<3>& layout, const std::int64_t* at) {
    k.batch = layout;
    k.c = static_cast<char*>(c.c) + at[0];
    k.a = static_cast<const char*>(c.a) + at[1];
    k.b = static_cast<const char*>(c.b) + at[2];
    launch(context, layout.numel * per_matrix, k);
  });
}

}  // namespace

Status matmul(const Context& context, const MatmulCall& c) {
  if (is_bool(c.dtype) || is_float8(c.dtype)) return Status::unavailable;
  dispatch(c.dtype, [&]<class T>() {
    // Integers wrap to the same bits, signed or not.
    if constexpr (std::is_same_v<T, bool>) return;
    else if constexpr (std::is_integral_v<T>) run<std::make_unsigned_t<T>>(context, c);
    else if constexpr (!is_float8(dtype_of<T>)) run<T>(context, c);
  });
  return Status::ok;
}

}  // namespace tenon::cuda
