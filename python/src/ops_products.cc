// Rows: products over chosen dimensions, Einstein's sums, PyTorch's products of matrices.
#include "casting.h"
#include "core/errors.h"
#include "op.h"
#include "tenon/ops.h"
#include "ufunc.h"

namespace tenon::py {
namespace {

// ---- einsum ----

// One sublist: ints and `...`.
Dims sublist(PyObject* o) {
  const Object items = Object::maybe(PySequence_Fast(o, ""));
  if (!items) {
    PyErr_Clear();
    wrong_type({"einsum", "sublist"}, "a list of ints and ...", o);
  }
  Dims out;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(items.get()); ++i) {
    const Object item = item_at(items.get(), i, "einsum");
    out.push_back(item.get() == Py_Ellipsis ? kEllipsis : to_int(item.get(), {"einsum", "sublist"}));
    if (item.get() != Py_Ellipsis && out.back() == kEllipsis)
      errors::fail("einsum", "subscripts are numbers from 0 to 51; got -1");
  }
  return out;
}

bool is_subscript(PyObject* o) { return PyLong_Check(o) || o == Py_Ellipsis; }

struct Einsum {
  std::string equation;
  std::vector<Tensor> operands;
};

// einsum("ij,jk", a, b), einsum("ij,jk", [a, b]) and einsum(a, [0, 1], b, [1, 2], [0, 2]).
Einsum read(PyObject* first, PyObject* given) {
  Einsum e;
  // What was not collected from several arguments is one: a list of operands, or the operand or sublist itself.
  const bool several = is_list(given) && PySequence_Size(given) > 0;
  const Object head = several ? Object::steal(PySequence_GetItem(given, 0)) : Object();
  if (PyUnicode_Check(first)) {
    e.equation = to_string(first, {"einsum", "equation"});
    const bool one = e.equation.find(',') == std::string::npos;
    const bool listed =
        several && (!one || (PySequence_Size(given) == 1 && (PyTuple_Check(given) || is_tensor(head.get()))));
    if (listed || !is_list(given)) {
      e.operands = listed ? to_tensors(given, {"einsum", "operands"})
                          : std::vector<Tensor>{to_tensor(given, {"einsum", "operands"})};
    } else {
      e.operands = {to_tensor(given, {"einsum", "operands"})};
    }
    return e;
  }
  std::vector<Dims> lists;
  std::optional<Dims> result;
  e.operands.push_back(to_tensor(first, {"einsum", "equation"}));
  if (!is_list(given) || !several || is_subscript(head.get())) {
    lists.push_back(sublist(given));
  } else {
    const Py_ssize_t n = PySequence_Size(given);
    for (Py_ssize_t i = 0; i < n; ++i) {
      const Object item = Object::steal(PySequence_GetItem(given, i));
      if (i % 2 == 0) lists.push_back(sublist(item.get()));
      else if (i == n - 1) result = sublist(item.get());
      else e.operands.push_back(to_tensor(item.get(), {"einsum", "operands"}));
    }
  }
  e.equation = einsum_equation(lists, result);
  return e;
}

// A path that was given: ['einsum_path', (0, 1), ...] or its steps alone. Of True, False and the names of ways to find
// one none: einsum finds its own.
std::vector<Dims> path_of(PyObject* optimize) {
  std::vector<Dims> path;
  if (optimize == Py_None || PyBool_Check(optimize)) return path;
  if (PyUnicode_Check(optimize)) {
    const std::string name = to_string(optimize, {"einsum", "optimize"});
    if (name != "greedy" && name != "optimal")
      errors::fail("einsum", "optimize is a bool, 'greedy', 'optimal' or a path; got '", name, "'");
    return path;
  }
  if (!is_list(optimize)) wrong_type({"einsum", "optimize"}, "a bool, 'greedy', 'optimal' or a path", optimize);
  const Py_ssize_t n = PySequence_Size(optimize);
  for (Py_ssize_t i = 0; i < n; ++i) {
    const Object item = Object::steal(PySequence_GetItem(optimize, i));
    if (PyUnicode_Check(item.get()) || (i > 0 && PyIndex_Check(item.get()) && path.empty())) continue;
    path.push_back(to_dims(item.get(), {"einsum", "optimize"}));
  }
  return path;
}

PyObject* einsum_any(const OpDef& def, PyObject* const* args) {
  const Einsum e = read(args[0], args[1]);
  const auto dtype = argument<std::optional<DType>>(def, args, 2);
  const Casting casting = to_casting(args[4], {"einsum", "casting"});
  if (!dtype) check_promotion("einsum", e.operands, casting);
  else
    for (const Tensor& t : e.operands) check_cast("einsum", t.dtype(), *dtype, casting);
  const std::vector<Dims> path = path_of(args[5]);
  return computed(kLongWork, [&] { return einsum(e.equation, e.operands, dtype, path); }, e.operands);
}

// ---- tensordot ----

PyObject* tensordot_any(const OpDef& def, PyObject* const* args) {
  From<Tensor> a(args[0], {def.name.c_str(), "a"}), b(args[1], {def.name.c_str(), "b"});
  const Where w{def.name.c_str(), "dims"};
  if (!is_list(args[2])) {
    const std::int64_t n = to_int(args[2], w);
    return computed(kLongWork, [&] { return tensordot(a.get(), b.get(), n); }, a.get(), b.get());
  }
  if (PySequence_Size(args[2]) != 2) errors::fail(def.name, "dims is an int or a pair of dimensions or of lists");
  const Object first = item_at(args[2], 0, w.op), second = item_at(args[2], 1, w.op);
  const Dims x = to_dims(first.get(), w), y = to_dims(second.get(), w);
  return computed(kLongWork, [&] { return tensordot(a.get(), b.get(), x, y); }, a.get(), b.get());
}

// cross(dim=None): the first dimension of three elements.
Tensor cross_along(const Tensor& a, const Tensor& b, const std::optional<std::int64_t>& dim) {
  if (dim) return cross(a, b, *dim);
  const int n = std::max(a.ndim(), b.ndim());
  for (int d = -n; d < 0; ++d)
    if (-d <= a.ndim() && -d <= b.ndim() && a.size(d) == 3 && b.size(d) == 3) return cross(a, b, d);
  errors::fail<ShapeError>("cross", "no dimension of both has 3 elements; got shapes ", a.shape(), " and ", b.shape());
}

using Plus = Tensor (*)(const Tensor&, const Tensor&, const Tensor&, const Scalar&, const Scalar&);

// self gets the sum, in its own shape and dtype.
template <Plus sum>
Tensor& into_self(Tensor& self, const Tensor& a, const Tensor& b, const Scalar& beta, const Scalar& alpha) {
  const Tensor r = sum(self, a, b, beta, alpha);
  if (r.shape() != self.shape()) errors::wrong_shape("addmm_", self.shape(), r.shape());
  if (!can_cast_same_kind(r.dtype(), self.dtype())) errors::result_does_not_fit("addmm_", r.dtype(), self.dtype());
  return copy_(self, r);
}

constexpr const char* kPlusErrors =
    "\n\nbeta, alpha: numbers; where beta is 0 the values of input do not matter, NaN too. input is broadcast to the\n"
    "product. A new tensor of the promoted dtype; float16 and bfloat16 are rounded once. ValueError for shapes that\n"
    "do not fit, TypeError for float8 and for a fraction beside integers.";

void def_plus(Ops& ops) {
  const auto rows = [&]<Plus sum>(Autocast policy, const char* name, const char* what, const Arg& first,
                                  const Arg& second, const char* example, const char* in_place) {
    ops.def(name, sum, (std::string(what) + kPlusErrors).c_str(), "input"_a, Arg(first), Arg(second), kw_only,
            "beta"_a = 1, "alpha"_a = 1)
        .example(example)
        .autocast(policy)
        .long_work();
    ops.def((std::string(name) + "_").c_str(), &into_self<sum>,
            (std::string(what) +
             "\n\nIn place: the tensor is input, is overwritten and returned. ValueError where the result has another\n"
             "shape and for read-only memory, TypeError for a result of a higher kind, RuntimeError for a leaf that\n"
             "requires grad and for elements that share memory.")
                .c_str(),
            "input"_a, Arg(first), Arg(second), kw_only, "beta"_a = 1, "alpha"_a = 1)
        .example(in_place)
        .method_only()
        .long_work();
  };
  rows.operator()<&addmm>(Autocast::lower, "addmm", "beta * input + alpha * (mat1 @ mat2), of two matrices.", "mat1"_a,
                          "mat2"_a,
                          ">>> tenon.addmm(tenon.ones(2, 2), tenon.eye(2), tenon.tensor([[1., 2.], [3., 4.]]))\n"
                          "tensor([[2., 3.],\n"
                          "        [4., 5.]])",
                          ">>> tenon.ones(2, 2).addmm_(tenon.eye(2), tenon.tensor([[1., 2.], [3., 4.]]))\n"
                          "tensor([[2., 3.],\n"
                          "        [4., 5.]])");
  rows.operator()<&addmv>(Autocast::none, "addmv", "beta * input + alpha * (mat @ vec), of a matrix and a vector.",
                          "mat"_a, "vec"_a,
                          ">>> tenon.addmv(tenon.ones(2), tenon.eye(2), tenon.tensor([3., 4.]))\n"
                          "tensor([4., 5.])",
                          ">>> tenon.ones(2).addmv_(tenon.eye(2), tenon.tensor([3., 4.]))\n"
                          "tensor([4., 5.])");
  rows.operator()<&addr>(Autocast::none, "addr", "beta * input + alpha * outer(vec1, vec2), of two vectors.", "vec1"_a,
                         "vec2"_a,
                         ">>> tenon.addr(tenon.zeros(2, 2), tenon.tensor([1., 2.]), tenon.tensor([3., 4.]))\n"
                         "tensor([[3., 4.],\n"
                         "        [6., 8.]])",
                         ">>> tenon.zeros(2, 2).addr_(tenon.tensor([1., 2.]), tenon.tensor([3., 4.]))\n"
                         "tensor([[3., 4.],\n"
                         "        [6., 8.]])");
  rows.operator()<&addbmm>(Autocast::lower, "addbmm",
                           "beta * input + alpha * (the sum of batch1 @ batch2 over the first dimension).", "batch1"_a,
                           "batch2"_a,
                           ">>> a = tenon.ones(2, 1, 3)\n"
                           ">>> tenon.addbmm(tenon.zeros(1, 1), a, tenon.ones(2, 3, 1))\n"
                           "tensor([[6.]])",
                           ">>> tenon.zeros(1, 1).addbmm_(tenon.ones(2, 1, 3), tenon.ones(2, 3, 1))\n"
                           "tensor([[6.]])");
  rows.operator()<&baddbmm>(
      Autocast::lower, "baddbmm", "beta * input + alpha * (batch1 @ batch2), of two stacks of matrices.", "batch1"_a,
      "batch2"_a,
      ">>> tenon.baddbmm(tenon.zeros(2, 1, 1), tenon.ones(2, 1, 3), tenon.ones(2, 3, 1)).flatten()\n"
      "tensor([3., 3.])",
      ">>> tenon.zeros(1, 1, 1).baddbmm_(tenon.ones(1, 1, 3), tenon.ones(1, 3, 1))\n"
      "tensor([[[3.]]])");
}

// ---- NumPy's signatures ----

Tensor cross_of_numpy(const Tensor& a, const Tensor& b, std::int64_t axisa, std::int64_t axisb, std::int64_t axisc,
                      const std::optional<std::int64_t>& axis) {
  if (axis) axisa = axisb = axisc = *axis;
  const Tensor y = cross(movedim(a, {axisa}, {-1}), movedim(b, {axisb}, {-1}), -1);
  return axisc == -1 ? y : movedim(y, {-1}, {axisc});
}

template <Tensor (*F)(const Tensor&, const Tensor&)>
std::vector<Tensor> product(std::span<const Operand> in) {
  return {F(in[0].tensor(), in[1].tensor())};
}
Tensor vecdot_last(const Tensor& a, const Tensor& b) { return vecdot(a, b); }

// Of dtypes that NumPy has; bools are joined by or and and.
constexpr const char* kLoops =
    "?"
    "?->? bb->b BB->B hh->h HH->H ii->i II->I ll->l LL->L ee->e ff->f dd->d FF->F DD->D";
constexpr const char* kOptions =
    "\ndtype: what the operands are converted to first, as casting allows. order: 'C', 'F', 'A' or 'K', how a new result\n"
    "lies in memory. axes: a list with a tuple for each operand and the result, of the dimensions that the products are\n"
    "of, which come last otherwise; axis: the same where that is one. keepdims: with size 1, where none is left. subok\n"
    "is ignored.\n\n";

void show_ufunc(Ops& ops, const char* name, std::string doc, const char* example, Composed fn, const char* core) {
  doc = doc + kOptions + example;
  OpDef* d = new_ufunc(
      {.name = name, .doc = doc.c_str(), .operands = 2, .results = 1, .fn = fn, .loops = kLoops, .core = core});
  ops.show(name, d);
}

void def_products_of_numpy(Ops& ops) {
  show_ufunc(
      ops, "matmul",
      "The matrix product x1 @ x2: a new tensor of the promoted dtype, or out.\n\n"
      "Leading dimensions broadcast; 1-D operands are a row (x1) or a column (x2). ValueError where the inner sizes\n"
      "differ, for 0-d operands and for leading dimensions that do not broadcast; TypeError for float8.",
      ">>> tenon.numpy.matmul(tenon.ones(2, 3), tenon.ones(3))\n"
      "tensor([3., 3.])",
      &product<&matmul>, "(n?,k),(k,m?)->(n?,m?)");
  show_ufunc(
      ops, "vecdot",
      "The sums of products along an axis, x1 conjugated: a new tensor of the promoted dtype, or out.\n\n"
      "The other dimensions broadcast. IndexError for an axis that is not there, ValueError where the sizes along it\n"
      "differ and for 0-d operands, TypeError for float8.",
      ">>> tenon.numpy.vecdot(tenon.tensor([1, 2]), tenon.tensor([3, 4]))\n"
      "tensor(11)",
      &product<&vecdot_last>, "(n),(n)->()");
  show_ufunc(ops, "matvec",
             "The products of matrices (..., m, n) and vectors (..., n): a new tensor (..., m), or out.\n\n"
             "Leading dimensions broadcast. ValueError where the inner sizes differ, TypeError for float8.",
             ">>> tenon.numpy.matvec(tenon.ones(2, 3), tenon.ones(3))\n"
             "tensor([3., 3.])",
             &product<&matvec>, "(m,n),(n)->(m)");
  show_ufunc(
      ops, "vecmat",
      "The products of vectors (..., n), conjugated, and matrices (..., n, m): a new tensor (..., m), or out.\n\n"
      "Leading dimensions broadcast. ValueError where the inner sizes differ, TypeError for float8.",
      ">>> tenon.numpy.vecmat(tenon.ones(3), tenon.ones(3, 2))\n"
      "tensor([3., 3.])",
      &product<&vecmat>, "(n),(n,m)->(m)");
  ops.show("linalg.matmul", ops.shown("matmul"));
  ops.show("linalg.vecdot", ops.shown("vecdot"));
  ops.def(
         "dot", &numpy_dot,
         "The sum of products over a's last dimension and b's last but one: a new tensor, or out.\n\n"
         "a, b: numbers of any dtype but float8. Of vectors a number, of matrices a @ b; the product where one has no dimension. ValueError where the sizes\n"
         "differ, TypeError for float8.\n\n"
         ">>> tenon.numpy.dot(tenon.tensor([1, 2]), tenon.tensor([3, 4]))\n"
         "tensor(11)",
         "a"_a, "b"_a, "out"_a)
      .long_work()
      .numpy_only("dot");
  ops.def("outer", &outer_flat,
          "All products of an element of a with one of b, both flattened: a new matrix, or out.\n\n"
          "a, b: numbers of any shape. TypeError for float8.\n\n"
          ">>> tenon.numpy.outer([1, 2], [3, 4])\n"
          "tensor([[3, 4],\n"
          "        [6, 8]])",
          "a"_a, "b"_a, "out"_a)
      .long_work()
      .numpy_only("outer");
  ops.show("linalg.outer", ops.shown("outer"));
  ops.def(
         "cross", &cross_of_numpy,
         "The vector products of vectors of three elements; the other dimensions broadcast. A new tensor.\n\n"
         "a, b: arrays of vectors. axisa, axisb, axisc: where the vectors stand in a, b and the result; axis: in all three. IndexError for an axis\n"
         "that is not there, ValueError for vectors of another length and for shapes that do not broadcast, TypeError\n"
         "for float8.\n\n"
         ">>> tenon.numpy.cross([1, 0, 0], [0, 1, 0])\n"
         "tensor([0, 0, 1])",
         "a"_a, "b"_a, "axisa"_a = -1, "axisb"_a = -1, "axisc"_a = -1, "axis"_a = none)
      .no_out()
      .numpy_only("cross");
  ops.show("linalg.cross", ops.shown("cross"));
}

}  // namespace

