// The border guard: notices writes from outside tenon, which no version counter sees.
#pragma once

#include <cstdint>

#include "tenon/tensor.h"

namespace tenon::guard {

// 0 where the guard is off or nobody outside can write t's bytes: they are neither borrowed from a writeable
// owner nor exported. Otherwise a fingerprint of them.
std::uint64_t fingerprint_if_exposed(const Tensor& t);
// Never 0. Two tensors that differ in one element have different ones.
std::uint64_t fingerprint(const Tensor& t);

}  // namespace tenon::guard
