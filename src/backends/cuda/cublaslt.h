// The part of cuBLASLt's C interface that is used, with the numbers that its documentation gives ("cuBLAS", section "Using
// the cuBLASLt API", version 13). The headers are not needed, and nothing is linked.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tenon::cuda::cublaslt {

using Result = int;  // cublasStatus_t; 0: it went well
using Handle = void*;
using Object = void*;  // a description of a product or a matrix, or a preference

inline constexpr int kMajorVersion = 13;
inline constexpr Result kNotSupported = 15;

enum ComputeType : int { kCompute32 = 68, kCompute64 = 70 };
enum DataType : int { kReal32 = 0, kReal64 = 1, kReal16 = 2, kComplex32 = 4, kComplex64 = 5, kBfloat16 = 14 };
enum Operation : int { kAsItIs = 0, kTransposed = 1 };
enum ProductAttribute : int { kOperationA = 3, kOperationB = 4 };
enum MatrixAttribute : int { kBatchCount = 5, kBatchStride = 6 };
enum PreferenceAttribute : int { kMostWorkspace = 1, kAlignmentA = 5, kAlignmentB, kAlignmentC, kAlignmentD };

// cublasLtMatmulHeuristicResult_t.
struct Choice {
  std::uint64_t algorithm[8];
  std::size_t workspace;
  Result state;
  float waves;
  int reserved[4];
};

#define TENON_CUBLASLT(X)                                                                                        \
  X(version, "cublasLtGetVersion", std::size_t, ())                                                              \
  X(status_string, "cublasLtGetStatusString", const char*, (Result))                                             \
  X(create, "cublasLtCreate", Result, (Handle*))                                                                 \
  X(product_create, "cublasLtMatmulDescCreate", Result, (Object*, ComputeType, DataType))                        \
  X(product_set, "cublasLtMatmulDescSetAttribute", Result, (Object, ProductAttribute, const void*, std::size_t)) \
  X(product_destroy, "cublasLtMatmulDescDestroy", Result, (Object))                                              \
  X(matrix_create, "cublasLtMatrixLayoutCreate", Result,                                                         \
    (Object*, DataType, std::uint64_t rows, std::uint64_t columns, std::int64_t leading))                        \
  X(matrix_set, "cublasLtMatrixLayoutSetAttribute", Result, (Object, MatrixAttribute, const void*, std::size_t)) \
  X(matrix_destroy, "cublasLtMatrixLayoutDestroy", Result, (Object))                                             \
  X(preference_create, "cublasLtMatmulPreferenceCreate", Result, (Object*))                                      \
  X(preference_set, "cublasLtMatmulPreferenceSetAttribute", Result,                                              \
    (Object, PreferenceAttribute, const void*, std::size_t))                                                     \
  X(preference_destroy, "cublasLtMatmulPreferenceDestroy", Result, (Object))                                     \
  X(choose, "cublasLtMatmulAlgoGetHeuristic", Result,                                                            \
    (Handle, Object product, Object a, Object b, Object c, Object d, Object preference, int wanted, Choice*,     \
     int* found))                                                                                                \
  X(multiply, "cublasLtMatmul", Result,                                                                          \
    (Handle, Object product, const void* alpha, const void* a, Object a_matrix, const void* b, Object b_matrix,  \
     const void* beta, const void* c, Object c_matrix, void* d, Object d_matrix, const void* algorithm,          \
     void* workspace, std::size_t workspace_bytes, void* stream))

struct Table {
#define TENON_ROW(name, symbol, result, parameters) result(*name) parameters;
  TENON_CUBLASLT(TENON_ROW)
#undef TENON_ROW
};

}  // namespace tenon::cuda::cublaslt