void def_products(Ops& ops) {
  ops.raw("einsum", &einsum_any,
          "Sums of products by Einstein's convention: einsum('ij,jk->ik', a, b) is a @ b.\n\n"
          "equation: a letter for each dimension of each operand, '...' for dimensions without one, which broadcast;\n"
          "after '->' the result's. Without '->' they are those of '...' and the letters that stand once, in the\n"
          "order of the alphabet. A letter that stands twice in one operand takes the diagonal; sizes of 1 are\n"
          "repeated. Or operands and lists of ints in turn: einsum(a, [0, 1], b, [1, 2], [0, 2]).\n"
          "dtype: what the operands become first, as casting allows (TypeError). optimize: a path, as einsum_path\n"
          "gives it; otherwise three operands or more are joined in an order that keeps the results small.\n\n"
          "A new tensor of the promoted dtype, or a view where nothing is summed or multiplied. ValueError for an\n"
          "equation that is malformed or does not fit the operands, TypeError for float8.\n\n"
          "operands: the tensors, one for each term before the arrow.\n\n"
          ">>> tenon.einsum('i,j->ij', tenon.tensor([1, 2]), tenon.tensor([3, 4]))\n"
          "tensor([[3, 4],\n"
          "        [6, 8]])",
          "equation"_a, variadic("operands"_a), kw_only, "dtype"_a = none, "order"_a = "K", "casting"_a = "safe",
          "optimize"_a = false)
      .autocast(Autocast::lower)
      .function_only()
      .with_out()
      .numpy("einsum");
  ops.all().back()->variadic_arrays = true;
  ops.raw("tensordot", &tensordot_any,
          "Sums of products over chosen dimensions of both tensors.\n\n"
          "dims: a number of last dimensions of a and first ones of b, or a pair of dimensions or of lists of them.\n"
          "A new tensor of the promoted dtype with the other dimensions of a, then those of b. ValueError where the\n"
          "sizes or the numbers of dimensions differ and for a negative number, IndexError for a dimension that is\n"
          "not there, TypeError for float8.\n\n"
          "b: the second tensor.\n\n"
          ">>> tenon.tensordot(tenon.ones(2, 3), tenon.ones(3, 4), 1).shape\n"
          "(2, 4)",
          "a"_a, "b"_a, "dims"_a = 2)
      .autocast(Autocast::lower)
      .function_only()
      .with_out()
      .numpy("tensordot", {"a", "b", "axes"})
      .array_api("tensordot");
  ops.show("linalg.tensordot", ops.shown("tensordot"));
  ops.def("inner", &inner,
          "The sums of products over the last dimension of both tensors.\n\n"
          "The product where one has no dimension. A new tensor of the promoted dtype. ValueError where the sizes\n"
          "differ, TypeError for float8.\n\n"
          ">>> tenon.inner(tenon.tensor([1, 2]), tenon.tensor([3, 4]))\n"
          "tensor(11)",
          "input"_a, "other"_a)
      .autocast(Autocast::lower)
      .long_work()
      .numpy("inner", {"a", "b"});
  ops.def("vdot", &vdot,
          "The sum of the products of all elements, those of the first conjugated.\n\n"
          "A new 0-d tensor of the promoted dtype. ValueError where the numbers of elements differ, TypeError for "
          "float8.\n\n"
          ">>> tenon.vdot(tenon.tensor([1, 2]), tenon.tensor([3, 4]))\n"
          "tensor(11)",
          "input"_a, "other"_a)
      .long_work()
      .numpy("vdot", {"a", "b"});
  ops.def("vecdot", &vecdot,
          "The sums of products along a dimension, the first tensor conjugated; the other dimensions broadcast.\n\n"
          "A new tensor of the promoted dtype, without that dimension. IndexError for a dimension that is not\n"
          "there, ValueError where the sizes along it differ and for 0-d tensors, TypeError for float8.\n\n"
          ">>> tenon.vecdot(tenon.tensor([[1, 2], [3, 4]]), tenon.tensor([1, 1]))\n"
          "tensor([3, 7])",
          "input"_a, "other"_a, "dim"_a = -1)
      .autocast(Autocast::lower)
      .long_work();
  ops.def("matvec", &matvec,
          "The products of matrices (..., m, n) and vectors (..., n); leading dimensions broadcast.\n\n"
          "A new tensor (..., m) of the promoted dtype. ValueError where the inner sizes differ, TypeError for "
          "float8.\n\n"
          ">>> tenon.matvec(tenon.tensor([[1, 2], [3, 4]]), tenon.tensor([1, 1]))\n"
          "tensor([3, 7])",
          "input"_a, "vec"_a)
      .function_only()
      .long_work();
  ops.def("vecmat", &vecmat,
          "The products of conjugated vectors (..., m) and matrices (..., m, n); leading dimensions broadcast.\n\n"
          "A new tensor (..., n) of the promoted dtype. ValueError where the inner sizes differ, TypeError for "
          "float8.\n\n"
          ">>> tenon.vecmat(tenon.tensor([1, 1]), tenon.tensor([[1, 2], [3, 4]]))\n"
          "tensor([4, 6])",
          "input"_a, "mat"_a)
      .function_only()
      .long_work();
  ops.def("kron", &kron,
          "The Kronecker product: blocks of other, one for each element of input, multiplied by it.\n\n"
          "A new tensor of the promoted dtype; its sizes are the products of both tensors'. ValueError for more\n"
          "than 32 dimensions, TypeError for float8.\n\n"
          ">>> tenon.kron(tenon.tensor([1, 10]), tenon.tensor([2, 3]))\n"
          "tensor([ 2,  3, 20, 30])",
          "input"_a, "other"_a)
      .long_work()
      .numpy("kron", {"a", "b"});
  ops.def("cross", &cross_along,
          "The vector products along a dimension of three elements; the other dimensions broadcast.\n\n"
          "dim: by default the first that has three elements in both. A new tensor of the promoted dtype.\n"
          "IndexError for a dimension that is not there, ValueError for another size and for shapes that do not\n"
          "broadcast, TypeError for float8.\n\n"
          ">>> tenon.cross(tenon.tensor([1, 0, 0]), tenon.tensor([0, 1, 0]))\n"
          "tensor([0, 0, 1])",
          "input"_a, "other"_a, "dim"_a = none)
      .long_work();
  ops.def("trace", &trace,
          "The sum of a diagonal of two dimensions, which go: of a matrix a number.\n\n"
          "A new tensor; integers are summed in int64. IndexError for a dimension that is not there, ValueError for\n"
          "a repeated one and for fewer than two dimensions, TypeError for float8.\n\n"
          ">>> tenon.trace(tenon.tensor([[1, 2], [3, 4]]))\n"
          "tensor(5)",
          "input"_a, "offset"_a = 0, "dim1"_a = 0, "dim2"_a = 1, "dtype"_a = none)
      .autocast(Autocast::full)
      .numpy("trace", {"a", "offset", "axis1", "axis2"});
  ops.def("mm", &mm,
          "The product of two matrices; no broadcasting. A new tensor of the promoted dtype.\n\n"
          "ValueError for another number of dimensions and where the inner sizes differ, TypeError for float8.\n\n"
          ">>> tenon.mm(tenon.tensor([[1, 2], [3, 4]]), tenon.tensor([[1], [1]]))\n"
          "tensor([[3],\n"
          "        [7]])",
          "input"_a, "mat2"_a)
      .autocast(Autocast::lower);
  ops.def("bmm", &bmm,
          "The products of two stacks of matrices; no broadcasting. A new tensor of the promoted dtype.\n\n"
          "ValueError for another number of dimensions than three and where the numbers of matrices or the inner\n"
          "sizes differ, TypeError for float8.\n\n"
          ">>> tenon.bmm(tenon.ones(2, 1, 3), tenon.ones(2, 3, 1)).shape\n"
          "(2, 1, 1)",
          "input"_a, "mat2"_a)
      .autocast(Autocast::lower);
  ops.def("chain_matmul", &multi_dot,
          "The product of a chain of matrices, in the order of fewest multiplications.\n\n"
          "The first and the last may be vectors. A new tensor of the promoted dtype, or the matrix itself where\n"
          "there is one. ValueError where inner sizes differ and for no matrices, TypeError for float8.\n\n"
          "matrices: two or more matrices, of which each has as many rows as the one before has columns.\n\n"
          ">>> tenon.chain_matmul(tenon.ones(2, 3), tenon.ones(3, 4), tenon.ones(4, 1))\n"
          "tensor([[12.],\n"
          "        [12.]])",
          variadic("matrices"_a))
      .autocast(Autocast::lower)
      .function_only()
      .long_work();
  def_plus(ops);
  def_products_of_numpy(ops);
}

}  // namespace tenon::py
