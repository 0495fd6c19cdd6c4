// Rows: reductions and scans.
#include "core/errors.h"
#include "numpy_api.h"
#include "linalg.h"
#include "numpy_families.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/op.h"
#include "tenon/ops.h"
#include "tenon/ops/ufunc.h"
#include "ufunc.h"

namespace tenon::py {

namespace {

constexpr const char* kDims =
    "A new tensor. dim: an int, a tuple, or None for all dimensions; keepdim keeps them with size 1.\n"
    "IndexError for a dimension that is not there, ValueError for a repeated one.";
std::string doc(const char* first) { return std::string(first) + "\n\n" + kDims; }

// t in the dtype that is asked for, which must hold what has fractions.
Tensor in_float(const char* op, const Tensor& t, const std::optional<DType>& d) {
  if (d && !is_differentiable(*d)) errors::dtype_not_supported(op, *d, "a floating or complex dtype=");
  return d ? to(t, d) : t;
}

// var and std: correction, PyTorch's unbiased, and a bool in the place of dim.
// F: a function of a tensor, axes, correction and keepdim.
template <auto F>
PyObject* spread(const OpDef& def, PyObject* const* args) {
  Tensor t = argument<Tensor>(def, args, 0);
  PyObject *dim = args[1], *unbiased = args[2];
  if (PyBool_Check(dim)) {
    unbiased = dim;
    dim = Py_None;
  }
  double correction = argument<std::optional<double>>(def, args, 4).value_or(1);
  if (PyBool_Check(unbiased)) correction = unbiased == Py_True ? 1 : 0;
  else if (unbiased != Py_None) correction = argument<double>(def, args, 2);  // the correction by position, as in C++
  const char* op = def.name.c_str();
  const Axes axes = From<Axes>(dim, Where{op, "dim"}).get();
  const bool keepdim = argument<bool>(def, args, 3);
  const auto dtype = def.args.size() > 5 ? argument<std::optional<DType>>(def, args, 5) : std::nullopt;
  return computed(t.numel(), [&] { return F(in_float(op, t, dtype), axes, correction, keepdim); }, t);
}

// var and std under NumPy's signature, with correction= as the standard's name of ddof=.
template <Tensor (*F)(const Tensor&, const Axes&, double, bool),
          Tensor (*Masked)(const Tensor&, const Tensor&, const Axes&, double, bool)>
PyObject* invoke_moments(const OpDef& def, PyObject* const* args) {
  const char* op = def.name.c_str();
  const Tensor t = argument<Tensor>(def, args, 0);
  const auto axes = argument<Axes>(def, args, 1);
  const auto dtype = argument<std::optional<DType>>(def, args, 2);
  const double correction = argument<double>(def, args, is_given(args[7]) ? 7 : 3);
  const bool keepdims = is_given(args[4]) && argument<bool>(def, args, 4);
  const Tensor mask = to_mask(args[5], op);
  const auto run = [&] {
    const Tensor x = in_float(op, t, dtype);
    return mask.defined() ? Masked(x, mask, axes, correction, keepdims) : F(x, axes, correction, keepdims);
  };
  return computed(t.numel(), run, t, mask);
}
template <Tensor (*F)(const Tensor&, const Axes&, double, bool),
          Tensor (*Masked)(const Tensor&, const Tensor&, const Axes&, double, bool)>
void moments(OpDef& d, std::nullptr_t) {
  d.arguments("a"_a, "axis"_a = none, "dtype"_a = none, "out"_a, "ddof"_a = 0, "keepdims"_a = false, kw_only,
              "where"_a = true, "mean"_a = none, "correction"_a = none);
  d.invoke = &invoke_moments<F, Masked>;
  d.doc +=
      "It divides by n - ddof, of which correction is the standard's name. A new tensor, or out. axis: an int, a tuple,\n"
      "or None for all; keepdims keeps them with size 1. where: a bool tensor of the elements that take part. mean is\n"
      "computed anyway. IndexError for an axis that is not there, ValueError for a repeated one, TypeError for float8\n"
      "and for a dtype that is neither floating nor complex.";
}

// max(), max(dim) with the indices, max(other) elementwise, max((0, 1)) over several dimensions.
template <Op O>
PyObject* extreme(const OpDef& def, PyObject* const* args) {
  constexpr bool max = O == Op::maximum;
  const Tensor t = argument<Tensor>(def, args, 0);
  PyObject* dim = args[1];
  const bool keepdim = argument<bool>(def, args, 2);
  PyObject* other = args[3] != Py_None                                        ? args[3]
                    : is_tensor(dim) || is_ndarray(dim) || PyFloat_Check(dim) ? dim
                                                                              : nullptr;
  if (other) {
    const Tensor o = to_tensor(other, {def.name.c_str(), "other"});
    return computed(std::max(t.numel(), o.numel()), [&] { return max ? maximum(t, o) : minimum(t, o); }, t, o);
  }
  if (dim == Py_None || is_list(dim)) {
    const Axes axes = argument<Axes>(def, args, 1);
    return computed(t.numel(), [&] { return max ? amax(t, axes, keepdim) : amin(t, axes, keepdim); }, t);
  }
  const auto d = argument<std::int64_t>(def, args, 1);
  return computed(t.numel(), [&] { return max ? tenon::max(t, d, keepdim) : tenon::min(t, d, keepdim); }, t);
}

PyObject* norm_any(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const linalg::NormOrder p = to_norm_order(args[1], {"norm", "p"});
  const Axes axes = argument<Axes>(def, args, 2);
  const bool keepdim = argument<bool>(def, args, 3);
  const auto dtype = argument<std::optional<DType>>(def, args, 4);
  const auto* name = std::get_if<std::string>(&p);
  if (name && *name == "nuc")
    return computed(kLongWork, [&] { return linalg::norm(dtype ? to(t, dtype) : t, p, axes, keepdim); }, t);
  if (name && *name != "fro") errors::fail("norm", "p must be a number, inf, 'fro' or 'nuc'; got '", *name, "'");
  const auto* number = std::get_if<double>(&p);
  return computed(t.numel(), [&] { return norm(in_float("norm", t, dtype), number ? *number : 2, axes, keepdim); }, t);
}

void def_sums(Ops& ops) {
  ops.def("sum", &sum, doc("The sum of the elements.").c_str(), "input"_a, "dim"_a = none, "keepdim"_a = false, kw_only,
          "dtype"_a = none)
      .example(
          ">>> tenon.sum(tenon.tensor([[1, 2], [3, 4]]), dim=0)\n"
          "tensor([4, 6])")
      .notes(
          "Integers and bools are added up in int64 (uint64), floats pairwise; dtype converts first. TypeError\n"
          "for float8.")
      .numpy("sum", reduction<Op::add>)
      .array_api("sum");
  ops.def("prod", &prod, doc("The product of the elements.").c_str(), "input"_a, "dim"_a = none, "keepdim"_a = false,
          kw_only, "dtype"_a = none)
      .autocast(Autocast::full)
      .example(
          ">>> tenon.prod(tenon.tensor([[1, 2], [3, 4]]), dim=1)\n"
          "tensor([ 2, 12])")
      .notes("Integers and bools are multiplied in int64 (uint64); dtype converts first. TypeError for float8.")
      .numpy("prod", reduction<Op::mul>)
      .array_api("prod");
  ops.def("mean", &mean, doc("The mean of the elements.").c_str(), "input"_a, "dim"_a = none, "keepdim"_a = false,
          kw_only, "dtype"_a = none)
      .example(
          ">>> tenon.mean(tenon.tensor([[1., 2.], [3., 4.]]), dim=0)\n"
          "tensor([2., 3.])")
      .notes(
          "Of integers and bools in the default float; dtype converts first; NaN of none. TypeError for float8\n"
          "and for a dtype that is neither floating nor complex.")
      .numpy("mean", average)
      .array_api("mean");
  ops.raw("var", &spread<&var>, doc("The variance of the elements.").c_str(), "input"_a, "dim"_a = none,
          "unbiased"_a = none, "keepdim"_a = false, kw_only, "correction"_a = 1, "dtype"_a = none)
      .example(
          ">>> tenon.var(tenon.tensor([1.0, 3.0]), correction=0)\n"
          "tensor(1.)")
      .notes(
          "It divides by n - correction (1 unless given; NumPy's is 0); unbiased=False is correction=0. Integers\n"
          "and bools give the default float, complex numbers a real one. TypeError for float8 and for a dtype\n"
          "that is neither floating nor complex.")
      .with_out()
      .numpy("var", moments<&tenon::var, &var_where>)
      .array_api("var");
  ops.raw("std", &spread<&std>, doc("The standard deviation of the elements.").c_str(), "input"_a, "dim"_a = none,
          "unbiased"_a = none, "keepdim"_a = false, kw_only, "correction"_a = 1, "dtype"_a = none)
      .example(
          ">>> tenon.std(tenon.tensor([1.0, 3.0]), correction=0)\n"
          "tensor(1.)")
      .notes(
          "It divides by n - correction (1 unless given; NumPy's is 0); unbiased=False is correction=0. Integers\n"
          "and bools give the default float, complex numbers a real one. TypeError for float8 and for a dtype\n"
          "that is neither floating nor complex.")
      .with_out()
      .numpy("std", moments<&tenon::std, &std_where>)
      .array_api("std");
  const char* both =
      "The variance divides by n - correction (1 unless given); unbiased=False is correction=0. A tuple of two tensors,\n"
      "computed as var(), std() and mean() do: in the input's dtype, integers and bools in the default float, the\n"
      "variance of complex numbers real. TypeError for float8.";
  ops.raw("var_mean", &spread<&var_mean>, doc("The variance and the mean of the elements.").c_str(), "input"_a,
          "dim"_a = none, "unbiased"_a = none, "keepdim"_a = false, kw_only, "correction"_a = 1)
      .example(
          ">>> tenon.var_mean(tenon.tensor([1.0, 3.0]), correction=0)\n"
          "(tensor(1.), tensor(2.))")
      .notes(both)
      .function_only()
      .returns("tuple[Tensor, Tensor]");
  ops.raw("std_mean", &spread<&std_mean>, doc("The standard deviation and the mean of the elements.").c_str(),
          "input"_a, "dim"_a = none, "unbiased"_a = none, "keepdim"_a = false, kw_only, "correction"_a = 1)
      .example(
          ">>> tenon.std_mean(tenon.tensor([1.0, 3.0]), correction=0)\n"
          "(tensor(1.), tensor(2.))")
      .notes(both)
      .function_only()
      .returns("tuple[Tensor, Tensor]");
  ops.def("count_nonzero", &count_nonzero, doc("How many elements are not zero: int64.").c_str(), "input"_a,
          "dim"_a = none, "keepdim"_a = false)
      .example(
          ">>> tenon.count_nonzero(tenon.tensor([[0, 1], [2, 3]]), dim=1)\n"
          "tensor([1, 2])")
      .notes("Any dtype.")
      .numpy("count_nonzero", counting)
      .array_api("count_nonzero");
  ops.def("logsumexp", &logsumexp, doc("log(sum(exp(x))) without overflow.").c_str(), "input"_a, "dim"_a = none,
          "keepdim"_a = false)
      .example(
          ">>> tenon.logsumexp(tenon.tensor([0.0, 0.0]), dim=0)\n"
          "tensor(0.6931)")
      .notes("Of integers and bools in the default float; -inf of none. TypeError for complex numbers and float8.")
      .array_api("logsumexp", plain_reduction);
  ops.raw("norm", &norm_any, doc("The p-norm sum(|x|^p)^(1/p) of the elements.").c_str(), "input"_a, "p"_a = 2,
          "dim"_a = none, "keepdim"_a = false, "dtype"_a = none)
      .example(
          ">>> tenon.norm(tenon.tensor([3.0, 4.0]))\n"
          "tensor(5.)")
      .notes(
          "p: a number; inf and -inf for the extremes of |x|, 0 for the number of elements that are not zero;\n"
          "'fro' is 2, 'nuc' the sum of a matrix's singular values, by NumPy and without a gradient.\n"
          "The result is real; of integers and bools in the default float. ValueError for another string, and\n"
          "for no elements with inf and -inf; TypeError for float8 and for a dtype that is neither floating nor\n"
          "complex.")
      .with_out();
}

void def_extremes(Ops& ops) {
  ops.raw("max", &extreme<Op::maximum>,
          "The largest element; NaN if there is one. New tensors of input's dtype.\n\n"
          "max(): of all. max(dim): a named tuple (values, indices) along one dimension, the first of equal\n"
          "elements.\n"
          "max(dim) with a tuple: the values over several dimensions. max(other): maximum(input, other).\n"
          "ValueError for no elements, IndexError for a dimension that is not there, TypeError for complex\n"
          "numbers and float8, and for out with a pair.\n\n"
          ">>> tenon.tensor([[1, 5], [7, 2]]).max(dim=1)\n"
          "ValuesIndices(values=tensor([5, 7]), indices=tensor([1, 0]))",
          "input"_a, "dim"_a = none, "keepdim"_a = false, kw_only, "other"_a = none)
      .with_out()
      .returns("Any");
  ops.raw("min", &extreme<Op::minimum>,
          "The smallest element; NaN if there is one. New tensors of input's dtype.\n\n"
          "min(): of all. min(dim): a named tuple (values, indices) along one dimension, the first of equal\n"
          "elements.\n"
          "min(dim) with a tuple: the values over several dimensions. min(other): minimum(input, other).\n"
          "ValueError for no elements, IndexError for a dimension that is not there, TypeError for complex\n"
          "numbers and float8, and for out with a pair.\n\n"
          ">>> tenon.tensor([[1, 5], [7, 2]]).min(dim=1)\n"
          "ValuesIndices(values=tensor([1, 2]), indices=tensor([0, 1]))",
          "input"_a, "dim"_a = none, "keepdim"_a = false, kw_only, "other"_a = none)
      .with_out()
      .returns("Any");
  ops.def("amax", &amax, doc("The largest element; NaN if there is one.").c_str(), "input"_a, "dim"_a = none,
          "keepdim"_a = false)
      .example(
          ">>> tenon.amax(tenon.tensor([[1, 5], [7, 2]]), dim=1)\n"
          "tensor([5, 7])")
      .notes(
          "The gradient is shared among equal elements. ValueError for no elements, TypeError for complex numbers\n"
          "and float8.")
      .numpy("max", extremum<Op::maximum>, "amax")
      .array_api("max");
  ops.def("amin", &amin, doc("The smallest element; NaN if there is one.").c_str(), "input"_a, "dim"_a = none,
          "keepdim"_a = false)
      .example(
          ">>> tenon.amin(tenon.tensor([[1, 5], [7, 2]]), dim=1)\n"
          "tensor([1, 2])")
      .notes(
          "The gradient is shared among equal elements. ValueError for no elements, TypeError for complex numbers\n"
          "and float8.")
      .numpy("min", extremum<Op::minimum>, "amin")
      .array_api("min");
  ops.def("argmax", &argmax,
          "The index of the largest element (the first of equal ones, the first NaN): a new int64 tensor.\n\n"
          "dim: an int, or None for the flat tensor; keepdim keeps it with size 1.\n"
          "IndexError for a dimension that is not there.\n\n"
          ">>> tenon.argmax(tenon.tensor([[1, 5], [7, 2]]), dim=1)\n"
          "tensor([1, 0])",
          "input"_a, "dim"_a = none, "keepdim"_a = false)
      .notes("ValueError for no elements, TypeError for complex numbers and float8.")
      .numpy("argmax", position)
      .array_api("argmax");
  ops.def("argmin", &argmin,
          "The index of the smallest element (the first of equal ones, the first NaN): a new int64 tensor.\n\n"
          "dim: an int, or None for the flat tensor; keepdim keeps it with size 1.\n"
          "IndexError for a dimension that is not there.\n\n"
          ">>> tenon.argmin(tenon.tensor([[1, 5], [7, 2]]), dim=1)\n"
          "tensor([0, 1])",
          "input"_a, "dim"_a = none, "keepdim"_a = false)
      .notes("ValueError for no elements, TypeError for complex numbers and float8.")
      .numpy("argmin", position)
      .array_api("argmin");
  ops.def("all", &all, doc("Whether all elements are true (not zero): bool.").c_str(), "input"_a, "dim"_a = none,
          "keepdim"_a = false)
      .example(
          ">>> tenon.all(tenon.tensor([[True, False], [True, True]]), dim=1)\n"
          "tensor([False,  True])")
      .notes("Any dtype; true of none.")
      .numpy("all", truth<Op::logical_and>)
      .array_api("all");
  ops.def("any", &any, doc("Whether an element is true (not zero): bool.").c_str(), "input"_a, "dim"_a = none,
          "keepdim"_a = false)
      .example(
          ">>> tenon.any(tenon.tensor([[True, False], [False, False]]), dim=1)\n"
          "tensor([ True, False])")
      .notes("Any dtype; false of none.")
      .numpy("any", truth<Op::logical_or>)
      .array_api("any");
}

using Cumulate = Tensor (*)(const Tensor&, std::int64_t, std::optional<DType>);
template <Cumulate F>
Tensor along(const Tensor& t, const std::optional<std::int64_t>& dim, const std::optional<DType>& d) {
  return dim ? F(t, *dim, d) : F(flatten(t), 0, d);
}
template <Cumulate F>
Tensor& along_inplace(Tensor& t, std::int64_t dim, const std::optional<DType>& d) {
  if (d && !can_cast_same_kind(*d, t.dtype()))
    errors::result_does_not_fit(F == &cumsum ? "cumsum_" : "cumprod_", *d, t.dtype());
  return copy_(t, F(t, dim, d.value_or(t.dtype())));
}

void def_scans(Ops& ops) {
  ops.def("cumsum_", &along_inplace<&cumsum>,
          "Overwrites the tensor with its sums along dim; returns it.\n\n"
          "IndexError for a dimension that is not there, TypeError for float8 and where the result does not fit,\n"
          "ValueError for read-only memory, RuntimeError for a leaf that requires grad.\n\n"
          ">>> tenon.tensor([1, 2, 3]).cumsum_(0)\n"
          "tensor([1, 3, 6])",
          "input"_a, "dim"_a, kw_only, "dtype"_a = none)
      .method_only();
  ops.def("cumprod_", &along_inplace<&cumprod>,
          "Overwrites the tensor with its products along dim; returns it.\n\n"
          "IndexError for a dimension that is not there, TypeError for float8 and where the result does not fit,\n"
          "ValueError for read-only memory, RuntimeError for a leaf that requires grad.\n\n"
          ">>> tenon.tensor([1, 2, 3]).cumprod_(0)\n"
          "tensor([1, 2, 6])",
          "input"_a, "dim"_a, kw_only, "dtype"_a = none)
      .method_only();
  ops.def("cumsum", &along<&cumsum>,
          "The sums of the elements up to each one.\n\n"
          "A new tensor. dim: an int, or None for the flat tensor. IndexError for a dimension that is not there.\n\n"
          ">>> tenon.cumsum(tenon.tensor([1, 2, 3]), dim=0)\n"
          "tensor([1, 3, 6])",
          "input"_a, "dim"_a = none, kw_only, "dtype"_a = none)
      .notes("Integers and bools in int64 (uint64); dtype converts first. TypeError for float8.")
      .numpy("cumsum", scan)
      .array_api("cumulative_sum", standard_scan<0>);
  ops.def("cumprod", &along<&cumprod>,
          "The products of the elements up to each one.\n\n"
          "A new tensor. dim: an int, or None for the flat tensor. IndexError for a dimension that is not there.\n\n"
          ">>> tenon.cumprod(tenon.tensor([1, 2, 3]), dim=0)\n"
          "tensor([1, 2, 6])",
          "input"_a, "dim"_a = none, kw_only, "dtype"_a = none)
      .notes("Integers and bools in int64 (uint64); dtype converts first. TypeError for float8.")
      .numpy("cumprod", scan)
      .array_api("cumulative_prod", standard_scan<1>);
  ops.def(
      "softmax",
      +[](const Tensor& t, std::int64_t dim, const std::optional<DType>& d) { return softmax(d ? to(t, d) : t, dim); },
      "exp(x) / sum(exp(x)) along dim, without overflow: a new tensor of input's shape.\n\n"
      "Integers and bools give the default float; dtype converts first. IndexError for a dimension that is\n"
      "not there, TypeError for complex numbers and float8.\n\n"
      ">>> tenon.softmax(tenon.tensor([0.0, 0.0]), 0)\n"
      "tensor([0.5000, 0.5000])",
      "input"_a, "dim"_a, "dtype"_a = none);
  ops.def(
      "log_softmax",
      +[](const Tensor& t, std::int64_t dim, const std::optional<DType>& d) {
        return log_softmax(d ? to(t, d) : t, dim);
      },
      "log(softmax(x)) along dim, without overflow: a new tensor of input's shape.\n\n"
      "Integers and bools give the default float; dtype converts first. IndexError for a dimension that is\n"
      "not there, TypeError for complex numbers and float8.\n\n"
      ">>> tenon.log_softmax(tenon.tensor([0.0, 0.0]), 0)\n"
      "tensor([-0.6931, -0.6931])",
      "input"_a, "dim"_a, "dtype"_a = none);
}

// A number beside a tensor, in its dtype where that holds it.
Tensor as_tensor(const Operand& o, const Operand& other) {
  if (o.is_tensor()) return o.tensor();
  const Scalar& s = o.scalar();
  const DType d = other.is_tensor() ? dtype_beside(s, other.tensor().dtype()) : s.default_dtype();
  const DType own = s.fits(DType::int64) ? s.default_dtype() : DType::float64;
  return Tensor::of(s, s.fits(d) ? d : own, other.is_tensor() ? other.tensor().device() : kCpu);
}

void def_comparisons(Ops& ops) {
  ops.def("equal", &equal,
          "Whether both have the same shape and the same values, whatever their dtypes: a Python bool.\n\n"
          "NaN equals nothing. TypeError for what is no tensor or array.\n\n"
          ">>> tenon.equal(tenon.tensor([1, 2]), tenon.tensor([1, 2]))\n"
          "True",
          "input"_a, "other"_a)
      .numpy(
          "array_equal", +[](const Tensor& a, const Tensor& b, bool equal_nan) { return array_equal(a, b, equal_nan); },
          "a1, a2: tensors, or anything that tenon.asarray takes. equal_nan: True where NaN equals NaN. TypeError for what "
          "is no array.\n\n"
          ">>> tenon.numpy.array_equal([1, 2], [1, 2])\n"
          "True",
          "a1"_a, "a2"_a, "equal_nan"_a = false);
  ops.def(
         "array_equiv", &array_equiv,
         "Whether both have the same values after broadcasting, whatever their dtypes: a Python bool.\n\n"
         "False where they do not broadcast. a1, a2: tensors, or anything that tenon.asarray takes. TypeError for what is "
         "no array.\n\n"
         ">>> tenon.numpy.array_equiv([1, 1], [[1, 1], [1, 1]])\n"
         "True",
         "a1"_a, "a2"_a)
      .numpy_only("array_equiv");
  ops.def(
         "isclose",
         +[](const Operand& a, const Operand& b, double rtol, double atol, bool equal_nan) {
           return isclose(as_tensor(a, b), as_tensor(b, a), rtol, atol, equal_nan);
         },
         "Whether |input - other| <= atol + rtol * |other|, elementwise, with broadcasting: a new bool tensor.\n\n"
         "equal_nan: NaNs are close to each other. Any dtypes. ValueError for shapes that do not broadcast and for\n"
         "negative tolerances.\n\n"
         ">>> tenon.isclose(tenon.tensor([1.0, 2.0]), tenon.tensor([1.0, 2.1]))\n"
         "tensor([ True, False])",
         "input"_a, "other"_a, "rtol"_a = 1e-5, "atol"_a = 1e-8, "equal_nan"_a = false)
      .numpy("isclose", {"a", "b"});
  ops.def(
         "allclose",
         +[](const Operand& a, const Operand& b, double rtol, double atol, bool equal_nan) {
           return allclose(as_tensor(a, b), as_tensor(b, a), rtol, atol, equal_nan);
         },
         "Whether |input - other| <= atol + rtol * |other| for all elements, with broadcasting: a Python bool.\n\n"
         "equal_nan: NaNs are close to each other. Any dtypes. ValueError for shapes that do not broadcast and for\n"
         "negative tolerances.\n\n"
         ">>> tenon.allclose(tenon.tensor([1.0]), tenon.tensor([1.0 + 1e-7]))\n"
         "True",
         "input"_a, "other"_a, "rtol"_a = 1e-5, "atol"_a = 1e-8, "equal_nan"_a = false)
      .numpy("allclose", {"a", "b"});
}

}  // namespace

void def_reduce(Ops& ops) {
  def_sums(ops);
  def_extremes(ops);
  def_scans(ops);
  def_comparisons(ops);
}

}  // namespace tenon::py
