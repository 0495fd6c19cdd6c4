// The protocols by which other libraries reach a tensor's memory, and tenon theirs; each file installs its own
// methods on the tensor type and functions in the module.
#pragma once

#include <atomic>

#include "object.h"

namespace tenon::py {

// Methods and attributes for the tensor type, ended by an entry without a name.
void add_methods(PyMethodDef* methods);
void add_attributes(PyGetSetDef* attributes);
// The name of the module whose Python code is running; empty if there is none. Some consumers are known by nothing else.
std::string calling_module();
// Whether pandas asks for the memory of a new Series' or Index's data. Since pandas 3 it copies ndarrays there, and
// would share what it takes for a temporary array. buffer.cc
bool pandas_wants_a_copy();
extern std::atomic<int> pandas_version;  // the major one; 0 as long as pandas is not loaded
// A function of tenon.<module>, imported on first need: the parts of the border that are written in Python.
Object python_function(const char* module, const char* name);

void init_protocols(PyObject* module);  // protocols.cc: __array__, __array_interface__, to_numpy, ...
void init_ufunc(PyObject* module);  // ufunc.cc: __array_ufunc__
void init_dlpack(PyObject* module);  // dlpack.cc: __dlpack__, from_dlpack
void init_dlpack_table();  // dlpack_table.cc: the C exchange table
inline constexpr const char* kDlpackTable = "dlpack_exchange_api";  // its capsule's name
void init_foreign(PyObject* module);  // foreign.cc: Arrow, the buffer protocol, array interfaces
void init_io(PyObject* module);  // io.cc: files
void init_locate();  // locate.cc: libraries of installed packages
void init_ndarray();  // ndarray.cc: flags, flat, base, rounding, what writes into files

inline void init_border(PyObject* module) {
  init_protocols(module);
  init_ufunc(module);
  init_dlpack(module);
  init_dlpack_table();
  init_foreign(module);
  init_io(module);
  init_locate();
  init_ndarray();
}

}  // namespace tenon::py
