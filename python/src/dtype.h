// tenon.dtype and tenon.device: one object per value.
#pragma once

#include "object.h"

namespace tenon::py {

struct PyDType {
  PyObject_HEAD DType value;
};
struct PyDevice {
  PyObject_HEAD Device value;
};
extern PyTypeObject *dtype_type, *device_type;

inline bool is_dtype(PyObject* o) { return Py_TYPE(o) == dtype_type; }
inline bool is_device(PyObject* o) { return Py_TYPE(o) == device_type; }

// The dtype that a NumPy dtype, type or name means; false if there is none.
bool dtype_from_name(std::string_view name, DType& out);

}  // namespace tenon::py
