// Rows: pools over one, two and three dimensions.
#include "core/errors.h"
#include "op.h"
#include "tenon/nn/pooling.h"

namespace tenon::py {
namespace {

using Ints = std::optional<Dims>;
using nn::OutputSize;

nn::PoolOptions options(const Dims& kernel, const Ints& stride, const Dims& padding, const Dims& dilation,
                        bool ceil_mode) {
  return {kernel, stride.value_or(Dims()), padding, dilation, ceil_mode};
}

// Rows return one tensor or two, and so convert by themselves.
nn::PoolOptions options_of(const OpDef& def, PyObject* const* args) {
  return options(argument<Dims>(def, args, 1), argument<Ints>(def, args, 2), argument<Dims>(def, args, 3),
                 argument<Dims>(def, args, 4), argument<bool>(def, args, 5));
}
PyObject* one_or_both(ValuesIndices r, bool both) {
  return both ? to_python(std::vector<Tensor>{r.values, r.indices}) : to_python(r.values);
}
template <int Dimensions>
PyObject* max_pool(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const nn::PoolOptions o = options_of(def, args);
  const bool places = argument<bool>(def, args, 6);
  return one_or_both(without_gil(t.numel(), [&] { return nn::max_pool(Dimensions, t, o, places); }, t), places);
}
template <int Dimensions>
PyObject* max_pool_with_indices(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const nn::PoolOptions o = options_of(def, args);
  return one_or_both(without_gil(t.numel(), [&] { return nn::max_pool(Dimensions, t, o); }, t), true);
}

template <int Dimensions>
Tensor avg_pool(const Tensor& t, const Dims& kernel, const Ints& stride, const Dims& padding, bool ceil_mode,
                bool count_include_pad, const std::optional<std::int64_t>& divisor) {
  return nn::avg_pool(Dimensions, t, options(kernel, stride, padding, {1}, ceil_mode), count_include_pad, divisor);
}
Tensor avg_pool1d(const Tensor& t, const Dims& kernel, const Ints& stride, const Dims& padding, bool ceil_mode,
                  bool count_include_pad) {
  return avg_pool<1>(t, kernel, stride, padding, ceil_mode, count_include_pad, {});
}
template <int Dimensions>
Tensor lp_pool(const Tensor& t, double p, const Dims& kernel, const Ints& stride, bool ceil_mode) {
  return nn::lp_pool(Dimensions, t, p, options(kernel, stride, {0}, {1}, ceil_mode));
}
template <int Dimensions>
Tensor max_unpool(const Tensor& t, const Tensor& indices, const Dims& kernel, const Ints& stride, const Dims& padding,
                  const Ints& size) {
  return nn::max_unpool(Dimensions, t, indices, options(kernel, stride, padding, {1}, false), size);
}

// An int, or one for each dimension; None for the input's size.
OutputSize output_size(PyObject* o, const Where& w) {
  if (!PyTuple_Check(o) && !PyList_Check(o)) {
    if (o == Py_None) return {std::nullopt};
    const Dims sizes = to_dims(o, w);
    return {sizes.begin(), sizes.end()};
  }
  OutputSize sizes;
  for (Py_ssize_t i = 0; i < PySequence_Size(o); ++i) {
    const Object item = Object::steal(PySequence_GetItem(o, i));
    sizes.push_back(item.get() == Py_None ? std::nullopt : std::optional(to_int(item.get(), w)));
  }
  return sizes;
}
template <int Dimensions>
PyObject* adaptive_avg_pool(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const OutputSize size = output_size(args[1], {def.name.c_str(), "output_size"});
  return computed(t.numel(), [&] { return nn::adaptive_avg_pool(Dimensions, t, size); }, t);
}
template <int Dimensions>
PyObject* adaptive_max(const OpDef& def, PyObject* const* args, bool places) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const OutputSize size = output_size(args[1], {def.name.c_str(), "output_size"});
  return one_or_both(
      without_gil(t.numel(), [&] { return nn::adaptive_max_pool(Dimensions, t, size, places); }, t), places);
}
template <int Dimensions>
PyObject* adaptive_max_pool(const OpDef& def, PyObject* const* args) {
  return adaptive_max<Dimensions>(def, args, argument<bool>(def, args, 2));
}
PyObject* adaptive_max_pool1d_with_indices(const OpDef& def, PyObject* const* args) {
  return adaptive_max<1>(def, args, true);
}

// ---- what rows say ----

constexpr const char* kSizes[] = {"L", "H, W", "D, H, W"};
constexpr const char* kErrors =
    "ValueError for windows that do not fit into the input and for options out of range, TypeError for complex numbers\n"
    "and float8.\n\n";
constexpr const char* kWindows =
    "kernel_size: the size of a window. stride: how far it moves from one result to the next; None for kernel_size.\n"
    "padding: how many elements without a value stand on both sides, at most half of a window. ";
constexpr const char* kCeil = "ceil_mode: whether a last window that is not whole counts. ";
constexpr const char* kEach = "An int, or one for each dimension, where sizes are asked for.\n\n";

const char* kept(const std::string& text) { return (new std::string(text))->c_str(); }

std::string input(int n) {
  const std::string sizes = kSizes[n - 1];
  return "input: of shape (N, C, " + sizes + ") or (C, " + sizes + "). ";
}
const char* max_text(int n, const char* returned, const std::string& example) {
  return kept("The largest element of each window.\n\n" + input(n) + kWindows +
              "dilation: how far a window's elements are from each other. " + kCeil +
              "return_indices: whether the elements' places in their plane are returned, too. " + kEach + returned +
              "\n" + "A NaN is above all numbers; the first of equal ones counts, and its place gets the gradient.\n" +
              kErrors + example);
}
constexpr const char* kOne = "A new tensor of input's dtype, or a tuple of it and one of int64.";
constexpr const char* kBoth = "A tuple of new tensors: the elements, and their places in their plane (int64).";

const char* avg_text(int n, const std::string& example) {
  return kept(
      "The mean of each window.\n\n" + input(n) + kWindows + kCeil +
      "count_include_pad: whether the padding counts, as zeros. " +
      (n > 1 ? "divisor_override: what sums are divided by instead of the number of elements. " : "") + kEach +
      "A new tensor of input's dtype; integers become the default float. float16 and bfloat16 are rounded once.\n" +
      kErrors + example);
}
const char* lp_text(int n, const std::string& example) {
  return kept("The power mean of each window, times its size: the norm of its elements.\n\n" + input(n) +
              "norm_type: the exponent p of (the sum of x^p)^(1/p); 1 gives sums, and a large one nears the maximum.\n"
              "kernel_size: the size of a window. stride: how far it moves from one result to the next; None for\n"
              "kernel_size. " +
              kCeil + kEach + "A new tensor of input's dtype; integers become the default float.\n" + kErrors +
              example);
}
const char* unpool_text(int n, const std::string& example) {
  return kept(
      "Zeros, with input's elements where max_pool" + std::to_string(n) + "d found them.\n\n" + input(n) +
      "indices: places in a plane, of input's shape, as return_indices gives them. kernel_size: the size of a\n"
      "window. stride: how far it moved; None for kernel_size. padding: that of the pool. output_size: the result's\n"
      "last sizes, or its whole shape, where several give the same pool; None for the smallest.\n\n"
      "A new tensor of input's dtype. ValueError for shapes that do not fit, TypeError for indices that are not\n"
      "int64, IndexError for one outside of its plane.\n\n" +
      example);
}
const char* adaptive_text(const char* what, int n, const char* returned, const std::string& example) {
  return kept(std::string(what) + " of each of output_size windows that divide the input.\n\n" + input(n) +
              "output_size: an int, or one for each dimension; None for the input's size. return_indices: whether the\n"
              "elements' places in their plane are returned, too.\n\n"
              "Window i of n begins at i * size / n, rounded down, and ends at (i + 1) * size / n, rounded up. " +
              returned +
              "\nValueError for an input without elements and for negative sizes, TypeError for complex numbers\n"
              "and float8.\n\n" +
              example);
}

template <int N>
void def_windows(Ops& ops, const std::string& d) {
  const std::string f = "tenon.nn.functional.", ones = N == 1 ? "6" : N == 2 ? "4, 6" : "2, 4, 6";
  const auto named = [&](const char* before, const char* after = "") { return kept(before + d + after); };
  const std::string shape = N == 1 ? "(1, 3)" : N == 2 ? "(1, 2, 3)" : "(1, 1, 2, 3)";
  ops.raw(named("max_pool"), &max_pool<N>,
          max_text(N, kOne,
                   N == 1 ? ">>> tenon.max_pool1d(tenon.tensor([[1., 3., 2., 0.]]), 2)\ntensor([[3., 2.]])"
                          : ">>> tenon.max_pool" + d + "(tenon.ones(1, " + ones + "), 2).shape\n" + shape),
          "input"_a, "kernel_size"_a, "stride"_a = none, "padding"_a = 0, "dilation"_a = 1, "ceil_mode"_a = false,
          "return_indices"_a = false)
      .returns("Any")
      .function_only()
      .nn();
  auto both = ops.raw(named("max_pool", "_with_indices"), &max_pool_with_indices<N>,
                      max_text(N, kBoth,
                               ">>> values, places = " + std::string(N == 1 ? "tenon." : f) + "max_pool" + d +
                                   "_with_indices(tenon.ones(1, " + ones + "), 2)\n>>> values.shape\n" + shape),
                      "input"_a, "kernel_size"_a, "stride"_a = none, "padding"_a = 0, "dilation"_a = 1,
                      "ceil_mode"_a = false, "return_indices"_a = true)
                  .returns("tuple[Tensor, ...]");
  if (N == 1) both.function_only().nn();
  else both.nn_only();
  ops.def(named("lp_pool"), &lp_pool<N>,
          lp_text(N, ">>> " + f + "lp_pool" + d + "(tenon.ones(1, " + ones + "), 1, 2).shape\n" + shape), "input"_a,
          "norm_type"_a, "kernel_size"_a, "stride"_a = none, "ceil_mode"_a = false)
      .nn_only();
  ops.def(named("max_unpool"), &max_unpool<N>,
          unpool_text(N, ">>> y, places = tenon.max_pool" + d + "(tenon.ones(1, " + ones +
                             "), 2, return_indices=True)\n>>> " + f + "max_unpool" + d + "(y, places, 2).shape\n(1, " +
                             ones + ")"),
          "input"_a, "indices"_a, "kernel_size"_a, "stride"_a = none, "padding"_a = 0, "output_size"_a = none)
      .nn_only();
  const std::string two = N == 1 ? "(1, 2)" : N == 2 ? "(1, 2, 2)" : "(1, 2, 2, 2)";
  auto mean = ops.raw(named("adaptive_avg_pool"), &adaptive_avg_pool<N>,
                      adaptive_text("The mean", N, "A new tensor of input's dtype; integers become the default float.",
                                    ">>> " + std::string(N == 1 ? "tenon." : f) + "adaptive_avg_pool" + d +
                                        "(tenon.ones(1, " + ones + "), 2).shape\n" + two),
                      "input"_a, "output_size"_a);
  if (N == 3) mean.autocast(Autocast::full);  // PyTorch's list names this one alone
  if (N == 1) mean.function_only().nn();
  else mean.nn_only();
  ops.raw(named("adaptive_max_pool"), &adaptive_max_pool<N>,
          adaptive_text("The largest element", N, kOne,
                        ">>> " + f + "adaptive_max_pool" + d + "(tenon.ones(1, " + ones + "), 2).shape\n" + two),
          "input"_a, "output_size"_a, "return_indices"_a = false)
      .returns("Any")
      .nn_only();
}

}  // namespace

