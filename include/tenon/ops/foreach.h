// The same elementwise operation for many tensors, in one call of the backend for each combination of dtypes and devices
// among them: an optimizer's step costs a few calls, not a few for each parameter.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

#include "tenon/operand.h"
#include "tenon/tensor.h"

namespace tenon {

// What stands beside the tensors: a tensor for each, a number for each, or one number for all.
class Each {
 public:
  Each(std::span<const Tensor> tensors) : tensors_(tensors), n_(tensors.size()) {}
  Each(std::span<const Scalar> numbers) : numbers_(numbers), n_(numbers.size()) {}
  Each(const Scalar& number) : number_(number) {}
  bool is_one_number() const { return !n_; }
  std::size_t size() const { return *n_; }
  Operand operator[](std::size_t i) const {
    return !n_ ? Operand(number_) : tensors_.data() ? Operand(tensors_[i]) : Operand(numbers_[i]);
  }

 private:
  std::span<const Tensor> tensors_;
  std::span<const Scalar> numbers_;
  Scalar number_;
  std::optional<std::size_t> n_;
};

// op(self[i], others[0][i], ...) for all i. Throws ValueError where the lists differ in length, and as elementwise().
TENON_API std::vector<Tensor> foreach (Op op, std::span<const Tensor> self, std::initializer_list<Each> others = {});
// The same into self[i]. All tensors are checked before one is written; throws as elementwise_().
TENON_API void foreach_(Op op, std::span<const Tensor> self, std::initializer_list<Each> others = {});

// self[i] + alpha * other[i], self[i] - alpha * other[i].
TENON_API std::vector<Tensor> foreach_add(std::span<const Tensor> self, const Each& other, const Scalar& alpha);
TENON_API std::vector<Tensor> foreach_sub(std::span<const Tensor> self, const Each& other, const Scalar& alpha);
TENON_API void foreach_add_(std::span<const Tensor> self, const Each& other, const Scalar& alpha);
TENON_API void foreach_sub_(std::span<const Tensor> self, const Each& other, const Scalar& alpha);

// As addcmul and addcdiv of ops/activations.h.
TENON_API std::vector<Tensor> foreach_addcmul(std::span<const Tensor> self, const Each& a, const Each& b,
                                              const Each& value);
TENON_API std::vector<Tensor> foreach_addcdiv(std::span<const Tensor> self, const Each& a, const Each& b,
                                              const Each& value);
TENON_API void foreach_addcmul_(std::span<const Tensor> self, const Each& a, const Each& b, const Each& value);
TENON_API void foreach_addcdiv_(std::span<const Tensor> self, const Each& a, const Each& b, const Each& value);

}  // namespace tenon
