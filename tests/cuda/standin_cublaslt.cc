// A stand-in for cuBLASLt on the host way: the same C entries, which check what they are told and multiply on the host, in the
// stream's turn. Load it with TENON_CUBLASLT_LIB. It is no test of the library, but of how it is called.
#include <dlfcn.h>

#include <atomic>
#include <complex>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "backends/cuda/cublaslt.h"
#include "tenon/floats.h"
#include "tenon/macros.h"

namespace {

using namespace tenon::cuda::cublaslt;

constexpr Result kOk = 0, kInvalid = 7, kFailed = 13;
std::atomic<int> g_products{0}, g_fail{0};

struct Shape {
  DataType type;
  std::uint64_t rows, columns;
  std::int64_t leading;
  std::int32_t batches = 1;
  std::int64_t batch_stride = 0;
};
struct Operations {
  ComputeType compute;
  DataType scale;
  std::int32_t of[2] = {kAsItIs, kAsItIs};
};
struct Preference {
  std::int64_t workspace = 0;
  std::uint32_t alignment[4] = {256, 256, 256, 256};
};
// What the algorithm of a choice says: the alignment that it was promised.
struct Promise {
  std::uint32_t alignment[4];
};

struct Work {
  Operations operations;
  Shape a, b, c;
  const char *a_data, *b_data;
  char* c_data;
};

std::size_t size_of(DataType t) {
  switch (t) {
    case kReal16:
    case kBfloat16: return 2;
    case kReal32: return 4;
    case kReal64:
    case kComplex32: return 8;
    default: return 16;
  }
}

template <class T, class Sum>
void run(const Work& w) {
  const auto m = static_cast<std::int64_t>(w.c.rows), n = static_cast<std::int64_t>(w.c.columns);
  const auto k = static_cast<std::int64_t>(w.operations.of[0] == kTransposed ? w.a.rows : w.a.columns);
  const auto at = [](const Shape& s, const char* data, std::int64_t batch, std::int64_t i, std::int64_t j, bool turn) {
    const std::int64_t row = turn ? j : i, column = turn ? i : j;
    return reinterpret_cast<const T*>(data) + batch * s.batch_stride + row + column * s.leading;
  };
  for (std::int64_t batch = 0; batch < w.c.batches; ++batch)
    for (std::int64_t j = 0; j < n; ++j)
      for (std::int64_t i = 0; i < m; ++i) {
        Sum sum{};
        for (std::int64_t l = 0; l < k; ++l)
          sum += static_cast<Sum>(*at(w.a, w.a_data, batch, i, l, w.operations.of[0] == kTransposed)) *
                 static_cast<Sum>(*at(w.b, w.b_data, batch, l, j, w.operations.of[1] == kTransposed));
        *const_cast<T*>(at(w.c, w.c_data, batch, i, j, false)) = static_cast<T>(sum);
      }
}

void multiply_now(void* work) {
  Work w;
  std::memcpy(&w, work, sizeof w);
  switch (w.c.type) {
    case kReal16: return run<tenon::half, float>(w);
    case kBfloat16: return run<tenon::bfloat16, float>(w);
    case kReal32: return run<float, float>(w);
    case kReal64: return run<double, double>(w);
    case kComplex32: return run<std::complex<float>, std::complex<float>>(w);
    default: return run<std::complex<double>, std::complex<double>>(w);
  }
}

// Whether the product is one.
bool fits(const Operations& o, const Shape& a, const Shape& b, const Shape& c) {
  const auto rows = [](const Shape& s, int op) { return op == kTransposed ? s.columns : s.rows; };
  const auto columns = [](const Shape& s, int op) { return op == kTransposed ? s.rows : s.columns; };
  for (const Shape* s : {&a, &b, &c})
    if (s->leading < static_cast<std::int64_t>(s->rows) || s->rows == 0 || s->columns == 0 || s->batches < 1)
      return false;
  if (c.batches > 1 && c.batch_stride == 0) return false;
  return a.type == c.type && b.type == c.type && a.batches == c.batches && b.batches == c.batches &&
         rows(a, o.of[0]) == c.rows && columns(b, o.of[1]) == c.columns && columns(a, o.of[0]) == rows(b, o.of[1]);
}

template <class T>
Result set(T& to, const void* value, std::size_t n) {
  if (n != sizeof to) return kInvalid;
  std::memcpy(&to, value, n);
  return kOk;
}

using Give = void (*)(void* stream, void (*f)(void*), const void* bytes, std::size_t n);
Give give() {
  static const auto f = [] {
    void* library = dlopen(std::getenv("TENON_CUDA_LIB"), RTLD_NOW | RTLD_NOLOAD);
    return reinterpret_cast<Give>(dlsym(library ? library : RTLD_DEFAULT, "tenon_cudahost_give"));
  }();
  return f;
}

}  // namespace

