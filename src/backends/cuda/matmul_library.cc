// Matrix products by cuBLASLt: floats and complex numbers of layouts that it knows, without a copy. Its matrices lie column by
// column; one that lies row by row is the transpose of such a one.
#include "backends/cuda/matmul_library.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "backends/cuda/cublaslt.h"
#include "backends/cuda/library.h"

namespace tenon::cuda {
namespace {

using namespace cublaslt;

constexpr LibraryName kName{"libcublasLt.so.13", "TENON_CUBLASLT_LIB"};
constexpr std::int64_t kWorkspace = std::int64_t{32} << 20;  // what Hopper's kernels are written for

// Loaded once; null: there is none.
const Table* table() {
  static const Table* const loaded = []() -> const Table* {
    void* library = load_library(kName);
    if (!library) return nullptr;
    static Table t;
#define TENON_ROW(name, symbol, result, parameters) \
  t.name = reinterpret_cast<result(*) parameters>(library_function(library, kName, symbol));
    TENON_CUBLASLT(TENON_ROW)
#undef TENON_ROW
    const std::size_t version = t.version();
    // 130001 is 13.0.1 (110400 was 11.4.0).
    if (const std::size_t major = version / 10000; major != kMajorVersion)
      fail(Status::failed, (std::string("cuBLASLt ") + std::to_string(major) + " was found, and " +
                            std::to_string(kMajorVersion) + " is needed; install nvidia-cublas of that version")
                               .c_str());
    return &t;
  }();
  return loaded;
}

void check(Result r) {
  if (r != 0) fail(Status::failed, (std::string("cuBLASLt: ") + table()->status_string(r)).c_str());
}

// One for each device, which is current. Never destroyed.
Handle handle_of(int device) {
  static std::mutex mutex;
  static auto& handles = *new std::map<int, Handle>;
  const std::lock_guard lock(mutex);
  Handle& h = handles[device];
  if (!h) check(table()->create(&h));
  return h;
}

class Described {
 public:
  explicit Described(Result (*destroy)(Object)) : destroy_(destroy) {}
  ~Described() {
    if (object) (void)destroy_(object);
  }
  Described(const Described&) = delete;
  Object object = nullptr;

