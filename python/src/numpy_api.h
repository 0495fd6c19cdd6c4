// The one place that uses NumPy's C-API: the fast crossings. NumPy is looked up on first need, never imported
// by `import tenon`.
#pragma once

#include "object.h"
#include "tenon/dtype.h"

namespace tenon::py {

// Whether NumPy is in use by this process already; then ndarrays may come.
bool numpy_loaded();
// Loads NumPy. Throws ImportError naming what to install.
void require_numpy(const char* op);

bool is_ndarray(PyObject* o);        // subclasses too; false as long as NumPy is not loaded
bool is_plain_ndarray(PyObject* o);  // no subclass
bool is_ndarray_type(PyTypeObject* type);
// Whether o's type has an __array_ufunc__ of its own (quantities with units, xarray, Dask): then operations with
// a tensor are its to answer. NumPy's own types and tensors have none of their own.
bool overrides_ufuncs(PyObject* o);
bool is_numpy_scalar(PyObject* o);

// ---- dtypes ----
// The NumPy dtype object; ml_dtypes' for bfloat16 and float8. Throws TypeError naming ml_dtypes where it is absent.
Object numpy_dtype(DType d);
// A dtype object or a scalar type of NumPy's.
bool is_numpy_dtype(PyObject* o);
// A dtype object, a scalar type or anything that np.dtype() accepts.
bool dtype_from_numpy(PyObject* o, DType& out);

// ---- crossings ----
// A tensor over the array's memory. Throws what `op` owes: TypeError, ValueError with the way out.
Tensor tensor_from_ndarray(PyObject* array, const char* op);
// The arrays side by side in a new tensor, if they are small and plain, of one shape and dtype, and lie as the result does;
// else false.
bool stack_small_ndarrays(PyObject* const* arrays, Py_ssize_t n, Tensor& out);
// TypeError for a subclass of ndarray whose arrays are more than their numbers: one with a mask, or with an
// __array_ufunc__ or __array_finalize__ of its own (units, matrices). subclasses.cc
void refuse_subclass(PyObject* array, const char* op);
// The name of the module that a type is from; empty if it does not say. subclasses.cc
std::string module_of(PyTypeObject* type);
// Whether and why tensor_from_ndarray would refuse: null if it would share.
const char* why_not_shared(PyObject* array);
// An ndarray over the tensor's memory, which it keeps alive and counts as an export. The caller has checked
// device and gradient.
Object ndarray_from_tensor(const Tensor& t);
// A 0-d or larger array that has been copied into native byte order, alignment and a supported dtype.
Object native_copy(PyObject* array, const char* op);

// A NumPy scalar as a weak number if it is of a Python number's kind; a float32 tensor stays float32 against
// np.float64(2.0). False if o is no NumPy scalar of a numeric dtype.
bool scalar_from_numpy(PyObject* o, Scalar& value, DType& dtype);

// TypeError for a NumPy scalar that scalar_from_numpy does not know (a time, a long double), as for an array of its dtype.
[[noreturn]] void refuse_numpy_scalar(PyObject* o, const char* op);

// Keeps a storage alive and takes over a view that is counted, until it is freed: the base of ndarrays.
PyObject* new_export(Storage& storage);

}  // namespace tenon::py
