// Rows: random numbers. Philox4x32-10: the same stream for a seed, whatever the threads and the device.
#include <limits>
#include <random>

#include "core/errors.h"
#include "op.h"
#include "tenon/autograd.h"
#include "tenon/ops/copy.h"
#include "tenon/ops/creation.h"
#include "tenon/ops/random.h"

namespace tenon::py {
namespace {

using MaybeDType = std::optional<DType>;
using MaybeDevice = std::optional<Device>;

Tensor float_like(const Tensor& t, const MaybeDType& d, const MaybeDevice& v, Generator* g, bool grad, Layout order,
                  Tensor (*draw)(const Dims&, std::optional<DType>, Device, Generator*)) {
  return leaf(in_layout(draw(t.shape(), d.value_or(t.dtype()), v.value_or(t.device()), g), order), grad);
}

// Floats hold integers too: drawn as int64 and converted.
Tensor draw_integers(const Scalar& low, const Scalar& high, const Dims& shape, DType d, Device v, Generator* g) {
  return is_floating(d) ? to(randint(low, high, shape, DType::int64, v, g), d) : randint(low, high, shape, d, v, g);
}

// randint(high, size) and randint(low, high, size).
PyObject* randint_any(const OpDef& def, PyObject* const* args) {
  PyObject *low = args[0], *high = args[1], *size = args[2];
  if (size == Py_None && is_list(high)) std::swap(size, high);
  if (low == Py_None) std::swap(low, high);
  if (size == Py_None || low == Py_None)
    errors::fail<TypeError>("randint", "the argument '", size == Py_None ? "size" : "high",
                            "' is missing; randint(high, size) or randint(low, high, size)");
  Scalar a, b;
  if (high == Py_None) {
    b = to_scalar(low, {"randint", "high"});
    a = Scalar(0);
  } else {
    a = to_scalar(low, {"randint", "low"});
    b = to_scalar(high, {"randint", "high"});
  }
  const Dims shape = to_dims(size, {"randint", "size"});
  const auto g = argument<Generator*>(def, args, 3);
  const auto d = argument<DType>(def, args, 4);
  const auto v = argument<Device>(def, args, 5);
  const bool grad = argument<bool>(def, args, 6);
  return computed(shape.product(), [&] { return leaf(draw_integers(a, b, shape, d, v, g), grad); });
}

PyObject* randint_like(const OpDef& def, PyObject* const* args) {
  const auto t = argument<Tensor>(def, args, 0);
  const bool one = args[2] == Py_None;
  const Scalar a = one ? Scalar(0) : argument<Scalar>(def, args, 1), b = argument<Scalar>(def, args, one ? 1 : 2);
  const auto g = argument<Generator*>(def, args, 3);
  const auto d = argument<MaybeDType>(def, args, 4);
  const auto v = argument<MaybeDevice>(def, args, 5);
  const Layout order = order_of(argument<MemoryFormat>(def, args, 6), t.ndim(), "randint_like", Layout::c);
  const bool grad = argument<bool>(def, args, 7);
  const auto draw = [&] {
    const Tensor drawn = draw_integers(a, b, t.shape(), d.value_or(t.dtype()), v.value_or(t.device()), g);
    return leaf(in_layout(drawn, order), grad);
  };
  return computed(t.numel(), draw, t);
}

// mean and std: tensors or numbers; two numbers need a size.
PyObject* normal_any(const OpDef& def, PyObject* const* args) {
  const auto g = argument<Generator*>(def, args, 3);
  const bool grad = argument<bool>(def, args, 6);
  Scalar mean_value, std_value;
  const bool numbers = as_scalar(args[0], mean_value) && as_scalar(args[1], std_value);
  if (numbers) {
    if (args[2] == Py_None) errors::fail<TypeError>("normal", "two numbers need a size; normal(mean, std, size)");
    Tensor t = empty(to_dims(args[2], {"normal", "size"}), argument<MaybeDType>(def, args, 4).value_or(default_float()),
                     argument<Device>(def, args, 5));
    const auto draw = [&] { return leaf(normal_(t, mean_value.to<double>(), std_value.to<double>(), g), grad); };
    return computed(t.numel(), draw, t);
  }
  if (args[2] != Py_None)
    errors::fail<TypeError>("normal", "a size goes with two numbers; tensors have their own shape");
  const auto number = [&](PyObject* o, const char* name, const Tensor& like) {
    Scalar s;
    return as_scalar(o, s)
               ? Tensor::of(s, like.defined() ? like.dtype() : default_float(), like.defined() ? like.device() : kCpu)
               : to_tensor(o, {"normal", name});
  };
  const Tensor m0 = is_tensor(args[0]) ? unwrap(args[0]) : Tensor(),
               s0 = is_tensor(args[1]) ? unwrap(args[1]) : Tensor();
  const Tensor mean = number(args[0], "mean", s0), std = number(args[1], "std", m0);
  return computed(std::max(mean.numel(), std.numel()), [&] { return leaf(normal(mean, std, g), grad); }, mean, std);
}

// random_(), random_(to), random_(from, to): integers of the dtype's range, or below 2^mantissa for floats.
PyObject* random_inplace(const OpDef& def, PyObject* const* args) {
  Tensor t = argument<Tensor>(def, args, 0);
  Scalar low(0), high;
  if (args[2] != Py_None) {
    if (args[1] != Py_None) low = argument<Scalar>(def, args, 1);
    high = argument<Scalar>(def, args, 2);
  } else if (args[1] != Py_None) {
    high = argument<Scalar>(def, args, 1);
  } else {
    high = dispatch(t.dtype(), [&]<class T>() -> Scalar {
      if constexpr (std::is_same_v<T, bool>) return Scalar(2);
      else if constexpr (std::is_integral_v<T> && sizeof(T) < 8)
        return Scalar(static_cast<std::int64_t>(std::numeric_limits<T>::max()) + 1);
      else if constexpr (std::is_integral_v<T>) return Scalar(INT64_MAX);
      else if constexpr (requires(T v) { v.im; }) errors::dtype_not_supported("random_", t.dtype(), "real dtypes");
      else return Scalar(std::int64_t{1} << std::numeric_limits<T>::digits);
    });
  }
  const auto g = argument<Generator*>(def, args, 3);
  autograd::check_inplace(t, "random_", false);  // before the generator moves on
  const auto draw = [&] { copy_(t, draw_integers(low, high, t.shape(), t.dtype(), t.device(), g)); };
  without_gil(t.numel(), draw, t);
  return Py_NewRef(args[0]);
}

PyObject* default_generator_object() {
  const Object module = Object::steal(PyImport_ImportModule("tenon._C"));
  return Object::steal(PyObject_GetAttrString(module.get(), "default_generator")).release();
}

}  // namespace

void def_variates(Ops& ops);  // ops_variates.cc

void def_random(Ops& ops) {
  def_variates(ops);
  ops.def(
         "rand",
         +[](const Dims& size, Generator* g, const MaybeDType& d, Device v, bool grad) {
           return leaf(rand(size, d, v, g), grad);
         },
         "Numbers drawn evenly from [0, 1): a new tensor.\n\n"
         "size: ints, or a tuple of them. dtype: a float or a complex one (both parts are drawn), the default\n"
         "float unless given.\n"
         "TypeError for integers, bools and float8, ValueError for negative sizes.\n\n"
         ">>> tenon.rand(2, 3).shape\n"
         "(2, 3)",
         variadic("size"_a), kw_only, "generator"_a = none, "dtype"_a = none, "device"_a = none,
         "requires_grad"_a = false)
      .function_only();
  ops.def(
         "randn",
         +[](const Dims& size, Generator* g, const MaybeDType& d, Device v, bool grad) {
           return leaf(randn(size, d, v, g), grad);
         },
         "Numbers drawn from the normal distribution with mean 0 and variance 1 (Box and Muller 1958): a new "
         "tensor.\n\n"
         "size: ints, or a tuple of them. dtype: a float or a complex one (half of the variance in each part),\n"
         "the default float unless given.\n"
         "TypeError for integers, bools and float8, ValueError for negative sizes.\n\n"
         ">>> tenon.randn(2, 3).shape\n"
         "(2, 3)",
         variadic("size"_a), kw_only, "generator"_a = none, "dtype"_a = none, "device"_a = none,
         "requires_grad"_a = false)
      .function_only();
  ops.raw("randint", &randint_any,
          "Integers drawn evenly from low (0) up to, not including, high: randint(high, size) or randint(low, "
          "high, size).\n\n"
          "A new tensor, of int64 unless dtype is given. ValueError if the range is empty, OverflowError if it\n"
          "does not fit into dtype, TypeError for complex dtypes, for bounds that are no integers and without a\n"
          "size, RuntimeError for requires_grad of integers.\n\n"
          ">>> t = tenon.randint(1, 7, (100,))\n"
          ">>> bool(((t >= 1) & (t < 7)).all())\n"
          "True",
          "low"_a = none, "high"_a = none, "size"_a = none, kw_only, "generator"_a = none, "dtype"_a = "int64",
          "device"_a = none, "requires_grad"_a = false)
      .function_only()
      .with_out();
  ops.def(
         "randperm",
         +[](std::int64_t n, Generator* g, DType d, Device v, bool grad) { return leaf(randperm(n, d, v, g), grad); },
         "The integers from 0 to n - 1 in random order (Fisher and Yates): a new 1-D tensor.\n\n"
         "dtype: int64 unless given; integers and floats. ValueError for a negative n, OverflowError where n\n"
         "does not fit into dtype, TypeError for other dtypes, RuntimeError for requires_grad of integers.\n\n"
         ">>> tenon.randperm(5).sort().values\n"
         "tensor([0, 1, 2, 3, 4])",
         "n"_a, kw_only, "generator"_a = none, "dtype"_a = "int64", "device"_a = none, "requires_grad"_a = false)
      .function_only()
      .long_work();
  ops.def(
         "rand_like",
         +[](const Tensor& t, Generator* g, const MaybeDType& d, const MaybeDevice& v, bool grad, MemoryFormat f) {
           return float_like(t, d, v, g, grad, order_of(f, t.ndim(), "rand_like", Layout::c), &rand);
         },
         "Numbers drawn evenly from [0, 1): a new tensor of input's shape, dtype and device.\n\n"
         "TypeError for integers, bools and float8 unless dtype is given.\n\n"
         ">>> t = tenon.rand_like(tenon.zeros(100))\n"
         ">>> bool(((t >= 0) & (t < 1)).all())\n"
         "True",
         "input"_a, kw_only, "generator"_a = none, "dtype"_a = none, "device"_a = none, "requires_grad"_a = false,
         "memory_format"_a = none)
      .function_only();
  ops.def(
         "randn_like",
         +[](const Tensor& t, Generator* g, const MaybeDType& d, const MaybeDevice& v, bool grad, MemoryFormat f) {
           return float_like(t, d, v, g, grad, order_of(f, t.ndim(), "randn_like", Layout::c), &randn);
         },
         "Normally distributed numbers, as randn's: a new tensor of input's shape, dtype and device.\n\n"
         "TypeError for integers, bools and float8 unless dtype is given.\n\n"
         ">>> tenon.randn_like(tenon.zeros(2, 3)).shape\n"
         "(2, 3)",
         "input"_a, kw_only, "generator"_a = none, "dtype"_a = none, "device"_a = none, "requires_grad"_a = false,
         "memory_format"_a = none)
      .function_only();
  ops.raw("randint_like", &randint_like,
          "Integers drawn evenly from low (0) up to, not including, high: a new tensor of input's shape, dtype "
          "and device.\n\n"
          "ValueError if the range is empty, OverflowError if it does not fit into the dtype, TypeError for\n"
          "complex dtypes and for bounds that are no integers, RuntimeError for requires_grad of integers.\n\n"
          ">>> t = tenon.randint_like(tenon.zeros(100), 6)\n"
          ">>> bool((t < 6).all())\n"
          "True",
          "input"_a, "low"_a, "high"_a = none, kw_only, "generator"_a = none, "dtype"_a = none, "device"_a = none,
          "memory_format"_a = none, "requires_grad"_a = false)
      .function_only()
      .with_out();
  ops.raw("normal", &normal_any,
          "Normally distributed numbers: mean and std are tensors that broadcast, or numbers with a size. A new "
          "tensor.\n\n"
          "The gradient flows to tensors. ValueError for negative standard deviations and shapes that do not\n"
          "broadcast; TypeError for complex numbers, for two numbers without a size and for a size with a\n"
          "tensor.\n\n"
          "mean: the mean, a number or a tensor. std: the standard deviation, a number or a tensor.\n\n"
          ">>> tenon.normal(2.0, 0.0, (3,))\n"
          "tensor([2., 2., 2.])",
          "mean"_a = 0.0, "std"_a = 1.0, "size"_a = none, kw_only, "generator"_a = none, "dtype"_a = none,
          "device"_a = none, "requires_grad"_a = false)
      .function_only()
      .with_out();
  ops.def(
      "bernoulli",
      +[](const Tensor& t, const std::optional<double>& p, Generator* g) {
        return p ? bernoulli(t.shape(), *p, t.dtype(), t.device(), g) : bernoulli(t, g);
      },
      "1 with the probability that each element gives, otherwise 0: a new tensor of input's shape and dtype.\n\n"
      "p: the probability of all elements. ValueError for probabilities outside [0, 1], TypeError for other dtypes\n"
      "than float16, bfloat16, float32 and float64 without p.\n\n"
      ">>> tenon.bernoulli(tenon.tensor([0.0, 1.0, 1.0]))\n"
      "tensor([0., 1., 1.])",
      "input"_a, "p"_a = none, kw_only, "generator"_a = none);
  ops.def(
      "multinomial",
      +[](const Tensor& t, std::int64_t n, bool replacement, Generator* g) {
        return multinomial(t, n, replacement, g);
      },
      "Indices drawn in proportion to weights (1-D, or one distribution in each row): a new int64 tensor.\n\n"
      "Of num_samples in the last dimension. Without replacement by exponential clocks (Efraimidis and\n"
      "Spirakis 2006).\n"
      "ValueError for weights that are negative or not finite, add up to zero or are too few, for more than\n"
      "two dimensions and a negative num_samples; TypeError for other dtypes than float16, bfloat16,\n"
      "float32 and float64.\n\n"
      "num_samples: how many indices are drawn from each distribution. replacement: whether one index may be drawn\n"
      "twice.\n\n"
      ">>> tenon.multinomial(tenon.tensor([0.0, 1.0, 0.0]), 1)\n"
      "tensor([1])",
      "input"_a, "num_samples"_a, "replacement"_a = false, kw_only, "generator"_a = none);
  ops.def(
         "uniform_",
         +[](Tensor& t, double low, double high, Generator* g) -> Tensor& { return uniform_(t, low, high, g); },
         "Overwrites the tensor with numbers drawn evenly from [low, high); returns it.\n\n"
         "ValueError for a low above high and for read-only memory; TypeError for other dtypes than float16,\n"
         "bfloat16, float32 and float64; RuntimeError for a leaf that requires grad and for elements that\n"
         "share memory.\n\n"
         ">>> t = tenon.zeros(100).uniform_(2.0, 3.0)\n"
         ">>> bool(((t >= 2) & (t < 3)).all())\n"
         "True",
         "input"_a, "low"_a = 0.0, "high"_a = 1.0, kw_only, "generator"_a = none)
      .method_only();
  ops.def(
         "normal_",
         +[](Tensor& t, double mean, double std, Generator* g) -> Tensor& { return normal_(t, mean, std, g); },
         "Overwrites the tensor with normally distributed numbers; returns it.\n\n"
         "ValueError for a negative std and for read-only memory; TypeError for other dtypes than float16,\n"
         "bfloat16, float32 and float64; RuntimeError for a leaf that requires grad and for elements that\n"
         "share memory.\n\n"
         "mean: the mean of the distribution.\n\n"
         ">>> tenon.zeros(3).normal_(mean=2.0, std=0.0)\n"
         "tensor([2., 2., 2.])",
         "input"_a, "mean"_a = 0.0, "std"_a = 1.0, kw_only, "generator"_a = none)
      .method_only();
  ops.def(
         "bernoulli_",
         +[](Tensor& t, double p, Generator* g) -> Tensor& {
           autograd::check_inplace(t, "bernoulli_", false);  // before the generator moves on
           return copy_(t, bernoulli(t.shape(), p, t.dtype(), t.device(), g));
         },
         "Overwrites the tensor with ones of probability p and zeros; returns it.\n\n"
         "ValueError for a p outside [0, 1] and for read-only memory, RuntimeError for elements that share\n"
         "memory.\n\n"
         "p: the probability of a one.\n\n"
         ">>> tenon.zeros(3).bernoulli_(1.0)\n"
         "tensor([1., 1., 1.])",
         "input"_a, "p"_a = 0.5, kw_only, "generator"_a = none)
      .method_only();
  ops.raw("random_", &random_inplace,
          "Overwrites the tensor with integers from low (0) up to, not including, high; returns it.\n\n"
          "random_(), random_(high), random_(low, high). Without bounds: all values of an integer dtype that\n"
          "are not negative, for floats the integers that they hold exactly.\n"
          "ValueError for an empty range and for read-only memory, OverflowError for one that does not fit into\n"
          "the dtype, TypeError for complex tensors, RuntimeError for elements that share memory.\n\n"
          ">>> t = tenon.zeros(100).random_(6)\n"
          ">>> bool((t < 6).all())\n"
          "True",
          "input"_a, "low"_a = none, "high"_a = none, kw_only, "generator"_a = none)
      .method_only();

  ops.raw(
         "manual_seed",
         [](const OpDef&, PyObject* const* args) -> PyObject* {
           default_generator().manual_seed(to_seed(args[0], {"manual_seed", "seed"}));
           return default_generator_object();
         },
         "Starts the default generator's stream of a seed from its beginning; returns the generator.\n\n"
         "seed: an int; it is taken modulo 2^64. TypeError for anything else.\n\n"
         ">>> generator = tenon.manual_seed(0)\n"
         ">>> a = tenon.rand(3)\n"
         ">>> generator = tenon.manual_seed(0)\n"
         ">>> tenon.equal(tenon.rand(3), a)\n"
         "True",
         "seed"_a)
      .function_only()
      .returns("Generator");
  ops.raw(
         "seed",
         [](const OpDef&, PyObject* const*) -> PyObject* {
           std::random_device device;
           const std::uint64_t seed = (static_cast<std::uint64_t>(device()) << 32) | device();
           default_generator().manual_seed(seed);
           return PyLong_FromUnsignedLongLong(seed);
         },
         "Seeds the default generator from the system's entropy; returns the seed.\n\n"
         ">>> seed = tenon.seed()\n"
         ">>> tenon.initial_seed() == seed\n"
         "True")
      .function_only()
      .returns("_int");
  ops.raw(
         "initial_seed",
         [](const OpDef&, PyObject* const*) { return PyLong_FromUnsignedLongLong(default_generator().seed()); },
         "The default generator's seed.\n\n"
         ">>> generator = tenon.manual_seed(7)\n"
         ">>> tenon.initial_seed()\n"
         "7")
      .function_only()
      .returns("_int");
}

}  // namespace tenon::py
