// Matrix products: by cuBLASLt where it is installed and has the dtype and the layout, else of any strides by tiles. There sums along k are formed in one
// order: results do not depend on the grid. float16 and bfloat16 are summed in float32 and rounded once; integers wrap.
#include "backends/cuda/layout.h"
#include "backends/cuda/matmul_library.h"
#include "backends/cuda/operations.h"
#include "backends/cuda/tiles.cuh"

namespace tenon::cuda {
namespace {

constexpr unsigned kTile = 64;

// Integers are summed in 32 bits at least, which wrap to the same.
template <class T>
using SumOf = std::conditional_t<std::is_integral_v<T> && sizeof(T) <= 4, std::uint32_t, Computed<T>>;

template <class T>
struct Matmul {
  static constexpr unsigned kThreads = kTileThreads;
  static constexpr bool kTogether = true;
  using Sum = SumOf<T>;
  using Shared = TilePair<Sum, kTile>;
  char* c;
  const char *a, *b;
  std::int64_t m, n, k;
  std::int64_t a_strides[2], b_strides[2], c_strides[2];  // in bytes
  std::uint32_t down, across;  // tiles
  Layout<3> batch;

  TENON_KERNEL void operator()(const Thread& t) const {
    const std::uint32_t per_matrix = down * across, matrix = t.block() / per_matrix,
                        tile = t.block() - matrix * per_matrix;
    const std::int64_t row = std::int64_t{tile / across} * kTile, column = std::int64_t{tile % across} * kTile;
    std::int64_t at[3];
    batch.offsets(matrix, at);
    TileSums<Sum, kTile> sums(t);
    // Neighbouring threads take what lies close: along k or along the matrix's other side.
    multiply_tiles<Sum, kTile>(
        t, t.shared<Shared>(), sums, k, a_strides[1] < a_strides[0],
        [&](std::int64_t d, unsigned r) {
          return row + r < m ? load(a + at[1] + (row + r) * a_strides[0] + d * a_strides[1]) : Sum(0);
        },
        b_strides[0] < b_strides[1],
        [&](std::int64_t d, unsigned x) {
          return column + x < n ? load(b + at[2] + d * b_strides[0] + (column + x) * b_strides[1]) : Sum(0);
        });
    for (unsigned i = 0; i < sums.kEach; ++i)
      for (unsigned j = 0; j < sums.kEach; ++j) {
        const std::int64_t r = row + sums.row(i), x = column + sums.column(j);
        if (r < m && x < n) write(c + at[0] + r * c_strides[0] + x * c_strides[1], scalar::convert<T>(sums.sum[i][j]));
      }
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
  k.down = static_cast<std::uint32_t>(blocks_for(c.m, kTile));
  k.across = static_cast<std::uint32_t>(blocks_for(c.n, kTile));
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
  if (c.batch.numel == 0 || multiply_by_library(context, c)) return Status::ok;
  dispatch(c.dtype, [&]<class T>() {
    // Integers wrap to the same bits, signed or not.
    if constexpr (std::is_same_v<T, bool>) return;
    else if constexpr (std::is_integral_v<T>) run<std::make_unsigned_t<T>>(context, c);
    else if constexpr (!is_float8(dtype_of<T>)) run<T>(context, c);
  });
  return Status::ok;
}

}  // namespace tenon::cuda
