// A table of BLAS functions, found at run time.
#pragma once

#include <cstdint>

namespace tenon::cpu {

// CBLAS' enumerators.
enum BlasOrder : int { kRowMajor = 101 };
enum BlasTranspose : int { kNoTrans = 111, kTrans = 112 };

template <class T>
using RealGemm = void (*)(int order, int ta, int tb, int m, int n, int k, T alpha, const T* a, int lda, const T* b,
                          int ldb, T beta, T* c, int ldc);
using ComplexGemm = void (*)(int order, int ta, int tb, int m, int n, int k, const void* alpha, const void* a, int lda,
                             const void* b, int ldb, const void* beta, void* c, int ldc);

struct Blas {
  RealGemm<float> sgemm = nullptr;
  RealGemm<double> dgemm = nullptr;
  ComplexGemm cgemm = nullptr, zgemm = nullptr;
};

// Null where no library was found. The first call looks for one (1 to 25 ms).
const Blas* blas();

// A routine of LAPACK's ("dsyevd") in the same library; null where there is none.
void* lapack_symbol(const char* name);

// Whether the user named the library. Loads nothing.
bool blas_is_asked_for();

// Keeps the library to one thread while it lives: tenon splits a product itself, into pieces that do not wait
// for one another, so that a core that another process holds delays a piece and not all of it.
class BlasSingleThread {
 public:
  explicit BlasSingleThread(bool used = true);  // used: false where nothing will be called, which loads none
  ~BlasSingleThread();
  BlasSingleThread(const BlasSingleThread&) = delete;

 private:
  bool used_;
  int before_ = 0;
};

}  // namespace tenon::cpu
