// Files of tensors for Python: thin doors to include/tenon/io.h (documented in tenon/_io.py), and which BLAS is used.
#include "tenon/io.h"

#include <filesystem>

#include "border.h"
#include "convert.h"
#include "core/errors.h"
#include "tenon/blas.h"

namespace tenon::py {
namespace {

NpyOptions options_of(int mmap, int writeable, PyObject* raw_dtype) {
  NpyOptions o{mmap != 0, writeable != 0, {}};
  if (raw_dtype != Py_None) o.raw_dtype = to_dtype(raw_dtype, {"load", "raw_dtype"});
  return o;
}

PyObject* dict_of(const NamedTensors& items) {
  Object d = Object::steal(PyDict_New());
  for (const auto& [name, t] : items) {
    Object value = Object::steal(wrap(t));
    Object key = Object::steal(PyUnicode_FromStringAndSize(name.data(), static_cast<Py_ssize_t>(name.size())));
    if (PyDict_SetItem(d.get(), key.get(), value.get()) < 0) throw PythonError{};
  }
  return d.release();
}

NamedTensors items_of(PyObject* d, const char* op) {
  if (!PyDict_Check(d)) wrong_type({op, "tensors"}, "a dict of names and tensors", d);
  NamedTensors items;
  const Object pairs = Object::steal(PyDict_Items(d));  // a list of its own: the values may run Python code
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(pairs.get()); ++i) {
    PyObject* pair = PyList_GET_ITEM(pairs.get(), i);
    const std::string name = to_string(PyTuple_GET_ITEM(pair, 0), {op, "name"});
    items.emplace_back(name, to_tensor(PyTuple_GET_ITEM(pair, 1), {op, name.c_str()}).detach());
  }
  return items;
}

std::vector<Tensor> tensors_of(const NamedTensors& items) {
  std::vector<Tensor> tensors;
  for (const auto& [name, tensor] : items) tensors.push_back(tensor);
  return tensors;
}

PyObject* load_npy_(PyObject*, PyObject* args) {
  PyObject *path, *raw;
  int mmap, writeable;
  if (!PyArg_ParseTuple(args, "OppO:load_npy", &path, &mmap, &writeable, &raw)) return nullptr;
  return guarded([&] {
    const std::string p = to_path(path, {"load_npy", "path"});
    const NpyOptions o = options_of(mmap, writeable, raw);
    return wrap(without_gil(kLongWork, [&] { return load_npy(p, o); }));
  });
}
PyObject* save_npy_(PyObject*, PyObject* args) {
  PyObject *path, *data;
  if (!PyArg_ParseTuple(args, "OO:save_npy", &path, &data)) return nullptr;
  return guarded([&] {
    const std::string p = to_path(path, {"save_npy", "path"});
    const Tensor t = to_tensor(data, {"save_npy", "tensor"}).detach();
    without_gil(kLongWork, [&] { save_npy(p, t); }, t);
    return Py_NewRef(Py_None);
  });
}
PyObject* load_npz_(PyObject*, PyObject* args) {
  PyObject *path, *names_arg, *raw;
  int mmap, writeable;
  if (!PyArg_ParseTuple(args, "OOppO:load_npz", &path, &names_arg, &mmap, &writeable, &raw)) return nullptr;
  return guarded([&] {
    const std::string p = to_path(path, {"load_npz", "path"});
    const NpyOptions o = options_of(mmap, writeable, raw);
    std::vector<std::string> names;
    const bool some = names_arg != Py_None;
    if (some) {
      Object list = Object::steal(PySequence_List(names_arg));
      for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list.get()); ++i)
        names.push_back(to_string(PyList_GET_ITEM(list.get(), i), {"load_npz", "names"}));
    }
    return dict_of(without_gil(kLongWork, [&] { return some ? load_npz(p, names, o) : load_npz(p, o); }));
  });
}
PyObject* save_npz_(PyObject*, PyObject* args) {
  PyObject *path, *data;
  int compressed;
  if (!PyArg_ParseTuple(args, "OOp:save_npz", &path, &data, &compressed)) return nullptr;
  return guarded([&] {
    const std::string p = to_path(path, {"save_npz", "path"});
    const NamedTensors items = items_of(data, "save_npz");
    without_gil(kLongWork, [&] { save_npz(p, items, compressed != 0); }, tensors_of(items));
    return Py_NewRef(Py_None);
  });
}
PyObject* npz_names_(PyObject*, PyObject* path) {
  return guarded([&] {
    Object list = Object::steal(PyList_New(0));
    for (const std::string& n : npz_names(to_path(path, {"npz_names", "path"}))) {
      Object s = Object::steal(to_python(n));
      if (PyList_Append(list.get(), s.get()) < 0) throw PythonError{};
    }
    return list.release();
  });
}
PyObject* load_safetensors_(PyObject*, PyObject* args) {
  PyObject *path, *device;
  int mmap;
  if (!PyArg_ParseTuple(args, "OpO:load_safetensors", &path, &mmap, &device)) return nullptr;
  return guarded([&] {
    const std::string p = to_path(path, {"load_safetensors", "path"});
    const Device d = device == Py_None ? kCpu : to_device(device, {"load_safetensors", "device"});
    const Safetensors file = without_gil(kLongWork, [&] { return load_safetensors(p, mmap != 0, d); });
    Object tensors = Object::steal(dict_of(file.tensors));
    Object metadata = Object::steal(PyDict_New());
    for (const auto& [k, v] : file.metadata) {
      Object value = Object::steal(to_python(v));
      if (PyDict_SetItemString(metadata.get(), k.c_str(), value.get()) < 0) throw PythonError{};
    }
    return PyTuple_Pack(2, tensors.get(), metadata.get());
  });
}
PyObject* save_safetensors_(PyObject*, PyObject* args) {
  PyObject *path, *data, *metadata_arg;
  if (!PyArg_ParseTuple(args, "OOO:save_safetensors", &path, &data, &metadata_arg)) return nullptr;
  return guarded([&] {
    const std::string p = to_path(path, {"save_safetensors", "path"});
    const NamedTensors items = items_of(data, "save_safetensors");
    Metadata metadata;
    if (metadata_arg != Py_None) {
      if (!PyDict_Check(metadata_arg)) wrong_type({"save_safetensors", "metadata"}, "a dict of strings", metadata_arg);
      const Where w{"save_safetensors", "metadata"};
      const Object pairs = Object::steal(PyDict_Items(metadata_arg));
      for (Py_ssize_t i = 0; i < PyList_GET_SIZE(pairs.get()); ++i) {
        PyObject* pair = PyList_GET_ITEM(pairs.get(), i);
        metadata[to_string(PyTuple_GET_ITEM(pair, 0), w)] = to_string(PyTuple_GET_ITEM(pair, 1), w);
      }
    }
    without_gil(kLongWork, [&] { save_safetensors(p, items, metadata); }, tensors_of(items));
    return Py_NewRef(Py_None);
  });
}

// ---- BLAS ----

PyObject* blas_info(PyObject*, PyObject*) {
  return guarded([&] {
    const blas::Info i = without_gil(kLongWork, [&] { return blas::info(); });
    return Py_BuildValue("{sssssssi}", "name", i.name.c_str(), "library", i.library.c_str(), "config", i.config.c_str(),
                         "threads", i.threads);
  });
}

PyMethodDef functions[] = {{"_load_npy", load_npy_, METH_VARARGS, nullptr},
                           {"_save_npy", save_npy_, METH_VARARGS, nullptr},
                           {"_load_npz", load_npz_, METH_VARARGS, nullptr},
                           {"_save_npz", save_npz_, METH_VARARGS, nullptr},
                           {"_npz_names", npz_names_, METH_O, nullptr},
                           {"_load_safetensors", load_safetensors_, METH_VARARGS, nullptr},
                           {"_save_safetensors", save_safetensors_, METH_VARARGS, nullptr},
                           {"_blas_info", blas_info, METH_NOARGS, nullptr},
                           {nullptr}};

}  // namespace

void init_io(PyObject* module) {
  if (PyModule_AddFunctions(module, functions) < 0) throw PythonError{};
}

}  // namespace tenon::py
