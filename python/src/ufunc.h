// tenon.numpy.ufunc: what stands under NumPy's name for an elementwise operation. An Operation that can reduce,
// accumulate, reduceat, outer and at, and takes out=, where=, casting=, order=, dtype= and subok=.
#pragma once

#include "op.h"

namespace tenon::py {

extern PyTypeObject* ufunc_type;  // inherits from op_type and has its layout

void init_ufunc_type(PyObject* module);

// The row of a ufunc for op, under a name of NumPy's.
OpDef* new_ufunc(Op op, const char* name);
// Its vectorcall.
PyObject* call_ufunc(PyObject* self, PyObject* const* args, std::size_t nargsf, PyObject* kwnames);
// A method ("reduce") of a ufunc, borrowed; null, without an exception, if it has none of that name.
PyObject* ufunc_method(PyObject* ufunc, std::string_view name);

inline constexpr const char* kCastings[] = {"no", "equiv", "safe", "same_kind", "unsafe"};
Casting to_casting(PyObject* o, const Where& w);
// where=: undefined for True. Throws TypeError for what is not bool.
Tensor to_mask(PyObject* o, const char* op);

}  // namespace tenon::py