 private:
  Result (*destroy_)(Object);
};

struct Types {
  DataType data, scale;
  ComputeType compute;
};
std::optional<Types> types_of(DType d) {
  static constexpr std::pair<DType, Types> all[] = {{DType::float16, {kReal16, kReal32, kCompute32}},
                                                    {DType::bfloat16, {kBfloat16, kReal32, kCompute32}},
                                                    {DType::float32, {kReal32, kReal32, kCompute32}},
                                                    {DType::float64, {kReal64, kReal64, kCompute64}},
                                                    {DType::complex64, {kComplex32, kComplex32, kCompute32}},
                                                    {DType::complex128, {kComplex64, kComplex64, kCompute64}}};
  for (const auto& [dtype, types] : all)
    if (dtype == d) return types;
  return std::nullopt;
}

// An operand, column by column: rows x columns as they lie in memory, of which the product takes the transpose where it says so.
struct Matrix {
  const void* data = nullptr;
  std::int64_t rows = 0, columns = 0, leading = 0, batch_stride = 0;
  bool transposed = false;
};

// None where neither dimension's elements lie side by side, or columns overlap.
std::optional<Matrix> matrix(const void* data, std::int64_t rows, std::int64_t columns, std::int64_t down,
                             std::int64_t across) {
  const auto lies = [](std::int64_t n, std::int64_t step, std::int64_t m, std::int64_t leading) {
    return (n == 1 || step == 1) && (m == 1 || leading >= n);
  };
  if (lies(rows, down, columns, across)) return Matrix{data, rows, columns, columns == 1 ? rows : across, 0, false};
  if (lies(columns, across, rows, down)) return Matrix{data, columns, rows, rows == 1 ? columns : down, 0, true};
  return std::nullopt;
}

// c = a @ b, of which c lies column by column.
struct Product {
  Matrix a, b, c;
  std::int64_t batches = 1;
};

std::optional<Product> product_of(const MatmulCall& m) {
  auto c = matrix(m.c, m.m, m.n, m.c_strides[0], m.c_strides[1]);
  if (!c) return std::nullopt;
  // The transpose of a product is that of the transposes, the other way round.
  const bool turned = c->transposed;
  const auto a = turned ? matrix(m.b, m.n, m.k, m.b_strides[1], m.b_strides[0])
                        : matrix(m.a, m.m, m.k, m.a_strides[0], m.a_strides[1]);
  const auto b = turned ? matrix(m.a, m.k, m.m, m.a_strides[1], m.a_strides[0])
                        : matrix(m.b, m.k, m.n, m.b_strides[0], m.b_strides[1]);
  if (!a || !b) return std::nullopt;
  c->transposed = false;
  Product p{*a, *b, *c, 1};
  // One dimension of batches is the library's; its matrices do not begin within an element.
  const auto size = static_cast<std::int64_t>(itemsize(m.dtype));
  if (m.batch.ndim > 0) {
    const int last = m.batch.ndim - 1;
    const std::int64_t of_c = m.batch.strides[0][last];
    const std::int64_t of_a = m.batch.strides[turned ? 2 : 1][last], of_b = m.batch.strides[turned ? 1 : 2][last];
    if (of_a % size || of_b % size || of_c % size) return std::nullopt;
    p.batches = m.batch.shape[last];
    p.a.batch_stride = of_a / size, p.b.batch_stride = of_b / size, p.c.batch_stride = of_c / size;
  }
  constexpr std::int64_t most = 0x7fffffff;  // the batch count has 32 bits, and kernels count rows with as many
  for (const std::int64_t n : {m.m, m.n, m.k, p.batches, p.a.leading, p.b.leading, p.c.leading})
    if (n > most) return std::nullopt;
  return p;
}

std::uint32_t alignment(const void* p) {
  const auto at = reinterpret_cast<std::uintptr_t>(p);
  return static_cast<std::uint32_t>(std::min<std::uintptr_t>(at & -at ? at & -at : 256, 256));
}

void describe(Described& to, const Matrix& m, DataType type, std::int64_t batches) {
  const Table& t = *table();
  check(t.matrix_create(&to.object, type, static_cast<std::uint64_t>(m.rows), static_cast<std::uint64_t>(m.columns),
                        m.leading));
  const auto count = static_cast<std::int32_t>(batches);
  check(t.matrix_set(to.object, kBatchCount, &count, sizeof count));
  check(t.matrix_set(to.object, kBatchStride, &m.batch_stride, sizeof m.batch_stride));
}

// False, with nothing done, where the library has no algorithm.
bool multiply(const Context& context, const Types& types, const Product& p) {
  const Table& t = *table();
  const Handle handle = handle_of(context.device);
  Described product(t.product_destroy), a(t.matrix_destroy), b(t.matrix_destroy), c(t.matrix_destroy),
      preference(t.preference_destroy);
  check(t.product_create(&product.object, types.compute, types.scale));
  const auto operation = [&](ProductAttribute which, bool transposed) {
    const std::int32_t how = transposed ? kTransposed : kAsItIs;
    check(t.product_set(product.object, which, &how, sizeof how));
  };
  operation(kOperationA, p.a.transposed);
  operation(kOperationB, p.b.transposed);
  describe(a, p.a, types.data, p.batches);
  describe(b, p.b, types.data, p.batches);
  describe(c, p.c, types.data, p.batches);
  check(t.preference_create(&preference.object));
  check(t.preference_set(preference.object, kMostWorkspace, &kWorkspace, sizeof kWorkspace));
  const auto aligned = [&](PreferenceAttribute which, const void* data) {
    const std::uint32_t bytes = alignment(data);
    check(t.preference_set(preference.object, which, &bytes, sizeof bytes));
  };
  aligned(kAlignmentA, p.a.data);
  aligned(kAlignmentB, p.b.data);
  aligned(kAlignmentC, p.c.data);
  aligned(kAlignmentD, p.c.data);
  Choice choice{};
  int found = 0;
  const Result chosen =
      t.choose(handle, product.object, a.object, b.object, c.object, c.object, preference.object, 1, &choice, &found);
  if (chosen == kNotSupported || (chosen == 0 && found == 0)) return false;
  check(chosen);
  const Scratch workspace(context, static_cast<std::int64_t>(choice.workspace));
  // As wide as the widest scale, complex128; a float is its first bytes.
  const double one64[2] = {1, 0}, zero[2] = {0, 0};
  const float one32[2] = {1, 0};
  const void* one = types.compute == kCompute64 ? static_cast<const void*>(one64) : one32;
  check(t.multiply(handle, product.object, one, p.a.data, a.object, p.b.data, b.object, zero, p.c.data, c.object,
                   const_cast<void*>(p.c.data), c.object, choice.algorithm, workspace.get<void>(), choice.workspace,
                   context.stream));
  return true;
}

}  // namespace

bool multiply_by_library(const Context& context, const MatmulCall& call) {
  const auto types = types_of(call.dtype);
  if (!types || !table()) return false;
  MatmulCall one = call;
  // The dimensions of batches but the last are walked here.
  std::int64_t walks = 1;
  for (int d = 0; d + 1 < call.batch.ndim; ++d) walks *= call.batch.shape[d];
  constexpr std::int64_t kMostWalks =
      64;  // beyond, one launch of an own kernel costs less than so many of the library's
  if (walks > kMostWalks) return false;
  std::int64_t at[kMaxDims] = {};
  for (std::int64_t w = 0; w < walks; ++w) {
    std::int64_t offset[3] = {};
    for (int d = 0; d + 1 < call.batch.ndim; ++d)
      for (int i = 0; i < 3; ++i) offset[i] += at[d] * call.batch.strides[i][d];
    one.c = static_cast<char*>(call.c) + offset[0];
    one.a = static_cast<const char*>(call.a) + offset[1];
    one.b = static_cast<const char*>(call.b) + offset[2];
    const auto product = product_of(one);
    if (!product || !multiply(context, *types, *product)) return false;
    for (int d = call.batch.ndim - 2; d >= 0; --d) {
      if (++at[d] < call.batch.shape[d]) break;
      at[d] = 0;
    }
  }
  return true;
}

}  // namespace tenon::cuda