extern "C" {

TENON_API int standin_products() { return g_products; }
// So many of the next products fail.
TENON_API void standin_fail(int count) { g_fail = count; }

TENON_API std::size_t cublasLtGetVersion() {
  const char* version = std::getenv("TENON_STANDIN_VERSION");
  return version ? std::strtoull(version, nullptr, 10) : 130100;
}
TENON_API const char* cublasLtGetStatusString(Result r) {
  return r == kInvalid  ? "CUBLAS_STATUS_INVALID_VALUE"
         : r == kFailed ? "CUBLAS_STATUS_EXECUTION_FAILED"
                        : "another one";
}
TENON_API Result cublasLtCreate(Handle* handle) {
  static int one;
  *handle = &one;
  return kOk;
}
TENON_API Result cublasLtMatmulDescCreate(Object* o, ComputeType compute, DataType scale) {
  *o = new Operations{compute, scale};
  return kOk;
}
TENON_API Result cublasLtMatmulDescSetAttribute(Object o, ProductAttribute which, const void* value, std::size_t n) {
  if (which != kOperationA && which != kOperationB) return kInvalid;
  return set(static_cast<Operations*>(o)->of[which - kOperationA], value, n);
}
TENON_API Result cublasLtMatmulDescDestroy(Object o) { return delete static_cast<Operations*>(o), kOk; }
TENON_API Result cublasLtMatrixLayoutCreate(Object* o, DataType type, std::uint64_t rows, std::uint64_t columns,
                                            std::int64_t leading) {
  *o = new Shape{type, rows, columns, leading};
  return kOk;
}
TENON_API Result cublasLtMatrixLayoutSetAttribute(Object o, MatrixAttribute which, const void* value, std::size_t n) {
  auto& s = *static_cast<Shape*>(o);
  if (which == kBatchCount) return set(s.batches, value, n);
  return which == kBatchStride ? set(s.batch_stride, value, n) : kInvalid;
}
TENON_API Result cublasLtMatrixLayoutDestroy(Object o) { return delete static_cast<Shape*>(o), kOk; }
TENON_API Result cublasLtMatmulPreferenceCreate(Object* o) {
  *o = new Preference;
  return kOk;
}
TENON_API Result cublasLtMatmulPreferenceSetAttribute(Object o, PreferenceAttribute which, const void* value,
                                                      std::size_t n) {
  auto& p = *static_cast<Preference*>(o);
  if (which == kMostWorkspace) return set(p.workspace, value, n);
  return which >= kAlignmentA && which <= kAlignmentD ? set(p.alignment[which - kAlignmentA], value, n) : kInvalid;
}
TENON_API Result cublasLtMatmulPreferenceDestroy(Object o) { return delete static_cast<Preference*>(o), kOk; }
TENON_API Result cublasLtMatmulAlgoGetHeuristic(Handle, Object product, Object a, Object b, Object c, Object d,
                                                Object preference, int wanted, Choice* choice, int* found) {
  const auto& p = *static_cast<Preference*>(preference);
  if (!fits(*static_cast<Operations*>(product), *static_cast<Shape*>(a), *static_cast<Shape*>(b),
            *static_cast<Shape*>(c)))
    return kInvalid;
  if (c != d || wanted < 1) return kInvalid;
  Promise promise;
  std::memcpy(promise.alignment, p.alignment, sizeof promise.alignment);
  static_assert(sizeof promise <= sizeof choice->algorithm);
  std::memcpy(choice->algorithm, &promise, sizeof promise);
  choice->workspace = static_cast<std::size_t>(p.workspace < 1000 ? p.workspace : 1000);
  choice->state = kOk;
  *found = 1;
  return kOk;
}
TENON_API Result cublasLtMatmul(Handle, Object product, const void* alpha, const void* a, Object a_shape, const void* b,
                                Object b_shape, const void* beta, const void* c, Object c_shape, void* d,
                                Object d_shape, const void* algorithm, void* workspace, std::size_t workspace_bytes,
                                void* stream) {
  if (int left = g_fail; left > 0 && g_fail.compare_exchange_strong(left, left - 1)) return kFailed;
  const auto& o = *static_cast<Operations*>(product);
  const Work w{o,
               *static_cast<Shape*>(a_shape),
               *static_cast<Shape*>(b_shape),
               *static_cast<Shape*>(c_shape),
               static_cast<const char*>(a),
               static_cast<const char*>(b),
               static_cast<char*>(d)};
  Promise promise;
  std::memcpy(&promise, algorithm, sizeof promise);
  const void* all[] = {a, b, c, d};
  for (int i = 0; i < 4; ++i)
    if (reinterpret_cast<std::uintptr_t>(all[i]) % promise.alignment[i] || promise.alignment[i] < size_of(w.c.type) / 2)
      return kInvalid;
  // The scales, in the dtype of scales: 1 and 0.
  const bool wide = o.scale == kReal64 || o.scale == kComplex64;
  const auto scale = [&](const void* p) {
    return wide ? *static_cast<const double*>(p) : *static_cast<const float*>(p);
  };
  if (scale(alpha) != 1 || scale(beta) != 0 || c != d || c_shape != d_shape || !workspace || workspace_bytes != 1000)
    return kInvalid;
  ++g_products;
  give()(stream, &multiply_now, &w, sizeof w);
  return kOk;
}

}  // extern "C"