void def_nn_pooling(Ops& ops) {
  def_windows<1>(ops, "1d");
  def_windows<2>(ops, "2d");
  def_windows<3>(ops, "3d");
  ops.def("avg_pool1d", &avg_pool1d,
          avg_text(1,
                   ">>> tenon.avg_pool1d(tenon.tensor([[1., 3., 2., 0.]]), 2)\n"
                   "tensor([[2., 1.]])"),
          "input"_a, "kernel_size"_a, "stride"_a = none, "padding"_a = 0, "ceil_mode"_a = false,
          "count_include_pad"_a = true)
      .function_only()
      .nn();
  const auto def = [&](const char* name, auto fn, int n, Autocast policy, const char* example) {
    ops.def(name, fn, avg_text(n, example), "input"_a, "kernel_size"_a, "stride"_a = none, "padding"_a = 0,
            "ceil_mode"_a = false, "count_include_pad"_a = true, "divisor_override"_a = none)
        .autocast(policy)
        .nn_only();
  };
  def("avg_pool2d", &avg_pool<2>, 2, Autocast::none,
      ">>> tenon.nn.functional.avg_pool2d(tenon.arange(16.).reshape(1, 4, 4), 2)\n"
      "tensor([[[ 2.5000,  4.5000],\n"
      "         [10.5000, 12.5000]]])");
  def("avg_pool3d", &avg_pool<3>, 3, Autocast::full,
      ">>> tenon.nn.functional.avg_pool3d(tenon.ones(1, 2, 4, 4), 2).shape\n"
      "(1, 1, 2, 2)");
  // PyTorch's own, beside the one of nn.functional that returns one tensor.
  ops.raw("adaptive_max_pool1d", &adaptive_max_pool1d_with_indices,
          adaptive_text("The largest element", 1, kBoth,
                        ">>> tenon.adaptive_max_pool1d(tenon.tensor([[1., 3., 2., 0.]]), 2)\n"
                        "(tensor([[3., 2.]]), tensor([[1, 2]]))"),
          "input"_a, "output_size"_a)
      .returns("tuple[Tensor, ...]")
      .function_only();
}

}  // namespace tenon::py
