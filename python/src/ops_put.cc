// Rows of tenon.numpy that write where places or masks say.
#include "core/errors.h"
#include "ingest.h"
#include "numpy_api.h"
#include "op.h"
#include "tenon/ops.h"
#include "ufunc.h"

namespace tenon::py {
namespace {

// What is written to: a tensor, or an ndarray whose memory can be shared.
Tensor target(const OpDef& def, PyObject* o) {
  const Where w{def.name.c_str(), def.args[0].name};
  if (!is_tensor(o) && !is_ndarray(o)) wrong_type(w, "a tensor or an ndarray", o);
  return out_tensor(w.op, o);
}

// Indices or a mask; lists and numbers are brought to t's device.
Tensor places_for(const OpDef& def, PyObject* const* args, int i, const Tensor& t) {
  const Tensor at = argument<Tensor>(def, args, i);
  return is_tensor(args[i]) || is_ndarray(args[i]) ? at : to(at, {}, t.device());
}

Tensor given_values(const OpDef& def, PyObject* const* args, int i, const Tensor& t) {
  const Where w{def.name.c_str(), def.args[static_cast<std::size_t>(i)].name};
  const Tensor values = values_for(args[i], t, w);
  if (is_ndarray(args[0])) refuse_lost_gradient(w.op, values);
  return values;
}

PyObject* put(const OpDef& def, PyObject* const* args) {
  Tensor t = target(def, args[0]);
  const Tensor at = places_for(def, args, 1, t), values = given_values(def, args, 2, t);
  const Bounds beyond = bounds(to_string(args[3], {def.name.c_str(), "mode"}));
  without_gil(t.numel(), [&] { put_values_(t, at, values, beyond); }, t, at, values);
  return Py_NewRef(Py_None);
}
PyObject* put_along_axis(const OpDef& def, PyObject* const* args) {
  Tensor t = target(def, args[0]);
  const Tensor at = places_for(def, args, 1, t), values = given_values(def, args, 2, t);
  const auto axis = argument<std::optional<std::int64_t>>(def, args, 3);
  without_gil(t.numel(), [&] { put_along_dim_(t, at, values, axis); }, t, at, values);
  return Py_NewRef(Py_None);
}
template <Tensor& (*write)(Tensor&, const Tensor&, const Tensor&)>
PyObject* put_masked(const OpDef& def, PyObject* const* args) {
  Tensor t = target(def, args[0]);
  const Tensor mask = places_for(def, args, 1, t), values = given_values(def, args, 2, t);
  without_gil(t.numel(), [&] { write(t, mask, values); }, t, mask, values);
  return Py_NewRef(Py_None);
}
PyObject* copyto(const OpDef& def, PyObject* const* args) {
  const char* op = def.name.c_str();
  const From<Operand> given(args[1], {op, "src"});
  const Operand value = given.get();
  const Casting casting = to_casting(args[2], {op, "casting"});
  const Tensor mask = to_mask(args[3], op);
  if (is_ndarray(args[0]) && value.is_tensor()) refuse_lost_gradient(op, value.tensor());
  const bool by_numpy = is_ndarray(args[0]) && why_not_shared(args[0]);
  Tensor t = by_numpy ? clone(to_tensor(args[0], {op, "dst"})) : target(def, args[0]);
  // The numbers of a list that may be converted.
  Tensor listed;
  if (value.is_tensor() && is_sequence(args[1]) && can_cast(value.tensor().dtype(), t.dtype(), casting))
    listed = values_for(args[1], t, {op, "src"});
  const Operand source = listed.defined() ? Operand(listed) : value;
  without_gil(t.numel(), [&] { copyto_(t, source, mask, casting); }, t, source, mask);
  if (by_numpy) Object::steal(into_out(op, t, args[0], Casting::unsafe));
  return Py_NewRef(Py_None);
}
PyObject* fill_diagonal(const OpDef& def, PyObject* const* args) {
  Tensor t = target(def, args[0]);
  const Tensor values = given_values(def, args, 1, t);
  const bool wrap = argument<bool>(def, args, 2);
  without_gil(t.numel(), [&] { fill_diagonal_(t, values, wrap); }, t, values);
  return Py_NewRef(Py_None);
}

}  // namespace

void def_put(Ops& ops) {
  ops.raw(
         "put", &put,
         "Writes values, repeated as needed, at indices of the flat tensor, in place.\n\n"
         "a: a tensor, or an ndarray. ind: integers. v: numbers, which are converted to a's dtype. mode: 'raise', or\n"
         "'wrap' or 'clip' for indices beyond the end (ValueError for others). IndexError for an index that is not\n"
         "there, TypeError for indices that are no integers and for complex values in a real tensor, OverflowError for\n"
         "a Python integer that the dtype cannot hold, ValueError for read-only memory, RuntimeError for a leaf that\n"
         "requires grad.\n\n"
         ">>> t = tenon.zeros(4)\n"
         ">>> tenon.numpy.put(t, [0, -1], [1, 2])\n"
         ">>> t\n"
         "tensor([1., 0., 0., 2.])",
         "a"_a, "ind"_a, "v"_a, "mode"_a = "raise")
      .returns("None")
      .numpy_only("put");
  ops.raw(
         "put_along_axis", &put_along_axis,
         "Writes values at one index for each slice along the axis, in place.\n\n"
         "arr: a tensor, or an ndarray. indices: integers, of arr's number of dimensions; all but axis broadcast. values\n"
         "broadcast to them and are converted to arr's dtype. axis=None: put into the flat tensor. IndexError for an\n"
         "index or an axis that is not there, TypeError for indices that are no integers, ValueError for shapes that do\n"
         "not fit and read-only memory, RuntimeError for a leaf that requires grad.\n\n"
         ">>> t = tenon.zeros(2, 2)\n"
         ">>> tenon.numpy.put_along_axis(t, tenon.tensor([[1], [0]]), 5, axis=1)\n"
         ">>> t\n"
         "tensor([[0., 5.],\n"
         "        [5., 0.]])",
         "arr"_a, "indices"_a, "values"_a, "axis"_a = -1)
      .returns("None")
      .numpy_only("put_along_axis");
  ops.raw(
         "place", &put_masked<&place_>,
         "Writes values, repeated as needed, where the mask holds, in place: the first one at the first such place.\n\n"
         "arr: a tensor, or an ndarray. mask: as many truth values as arr has elements. vals: arrays only where promotion\n"
         "leads to arr's dtype (TypeError); numbers and lists are converted (OverflowError for integers out of bounds).\n"
         "ValueError for a mask of another size, without values and for read-only memory, RuntimeError for a leaf that\n"
         "requires grad.\n\n"
         ">>> t = tenon.arange(4)\n"
         ">>> tenon.numpy.place(t, t > 1, [7, 8])\n"
         ">>> t\n"
         "tensor([0, 1, 7, 8])",
         "arr"_a, "mask"_a, "vals"_a)
      .returns("None")
      .numpy_only("place");
  ops.raw(
         "putmask", &put_masked<&putmask_>,
         "Writes values, repeated as needed, where the mask holds, in place: each one at its own place.\n\n"
         "a: a tensor, or an ndarray. mask: as many truth values as a has elements. values: arrays only where promotion\n"
         "leads to a's dtype (TypeError); numbers and lists are converted (OverflowError for integers out of bounds).\n"
         "Nothing is written without values. ValueError for a mask of another size and read-only memory, RuntimeError\n"
         "for a leaf that requires grad.\n\n"
         ">>> t = tenon.arange(4)\n"
         ">>> tenon.numpy.putmask(t, t > 1, t * 10)\n"
         ">>> t\n"
         "tensor([ 0,  1, 20, 30])",
         "a"_a, "mask"_a, "values"_a)
      .returns("None")
      .numpy_only("putmask");
  ops.raw(
         "copyto", &copyto,
         "Writes src, broadcast, into dst in place, where the mask holds.\n\n"
         "dst: a tensor, or an ndarray. casting: which conversions are allowed, by NumPy's names. where: a bool tensor.\n"
         "The gradient flows to src where dst is a tensor. TypeError where casting forbids the conversion, ValueError\n"
         "for a src that does not broadcast and read-only memory, RuntimeError for a leaf that requires grad, and for a\n"
         "src that does and an ndarray.\n\n"
         ">>> t = tenon.zeros(2)\n"
         ">>> tenon.numpy.copyto(t, [1, 2], where=tenon.tensor([True, False]))\n"
         ">>> t\n"
         "tensor([1., 0.])",
         "dst"_a, "src"_a, "casting"_a = "same_kind", "where"_a = true)
      .returns("None")
      .numpy_only("copyto");
  ops.raw(
         "fill_diagonal", &fill_diagonal,
         "Writes a number, or values in turn, to the main diagonal in place.\n\n"
         "a: a tensor, or an ndarray; of more than two dimensions, of equal sizes, the elements whose indices are equal.\n"
         "val: a number, or numbers, which are repeated as needed. wrap: in a high matrix the diagonal begins again below the first square, after a row without. ValueError for\n"
         "fewer than two dimensions, for different sizes of more than two and for read-only memory, RuntimeError for a\n"
         "leaf that requires grad.\n\n"
         ">>> t = tenon.zeros(2, 2)\n"
         ">>> tenon.numpy.fill_diagonal(t, 3)\n"
         ">>> t\n"
         "tensor([[3., 0.],\n"
         "        [0., 3.]])",
         "a"_a, "val"_a, "wrap"_a = false)
      .returns("None")
      .numpy_only("fill_diagonal");
}

}  // namespace tenon::py
