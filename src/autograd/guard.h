// The border guard: notices writes from outside tenon, which no version counter sees.
#pragma once

#include <cstdint>
#include <memory>

#include "tenon/tensor.h"

namespace tenon {

// What a Saved holds. While nobody outside can write the bytes, it is in their storage's list.
struct SavedTensor {
  Tensor tensor;
  const char* op;
  bool is_output;
  std::uint32_t version;
  Ref<Node> node;                 // an input's
  std::uint64_t fingerprint = 0;  // 0: nobody outside could write so far
  Ref<Storage> storage;           // whose list it is in; resize_() refuses to replace it
  SavedTensor *next = nullptr, *previous = nullptr;

  ~SavedTensor();
};

namespace guard {

std::shared_ptr<const SavedTensor> keep(const Tensor& t, const char* op, bool is_output);
// Throws GradError if the bytes have been written since.
void check(const SavedTensor& saved);
// Never 0. Two tensors that differ in one element have different ones.
std::uint64_t fingerprint(const Tensor& t);

}  // namespace guard
}  // namespace tenon
