// Python's view of the graph: nodes, hooks, and what the garbage collector needs to know of both.
#pragma once

#include <memory>

#include "object.h"
#include "tenon/node.h"

namespace tenon::py {

// A Python object that C++ holds: shared, and dropped from any thread.
using Held = std::shared_ptr<PyObject>;
Held held(PyObject* o);

// Holds the GIL while a hook or a Function runs Python code below the engine.
class WithGil {
 public:
  WithGil();
  ~WithGil();
  WithGil(const WithGil&) = delete;
  // Throws what Python raised: as it is where a frame of Python waits above, else as RuntimeError.
  [[noreturn]] void fail() const;
  // The object, or fail().
  Object result(PyObject* o) const {
    if (!o) fail();
    return Object::steal(o);
  }

 private:
  bool below_python_;
  PyGILState_STATE state_;
};

// A new reference to the object that stands for a node: the same one as long as it lives.
PyObject* wrap_node(Ref<Node> node);
PyObject* wrap_handle(HookHandle handle);
// A tuple with None for undefined ones.
Object to_tuple(std::span<const Tensor> ts);

// ---- garbage collection ----
// C++ objects that a tensor alone keeps alive belong to it: what hooks and Functions hold there is shown to the
// collector as the tensor's own. A tensor's traverse and clear.
int visit_graph(const Tensor& t, visitproc visit, void* arg);
void clear_graph(const Tensor& t);

// function.cc: drops the context of a Function's node.
void clear_function(Node& node);

// anomaly.cc
void init_anomaly();
// Adds to the exception that is set where backward()'s failing operation was recorded.
void note_failure();

void init_graph(PyObject* module);

}  // namespace tenon::py
