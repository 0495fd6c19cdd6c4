// tenon.numpy.ufunc: what stands under NumPy's name for an elementwise operation. An Operation that can reduce,
// accumulate, reduceat, outer and at, and takes out=, where=, casting=, order=, dtype= and subok=.
#pragma once

#include "casting.h"
#include "op.h"

namespace tenon::py {

extern PyTypeObject* ufunc_type;  // inherits from op_type and has its layout

void init_ufunc_type(PyObject* module);

// The row of a ufunc for op, under a name of NumPy's.
OpDef* new_ufunc(Op op, const char* name);
// A ufunc that is a composition: fn computes its results. loops: "dd->d FF->F", core: the dimensions that it works on.
using Composed = std::vector<Tensor> (*)(std::span<const Operand>);
struct ComposedUfunc {
  const char *name, *doc;
  int operands, results;
  Composed fn;
  const char* loops;
  const char* core = nullptr;
};
OpDef* new_ufunc(const ComposedUfunc& u);
// Its vectorcall.
PyObject* call_ufunc(PyObject* self, PyObject* const* args, std::size_t nargsf, PyObject* kwnames);
// A method of a ufunc, borrowed: reduce, accumulate, reduceat, outer, at. Made when it is asked for first, and kept.
PyObject* ufunc_method(PyObject* ufunc, int which);
// The same by name; null, without an exception, if there is none of that name.
PyObject* ufunc_method(PyObject* ufunc, std::string_view name);

// where=: undefined for True. Throws TypeError for what is not bool.
Tensor to_mask(PyObject* o, const char* op);
// t in dtype. Throws TypeError where casting forbids it.
Tensor cast_operand(const char* op, const Tensor& t, DType dtype, Casting casting);
// y, as order= wants it to lie, or written into out where mask, if it is defined, holds.
PyObject* delivered(const OpDef& def, Tensor y, PyObject* out, const Tensor& mask, Casting casting, PyObject* order);
// The operands in dtype=, as far as casting allows it; held keeps what is converted.
void convert_operands(const OpDef& def, Operands& in, int n, DType dtype, Casting casting, Tensor* held);
// Without dtype=: what the loop computes in must be what casting lets the operands become. With "safe" and less it may
// not be: TypeError.
void check_casting(const OpDef& def, std::span<const Operand> in, Casting casting);
// An array on the host may meet a tensor on a device only as a number: TypeError.
void check_devices(std::span<const Operand> in, PyObject* const* objects, const char* op);

}  // namespace tenon::py
