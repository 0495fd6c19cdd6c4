// The slots of tenon.Tensor, by file: operators, indexing, attributes, buffer.
#pragma once

#include "object.h"

namespace tenon::py {

void tensor_dealloc(PyObject* self);
int tensor_traverse(PyObject* self, visitproc visit, void* arg);
int tensor_clear(PyObject* self);

// operators.cc
extern PyType_Slot operator_slots[];
// indexing.cc
extern PyType_Slot indexing_slots[];
// buffer.cc
extern PyType_Slot buffer_slots[];
// attributes.cc, methods.cc
extern PyGetSetDef tensor_getset[];
extern PyMethodDef tensor_methods[];
PyObject* tensor_repr(PyObject* self);

// size.cc
void init_size();

// What refuses an export: device or gradient, with the fix. Honours tenon.numpy_policy unless strict.
// Returns the tensor to export (detached and moved where a policy says so).
Tensor exportable(const Tensor& t, const char* op, bool strict = false);

// A host's view of a tensor's storage, for as long as it lives, or until release() leaves the count to another. Unified
// memory is waited for, without the GIL; throws what that finds.
class HostView {
 public:
  explicit HostView(const Tensor& t) : storage_(&t.storage()) {
    storage_->add_export();
    if (t.device().is_unified()) wait(t);
  }
  ~HostView() {
    if (storage_) storage_->drop_export();
  }
  HostView(const HostView&) = delete;
  void release() { storage_ = nullptr; }

 private:
  void wait(const Tensor& t);
  Storage* storage_;
};

// The policy of tenon.numpy_policy on this thread.
struct NumpyPolicy {
  bool detach = false, to_cpu = false;
};
extern thread_local NumpyPolicy numpy_policy;

}  // namespace tenon::py
