// Which kernel computes a matrix product, and in which pieces.
#include <unistd.h>

#include <algorithm>
#include <climits>

#include "backends/cpu/backend.h"
#include "backends/cpu/blas.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/products.h"
#include "tenon/threads.h"

namespace tenon::cpu {

void add_gemm_products(ProductTable&);
void add_gemv_products(ProductTable&);
void add_flat_products(ProductTable&);

const ProductTable& products() {
  static const ProductTable* table = [] {
    auto* t = new ProductTable{};
    add_gemm_products(*t);
    add_gemv_products(*t);
    add_flat_products(*t);
    return t;
  }();
  return *table;
}

std::int64_t l2_bytes() {
  static const std::int64_t bytes = [] {
    long found = 0;
#ifdef _SC_LEVEL2_CACHE_SIZE
    found = sysconf(_SC_LEVEL2_CACHE_SIZE);
#endif
    return found > 0 ? std::int64_t{found} : std::int64_t{512} << 10;
  }();
  return bytes;
}

namespace {

using Size = std::int64_t;

// Below this many multiplications the own kernels are faster than a call of a BLAS (64: 177 against 129
// GFLOP/s). With 512-bit vectors they are so again from here on (1024: 171 against 155), unless the result is narrow:
// a tile's edges and packing take too much of the time then.
constexpr double kBlasFrom = 80.0 * 80 * 80;
constexpr double kBlasBelow = 120.0 * 120 * 120;
constexpr Size kNarrow = 16;
// A piece of this many takes some hundred microseconds: worth a thread.
constexpr double kPiece = 8e6;
// Each piece packs its operands anew, so large products are cut into few (1024: 16 pieces cost 15 %, 4 cost 4 %).
constexpr double kLargePiece = 2.5e8;
// Bytes of a matrix that one thread multiplies by a vector.
constexpr Size kVectorPiece = 512 * 1024;

bool blas_has(DType d) {
  return d == DType::float32 || d == DType::float64 || d == DType::complex64 || d == DType::complex128;
}

// A matrix as BLAS takes it: one stride is 1, the other a leading dimension.
struct BlasMatrix {
  int transpose;
  int ld;
};
bool as_blas(Size rows, Size columns, const Size strides[2], BlasMatrix& out) {
  auto fits = [](Size ld, Size least) { return ld >= std::max<Size>(least, 1) && ld <= INT_MAX; };
  if (strides[1] == 1 || columns == 1) {
    const Size ld = rows == 1 ? std::max<Size>(columns, 1) : strides[0];
    if (fits(ld, columns)) {
      out = {kNoTrans, static_cast<int>(ld)};
      return true;
    }
  }
  if (strides[0] == 1 || rows == 1) {
    const Size ld = columns == 1 ? std::max<Size>(rows, 1) : strides[1];
    if (fits(ld, rows)) {
      out = {kTrans, static_cast<int>(ld)};
      return true;
    }
  }
  return false;
}

struct BlasCall {
  const Blas* blas = nullptr;
  BlasMatrix a, b, c;
};

bool blas_is_better(const MatrixProduct& g, double cost) {
  if (cost < kBlasFrom) return false;
  return !products().wide || cost < kBlasBelow || std::min(g.m, g.n) < kNarrow || blas_is_asked_for();
}

// Few rows times a large matrix in rows: the time goes into reading it, and more would go into packing it.
bool is_flat(const MatrixProduct& g, Size itemsize) {
  constexpr Size kBytes = 256 * 1024;  // less is in a near cache, where a BLAS is as fast for some rows
  return g.m <= 16 && g.n >= 128 && g.b_strides[1] == 1 && g.c_strides[1] == 1 &&
         (g.n * g.k * itemsize > kBytes || (g.m <= 4 && g.n * g.k * itemsize > kBytes / 4));
}

bool plan_blas(DType d, const MatrixProduct& g, BlasCall& out) {
  if (!blas_has(d) || std::max({g.m, g.n, g.k}) > INT_MAX) return false;
  if (!as_blas(g.m, g.k, g.a_strides, out.a) || !as_blas(g.k, g.n, g.b_strides, out.b) ||
      !as_blas(g.m, g.n, g.c_strides, out.c) || out.c.transpose == kTrans)
    return false;
  out.blas = blas();
  return out.blas != nullptr;
}

void run_blas(const BlasCall& p, DType d, const MatrixProduct& g) {
  BlasSingleThread guard;
  const int m = static_cast<int>(g.m), n = static_cast<int>(g.n), k = static_cast<int>(g.k);
  auto real = [&]<class T>(RealGemm<T> f) {
    f(kRowMajor, p.a.transpose, p.b.transpose, m, n, k, T(1), static_cast<const T*>(g.a), p.a.ld,
      static_cast<const T*>(g.b), p.b.ld, T(0), static_cast<T*>(g.c), p.c.ld);
  };
  auto complex = [&]<class T>(ComplexGemm f, T one, T zero) {
    f(kRowMajor, p.a.transpose, p.b.transpose, m, n, k, &one, g.a, p.a.ld, g.b, p.b.ld, &zero, g.c, p.c.ld);
  };
  if (d == DType::float32) real(p.blas->sgemm);
  else if (d == DType::float64) real(p.blas->dgemm);
  else if (d == DType::complex64) complex(p.blas->cgemm, complex64(1), complex64(0));
  else complex(p.blas->zgemm, complex128(1), complex128(0));
}

// Rows and columns of the pieces that a product is cut into. They depend on the size alone, and each element
// is summed in one piece: results have the same bits for any number of threads.
struct Grid {
  Size rows, columns;  // of one piece
  Size down, across;
};
// in_tiles: for own kernels, which lose time at a piece's edges.
Grid cut(const MatrixProduct& g, double cost, bool in_tiles) {
  Grid grid{g.m, g.n, 1, 1};
  const Size row_unit = in_tiles ? products().rows : 48, column_unit = in_tiles ? products().columns : 48;
  const double pieces = std::min(cost / kPiece, std::clamp(cost / kLargePiece, 2.0, 16.0));
  // Halving the longer side keeps what each piece reads small.
  while (static_cast<double>(grid.down * grid.across) * 2 <= pieces) {
    if (grid.rows < 64 && grid.columns < 64) break;
    const bool down = grid.rows >= grid.columns;
    Size& side = down ? grid.rows : grid.columns;
    const Size unit = down ? row_unit : column_unit;
    side = ((side + 1) / 2 + unit - 1) / unit * unit;
    grid.down = (g.m + grid.rows - 1) / grid.rows;
    grid.across = (g.n + grid.columns - 1) / grid.columns;
  }
  return grid;
}

MatrixProduct piece_of(const MatrixProduct& g, const Grid& grid, Size i, Size itemsize) {
  const Size row = i / grid.across * grid.rows, column = i % grid.across * grid.columns;
  MatrixProduct p = g;
  p.a = static_cast<const char*>(g.a) + row * g.a_strides[0] * itemsize;
  p.b = static_cast<const char*>(g.b) + column * g.b_strides[1] * itemsize;
  p.c = static_cast<char*>(g.c) + (row * g.c_strides[0] + column * g.c_strides[1]) * itemsize;
  p.m = std::min(grid.rows, g.m - row);
  p.n = std::min(grid.columns, g.n - column);
  return p;
}

MatrixProduct transposed(const MatrixProduct& g) {
  MatrixProduct t{g.b, g.a, g.c, g.n, g.m, g.k, {}, {}, {}};
  for (int i = 0; i < 2; ++i) {
    t.a_strides[i] = g.b_strides[1 - i];
    t.b_strides[i] = g.a_strides[1 - i];
    t.c_strides[i] = g.c_strides[1 - i];
  }
  return t;
}

MatrixProduct at_batch(const MatrixProduct& g, const Loop& batch, Size i) {
  MatrixProduct p = g;
  for (int d = batch.ndim - 1; d >= 0; --d) {
    const Size index = i % batch.shape[d];
    i /= batch.shape[d];
    p.c = static_cast<char*>(p.c) + index * batch.strides[0][d];
    p.a = static_cast<const char*>(p.a) + index * batch.strides[1][d];
    p.b = static_cast<const char*>(p.b) + index * batch.strides[2][d];
  }
  return p;
}

}  // namespace

Status matmul(const MatmulCall& call) {
  const DType d = call.dtype;
  Product gemm = products().gemm[static_cast<int>(d)];
  const Product gemv = products().gemv[static_cast<int>(d)];
  if (!gemm) return Status::unavailable;
  MatrixProduct g{call.a,
                  call.b,
                  call.c,
                  call.m,
                  call.n,
                  call.k,
                  {call.a_strides[0], call.a_strides[1]},
                  {call.b_strides[0], call.b_strides[1]},
                  {call.c_strides[0], call.c_strides[1]}};
  const Size itemsize = static_cast<Size>(tenon::itemsize(d));
  const Size batches = call.batch.numel;
  const double parts = is_complex(d) ? 4 : 1;
  const double cost = static_cast<double>(g.m) * static_cast<double>(g.n) * static_cast<double>(g.k) * parts;
  Loop batch = call.batch;

  BlasCall blas_call;
  Grid grid{g.m, g.n, 1, 1};
  if (const Product flat = products().flat[static_cast<int>(d)]; flat && is_flat(g, itemsize)) {
    gemm = flat;
    const Size pieces = std::clamp<Size>(g.n * g.k * itemsize / kVectorPiece, 1, 16);
    const Size columns = ((g.n + pieces - 1) / pieces + 63) / 64 * 64;
    if (num_threads() > 1) grid = {g.m, columns, 1, (g.n + columns - 1) / columns};
  } else if (g.m == 1 || g.n == 1) {
    if (g.n != 1) {
      g = transposed(g);
      std::swap(batch.strides[1], batch.strides[2]);
    }
    gemm = gemv;
    const Size pieces = std::clamp<Size>(g.m * g.k * itemsize / kVectorPiece, 1, 16);
    const Size rows = ((g.m + pieces - 1) / pieces + 63) / 64 * 64;
    grid = {rows, 1, (g.m + rows - 1) / rows, 1};
  } else if (blas_is_better(g, cost) && plan_blas(d, g, blas_call)) {
    grid = cut(g, cost, false);
  } else {
    // Vectors run along the longer side of a narrow result.
    if (g.n < 8 && g.m > g.n) {
      g = transposed(g);
      std::swap(batch.strides[1], batch.strides[2]);
    }
    // Here a piece's edges make no difference to the bits: one thread needs no pieces.
    if (num_threads() > 1) grid = cut(g, cost, is_differentiable(d));
  }

  const Size pieces = grid.down * grid.across, total = pieces * batches;
  auto run = [&](Size i) {
    MatrixProduct p = batches == 1 ? g : at_batch(g, batch, i / pieces);
    if (pieces > 1) p = piece_of(p, grid, i % pieces, itemsize);
    blas_call.blas ? run_blas(blas_call, d, p) : gemm(p);
  };
  if (total == 0) return Status::ok;
  if (total == 1) {
    run(0);
    return Status::ok;
  }
  // Many small products make one task.
  const double each = std::max({cost, static_cast<double>(g.m * g.k * itemsize), 1.0}) / static_cast<double>(pieces);
  const Size group = std::clamp<Size>(static_cast<Size>(kPiece / 4 / each), 1, total);
  parallel_tasks((total + group - 1) / group, [&](Size t) {
    for (Size i = t * group; i < std::min(total, (t + 1) * group); ++i) run(i);
  });
  return Status::ok;
}

}  // namespace tenon::cpu
