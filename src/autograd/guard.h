// The border guard: notices writes from outside tenon, which no version counter sees.
#pragma once

#include <cstdint>
#include <memory>

#include "tenon/tensor.h"

namespace tenon {

// A saved tensor in the list of its storage, while nobody outside can write the bytes.
struct SavedTensor {
  Tensor tensor;
  Ref<Storage> storage;           // whose list it is in, whatever set_data() gives the tensor later
  std::uint64_t fingerprint = 0;  // as soon as somebody can
  SavedTensor *next = nullptr, *previous = nullptr;

  explicit SavedTensor(const Tensor& t);
  ~SavedTensor();
};

namespace guard {

// Whether somebody outside can write t's bytes, or a fingerprint costs less than waiting until somebody can.
bool fingerprint_at_once(const Tensor& t);
// Never 0. Two tensors that differ in one element have different ones.
std::uint64_t fingerprint(const Tensor& t);
// Of a saved tensor: 0 if nobody outside could write so far.
std::uint64_t fingerprint_of(const SavedTensor& saved);

}  // namespace guard
}  // namespace tenon
