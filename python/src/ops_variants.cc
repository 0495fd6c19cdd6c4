// Rows: what PyTorch has by further names: bounds one by one, parts along one dimension, sizes and strides, questions.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/errors.h"
#include "in_place.h"
#include "op.h"
#include "plan/loop.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/elementwise/special.h"
#include "tenon/ops.h"

namespace tenon::py {
namespace {

using MaybeDType = std::optional<DType>;
using MaybeDevice = std::optional<Device>;

Tensor clamp_min(const Operand& x, const Operand& low) { return clamp(x, low, {}); }
Tensor clamp_max(const Operand& x, const Operand& high) { return clamp(x, {}, high); }
Tensor& clamp_min_(Tensor& t, const Operand& low) { return clamp_(t, low, {}); }
Tensor& clamp_max_(Tensor& t, const Operand& high) { return clamp_(t, {}, high); }

Tensor strided(const Dims& size, const Dims& stride, DType dtype, Device device) {
  std::int64_t reach = 1;
  if (size.size() != stride.size())
    errors::fail("empty_strided", "size and stride have one length; got ", size, " and ", stride);
  for (int i = 0; i < size.size(); ++i) {
    if (size[i] < 0) errors::negative_size("empty_strided", size);
    if (stride[i] < 0) errors::fail("empty_strided", "strides must not be negative; got ", stride);
    reach += std::max<std::int64_t>(size[i] - 1, 0) * stride[i];
  }
  return as_strided(empty({size.product() == 0 ? 0 : reach}, dtype, device), size, stride, 0);
}

Tensor permuted(const Dims& size, const Dims& physical, const MaybeDType& dtype, Device device, bool grad) {
  Dims laid(size.size(), 0), back(size.size(), 0);
  const Dims order = normalize_axes("empty_permuted", physical, size.size());
  if (order.size() != size.size())
    errors::fail("empty_permuted", "physical_layout names each dimension once; got ", physical, " for size ", size);
  for (int i = 0; i < order.size(); ++i) {
    laid[i] = size[static_cast<int>(order[i])];
    back[static_cast<int>(order[i])] = i;
  }
  return leaf(permute(empty(laid, dtype.value_or(default_float()), device), back), grad);
}

// The sum over what broadcasting to t's shape has repeated.
Tensor sum_to_size(const Tensor& t, const Dims& size) {
  const int more = t.ndim() - size.size();
  Dims axes, shape = t.shape();
  for (int i = 0; i < t.ndim(); ++i) {
    const std::int64_t wanted = i < more ? 1 : size[i - more];
    if (more < 0 || (wanted != 1 && wanted != shape[i]))
      errors::fail<ShapeError>("sum_to_size", "a tensor of shape ", size, " does not broadcast to ", t.shape());
    if (i < more || (wanted == 1 && shape[i] != 1)) axes.push_back(i);
  }
  if (more < 0)
    errors::fail<ShapeError>("sum_to_size", "a tensor of shape ", size, " does not broadcast to ", t.shape());
  return axes.empty() ? t : reshape(sum(t, axes, true, t.dtype()), size);
}

Tensor nonzero_static(const Tensor& t, std::int64_t size, std::int64_t fill_value) {
  if (size < 0) errors::fail("nonzero_static", "size must not be negative; got ", size);
  const Tensor found = nonzero(t);
  const std::int64_t n = std::min(size, found.size(0));
  if (n == size) return narrow(found, 0, 0, n);
  const Tensor parts[] = {found, full({size - n, t.ndim()}, fill_value, DType::int64, t.device())};
  return cat(parts, 0);
}

bool is_nonzero(const Tensor& t) {
  if (t.numel() != 1) errors::fail("is_nonzero", "one element is needed; got shape ", t.shape());
  return t.item().to<bool>();
}

Tensor inclusive_range(const Scalar& start, const Scalar& end, const Scalar& step, const MaybeDType& dtype,
                       Device device, bool grad) {
  const double from = start.to<double>(), to_end = end.to<double>(), by = step.to<double>();
  if (by == 0) errors::fail("range", "step must not be 0");
  if ((to_end - from) / by < 0) errors::fail("range", "step leads away from end; got ", from, ", ", to_end, ", ", by);
  const auto n = static_cast<std::int64_t>(std::floor((to_end - from) / by)) + 1;
  const Tensor places = arange(0, n, 1, DType::float64, device);
  return leaf(to(add(mul(places, by), from), dtype.value_or(default_float())), grad);
}

// log of the multivariate gamma function of dimension p: the sum of lgamma(x - i / 2), and a constant.
Tensor mvlgamma(const Tensor& t, std::int64_t p) {
  if (p < 1) errors::fail("mvlgamma", "p must be 1 or more; got ", p);
  const Tensor x = is_differentiable(t.dtype()) ? t : to(t, default_float());
  const double constant = static_cast<double>(p * (p - 1)) / 4 * std::log(std::numbers::pi);
  Tensor y = full({}, constant, x.dtype(), x.device());
  for (std::int64_t i = 0; i < p; ++i) y = add(y, lgamma(sub(x, static_cast<double>(i) / 2)));
  return y;
}
Tensor float_power_of(const Tensor& t, const Operand& exponent) {
  if (t.dtype() != DType::float64 && t.dtype() != DType::complex128)
    errors::dtype_not_supported("float_power_", t.dtype(), "float64 and complex128, in which it computes");
  return float_power(t, exponent);
}

constexpr const char* kInPlace =
    "RuntimeError for a leaf that requires grad and for elements that share memory, ValueError for read-only memory and\n"
    "for shapes that do not broadcast. TypeError for complex numbers and float8.\n\n";
void def_bounds(Ops& ops) {
  ops.def("clamp_min", &clamp_min,
          "The elements, those below min raised to it.\n\n"
          "min: a number or a tensor that broadcasts. A new tensor; NaN stays. ValueError for shapes that do not\n"
          "broadcast, TypeError for complex numbers and float8.\n\n"
          ">>> tenon.clamp_min(tenon.tensor([-2, 5]), 0)\n"
          "tensor([0, 5])",
          "input"_a, "min"_a);
  ops.def("clamp_max", &clamp_max,
          "The elements, those above max lowered to it.\n\n"
          "max: a number or a tensor that broadcasts. A new tensor; NaN stays. ValueError for shapes that do not\n"
          "broadcast, TypeError for complex numbers and float8.\n\n"
          ">>> tenon.clamp_max(tenon.tensor([-2, 5]), 0)\n"
          "tensor([-2,  0])",
          "input"_a, "max"_a);
  ops.def("clamp_min_", &clamp_min_,
          (std::string("Raises the elements below min to it, in place; returns the tensor.\n\n"
                       "min: a number or a tensor that broadcasts. ") +
           kInPlace + ">>> tenon.tensor([-2, 5]).clamp_min_(0)\ntensor([0, 5])")
              .c_str(),
          "input"_a, "min"_a)
      .method_only();
  ops.def("clamp_max_", &clamp_max_,
          (std::string("Lowers the elements above max to it, in place; returns the tensor.\n\n"
                       "max: a number or a tensor that broadcasts. ") +
           kInPlace + ">>> tenon.tensor([-2, 5]).clamp_max_(0)\ntensor([-2,  0])")
              .c_str(),
          "input"_a, "max"_a)
      .method_only();
}

void def_parts(Ops& ops) {
  ops.def(
      "split_with_sizes", +[](const Tensor& t, const Dims& sizes, std::int64_t dim) { return split(t, sizes, dim); },
      "Views of these sizes, one after the other, along dim.\n\n"
      "split_sizes: ints that add up to the size of dim (ValueError). IndexError for a dimension that is not there.\n\n"
      ">>> tenon.split_with_sizes(tenon.arange(3), [1, 2])\n"
      "(tensor([0]), tensor([1, 2]))",
      "input"_a, "split_sizes"_a, "dim"_a = 0);
  ops.def(
      "narrow_copy",
      +[](const Tensor& t, std::int64_t dim, std::int64_t start, std::int64_t length) {
        return clone(narrow(t, dim, start, length));
      },
      "A copy of length elements along dim, from start on.\n\n"
      "start, length: ints. IndexError for a dimension and for elements that are not there.\n\n"
      ">>> tenon.narrow_copy(tenon.arange(4), 0, 1, 2)\n"
      "tensor([1, 2])",
      "input"_a, "dim"_a, "start"_a, "length"_a);
}

void def_creating(Ops& ops) {
  ops.def(
         "empty_strided",
         +[](const Dims& size, const Dims& stride, const MaybeDType& d, Device v, bool grad) {
           return leaf(strided(size, stride, d.value_or(default_float()), v), grad);
         },
         "A new tensor of this size and these strides, not set.\n\n"
         "size: ints. stride: ints, in elements. ValueError for negative numbers and for another number of strides,\n"
         "RuntimeError for requires_grad of integers and bools.\n\n"
         ">>> tenon.empty_strided((2, 3), (1, 2)).stride()\n"
         "(1, 2)",
         "size"_a, "stride"_a, kw_only, "dtype"_a = none, "device"_a = none, "requires_grad"_a = false)
      .function_only()
      .no_out();
  ops.def(
         "new_empty_strided",
         +[](const Tensor& t, const Dims& size, const Dims& stride, const MaybeDType& d, const MaybeDevice& v,
             bool grad) { return leaf(strided(size, stride, d.value_or(t.dtype()), v.value_or(t.device())), grad); },
         "A new tensor of this size and these strides, not set, of this tensor's dtype and device unless others are given.\n\n"
         "size: ints. stride: ints, in elements. ValueError for negative numbers and for another number of strides,\n"
         "RuntimeError for requires_grad of integers and bools.\n\n"
         ">>> tenon.zeros(1).new_empty_strided((2, 3), (1, 2)).stride()\n"
         "(1, 2)",
         "input"_a, "size"_a, "stride"_a, kw_only, "dtype"_a = none, "device"_a = none, "requires_grad"_a = false)
      .method_only()
      .no_out();
  ops.def(
         "empty_permuted", &permuted,
         "A new tensor of this size, not set, whose dimensions lie in memory in the given order.\n\n"
         "size: ints. physical_layout: ints, the dimensions from the outermost to the innermost. ValueError unless it names\n"
         "each once, IndexError for a dimension that is not there, RuntimeError for requires_grad of integers and bools.\n\n"
         ">>> tenon.empty_permuted((2, 3), (1, 0)).stride()\n"
         "(1, 2)",
         "size"_a, "physical_layout"_a, kw_only, "dtype"_a = none, "device"_a = none, "requires_grad"_a = false)
      .function_only()
      .no_out();
  ops.def(
         "range", &inclusive_range,
         "start, start + step, ... up to end, which is included where a step meets it.\n\n"
         "As PyTorch's, which advises arange(). start, end, step: numbers. A new tensor. ValueError for a step of 0 and\n"
         "for one that leads away from end.\n\n"
         ">>> tenon.range(1, 4)\n"
         "tensor([1., 2., 3., 4.])",
         "start"_a, "end"_a, "step"_a = 1, kw_only, "dtype"_a = none, "device"_a = none, "requires_grad"_a = false)
      .function_only();
  ops.def(
         "scalar_tensor",
         +[](const Scalar& s, const MaybeDType& d, Device v, bool grad) {
           return leaf(full({}, s, d.value_or(default_float()), v), grad);
         },
         "A 0-d tensor of a number.\n\n"
         "s: a number. dtype: the default float unless given. A new tensor. TypeError for a complex number in another dtype,\n"
         "OverflowError for an integer that the dtype cannot hold.\n\n"
         ">>> tenon.scalar_tensor(3)\n"
         "tensor(3.)",
         "s"_a, kw_only, "dtype"_a = none, "device"_a = none, "requires_grad"_a = false)
      .function_only()
      .no_out();
}

}  // namespace

void def_variants(Ops& ops) {
  def_bounds(ops);
  def_parts(ops);
  def_creating(ops);
  ops.def(
         "rsub", +[](const Tensor& t, const Operand& other, const Scalar& alpha) { return sub(other, mul(t, alpha)); },
         "other - alpha * input.\n\n"
         "other: a number or a tensor that broadcasts. alpha: a number. A new tensor. ValueError for shapes that do not\n"
         "broadcast.\n\n"
         ">>> tenon.rsub(tenon.tensor([1, 2]), 10)\n"
         "tensor([9, 8])",
         "input"_a, "other"_a, kw_only, "alpha"_a = 1)
      .function_only();
  ops.def(
         "sum_to_size", &sum_to_size,
         "The sum over the elements that broadcasting from this size to the tensor's would repeat.\n\n"
         "size: ints, or a tuple of them. A new tensor, or the tensor itself where nothing is added. ValueError for a size that does not\n"
         "broadcast to it.\n\n"
         ">>> tenon.ones(2, 3).sum_to_size(1, 3)\n"
         "tensor([[2., 2., 2.]])",
         "input"_a, variadic("size"_a))
      .method_only();
  ops.def(
         "resize_as_", +[](Tensor& t, const Tensor& other) -> Tensor& { return resize_(t, other.shape()); },
         "Changes the shape in place to other's, as resize_(); returns the tensor.\n\n"
         "other: a tensor. New elements are not set. ValueError for read-only memory, BufferError while another tensor or array sees the memory,\n"
         "RuntimeError for borrowed memory and for a tensor that requires grad.\n\n"
         ">>> tenon.zeros(2).resize_as_(tenon.zeros(2, 2)).shape\n"
         "(2, 2)",
         "input"_a, "other"_a)
      .method_only();
  ops.def("mvlgamma", &mvlgamma,
          "The logarithm of the multivariate gamma function of dimension p.\n\n"
          "p: the dimension, from 1 on (ValueError). A new tensor; integers become the default float. TypeError for\n"
          "complex numbers and float8.\n\n"
          ">>> tenon.mvlgamma(tenon.tensor([2.0]), 2)\n"
          "tensor([0.4516])",
          "input"_a, "p"_a);
  ops.def(
         "mvlgamma_", &in_place<&mvlgamma, std::int64_t>,
         "The logarithm of the multivariate gamma function of dimension p, in place; returns the tensor.\n\n"
         "p: the dimension, from 1 on. TypeError for integers, complex numbers and float8, ValueError for another p and\n"
         "for read-only memory, RuntimeError for a leaf that requires grad and for elements that share memory.\n\n"
         ">>> tenon.tensor([2.0]).mvlgamma_(2)\n"
         "tensor([0.4516])",
         "input"_a, "p"_a)
      .method_only();
  ops.def(
         "float_power_", &in_place<&float_power_of, const Operand&>,
         "The tensor to a power, in place; returns it. It computes in float64, or complex128.\n\n"
         "exponent: a number or a tensor that broadcasts. TypeError for a tensor of another dtype, ValueError for shapes\n"
         "that do not broadcast and for read-only memory, RuntimeError for a leaf that requires grad and for elements\n"
         "that share memory.\n\n"
         ">>> tenon.tensor([2.0], dtype=tenon.float64).float_power_(3)\n"
         "tensor([8.], dtype=tenon.float64)",
         "input"_a, "exponent"_a)
      .method_only();
  ops.def(
      "nonzero_static", &nonzero_static,
      "The indices of the elements that are not zero, as many as size says.\n\n"
      "size: an int, how many; missing ones are fill_value. A new tensor of shape (size, ndim), int64. ValueError for a\n"
      "negative size.\n\n"
      ">>> tenon.nonzero_static(tenon.tensor([0, 5]), size=2)\n"
      "tensor([[ 1],\n"
      "        [-1]])",
      "input"_a, kw_only, "size"_a, "fill_value"_a = -1);
  ops.def("is_nonzero", &is_nonzero,
          "Whether the only element is not zero.\n\n"
          "ValueError for another number of elements.\n\n"
          ">>> tenon.is_nonzero(tenon.tensor([0.5]))\n"
          "True",
          "input"_a);
  ops.def(
      "is_same_size", +[](const Tensor& t, const Tensor& other) { return t.shape() == other.shape(); },
      "Whether both have the same shape.\n\n"
      "other: a tensor.\n\n"
      ">>> tenon.is_same_size(tenon.zeros(2), tenon.ones(2))\n"
      "True",
      "input"_a, "other"_a);
  ops.def(
      "is_conj", +[](const Tensor&) { return false; },
      "Whether the elements are yet to be conjugated: never, conj() computes them.\n\n"
      "False.\n\n"
      ">>> tenon.tensor([1j]).conj().is_conj()\n"
      "False",
      "input"_a);
  ops.def(
      "is_neg", +[](const Tensor&) { return false; },
      "Whether the elements are yet to be negated: never.\n\n"
      "False.\n\n"
      ">>> (-tenon.tensor([1])).is_neg()\n"
      "False",
      "input"_a);
  ops.def(
         "resolve_conj", +[](const Tensor& t) { return t; },
         "The tensor itself: conj() has computed its elements.\n\n"
         "No copy.\n\n"
         ">>> tenon.tensor([1j]).conj().resolve_conj()\n"
         "tensor([0.-1.j])",
         "input"_a)
      .no_out()
      .alias("resolve_neg");
}

}  // namespace tenon::py
