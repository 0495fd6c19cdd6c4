// The BLAS that matrix products run on where it is faster than tenon's own kernels, or where the user names it: on CPUs
// with 512-bit vectors products with few rows or columns, on others all large ones. It is no link-time dependency: a
// library is looked for and loaded at the first such product; without one tenon's own kernels do all of the work.
#pragma once

#include <string>

#include "tenon/macros.h"

namespace tenon::blas {

struct Info {
  std::string name;  // "openblas", "mkl", "blis", "cblas"; "none" where no library was found
  std::string library;  // the path it was loaded from
  std::string config;  // what the library says about itself; without one, what was tried
  int threads;  // that a product may use
};

// Loads the library if that has not happened yet.
TENON_API Info info();

// Loads this file for the symbols of the CBLAS interface with 32-bit integers (cblas_sgemm, or
// scipy_cblas_sgemm); TENON_BLAS_LIB, where set, wins. Throws FileError if the file cannot be used,
// RuntimeError if a library is already in use.
TENON_API void set_library(const std::string& path);

// A function that returns a path to try ("" for none), called at most once, at the first use.
// The order: TENON_BLAS_LIB ("none" for no library), set_library's path, the locator, the names under which
// systems install a BLAS.
TENON_API void set_locator(std::string (*locator)());

}  // namespace tenon::blas
