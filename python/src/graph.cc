// tenon.autograd.graph.Node, the handles of hooks, and Python's functions as hooks.
#include "graph.h"

#include <unordered_map>
#include <vector>

#include "autograd/tape.h"
#include "convert.h"
#include "core/errors.h"
#include "tenon/autograd.h"
#include "unguarded.h"

#include <structmember.h>  // after Python.h

namespace tenon::py {

namespace {
// Python objects that graphs hold. Where there are none the collector need not look at graphs.
std::atomic<int> g_held{0};
}  // namespace

Held held(PyObject* o) {
  ++g_held;
  return {Py_NewRef(o), [](PyObject* p) {
            --g_held;
            drop_reference(p);
          }};
}

WithGil::WithGil() : below_python_(PyGILState_GetThisThreadState() != nullptr), state_(PyGILState_Ensure()) {}
WithGil::~WithGil() { PyGILState_Release(state_); }

void WithGil::fail() const {
  if (below_python_) throw PythonError{};
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  const Object held_type = Object::maybe(type), held_value = Object::maybe(value), rest = Object::maybe(traceback);
  const Object text = Object::maybe(PyObject_Str(value ? value : type));
  throw RuntimeError("backward: Python code raised " + utf8(text.get()));
}

Object to_tuple(std::span<const Tensor> ts) {
  Object tuple = Object::steal(PyTuple_New(static_cast<Py_ssize_t>(ts.size())));
  for (std::size_t i = 0; i < ts.size(); ++i)
    PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(i), wrap_or_none(ts[i]));
  return tuple;
}

namespace {

// ---- handles ----

struct PyHandle {
  PyObject_HEAD HookHandle handle;
};
PyTypeObject* handle_type = nullptr;

void handle_dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  reinterpret_cast<PyHandle*>(self)->handle.~HookHandle();
  type->tp_free(self);
  Py_DECREF(type);
}
PyObject* handle_remove(PyObject* self, PyObject*) {
  HookHandle taken;
  {
    const Section section(self);
    taken = std::exchange(reinterpret_cast<PyHandle*>(self)->handle, {});
  }
  taken.remove();
  return Py_NewRef(Py_None);
}
PyObject* handle_enter(PyObject* self, PyObject*) { return Py_NewRef(self); }

PyMethodDef handle_methods[] = {
    {"remove", handle_remove, METH_NOARGS,
     "remove($self, /)\n--\n\nRemoves the hook; nothing happens the second time."},
    {"__enter__", handle_enter, METH_NOARGS, "__enter__($self, /)\n--\n\nThe handle."},
    {"__exit__", handle_remove, METH_VARARGS, "__exit__($self, /, *exc)\n--\n\nRemoves the hook."},
    {nullptr}};

// ---- nodes ----

struct PyNode {
  PyObject_HEAD Ref<Node> node;
  PyObject* weakrefs;
};
PyTypeObject* node_type = nullptr;
Node& node_of(PyObject* o) { return *reinterpret_cast<PyNode*>(o)->node; }

void node_dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  auto* o = reinterpret_cast<PyNode*>(self);
  if (o->node) take_out(o->node->wrapper, self);
  if (o->weakrefs) PyObject_ClearWeakRefs(self);
  o->node.~Ref();
  type->tp_free(self);
  Py_DECREF(type);
}

PyObject* node_repr(PyObject* self) { return PyUnicode_FromFormat("<%s>", node_of(self).op()); }
PyObject* node_name(PyObject* self, PyObject*) { return PyUnicode_FromString(node_of(self).op()); }

PyObject* next_functions(PyObject* self, void*) {
  return guarded([&] {
    const std::vector<Edge>& edges = node_of(self).edges();
    Object tuple = Object::steal(PyTuple_New(static_cast<Py_ssize_t>(edges.size())));
    for (std::size_t i = 0; i < edges.size(); ++i) {
      Object node = edges[i] ? Object::steal(wrap_node(edges[i].node)) : Object::borrow(Py_None);
      PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(i),
                       Object::steal(Py_BuildValue("(OI)", node.get(), edges[i].output)).release());
    }
    return tuple.release();
  });
}

PyObject* metadata(PyObject* self, void*) {
  return guarded([&] {
    Hooks& h = Engine::hooks_of(node_of(self));
    const auto known = [&]() -> PyObject* {
      const std::lock_guard lock(h.mutex);
      return Py_XNewRef(static_cast<PyObject*>(h.metadata.get()));
    };
    if (PyObject* m = known()) return m;
    Held made = held(Object::steal(PyDict_New()).get());
    {
      const std::lock_guard lock(h.mutex);
      if (!h.metadata) h.metadata = made;  // another thread may have been first
    }
    return known();
  });
}

PyObject* variable(PyObject* self, void*) {
  if (TensorImpl* leaf = node_of(self).leaf()) return guarded([&] { return wrap(Tensor(Ref<TensorImpl>(leaf))); });
  PyErr_Format(PyExc_AttributeError, "%s: only AccumulateGrad has a variable", node_of(self).op());
  return nullptr;
}

// What the node does not have itself a Function's context may have.
PyObject* node_getattro(PyObject* self, PyObject* name) {
  PyObject* found = PyObject_GenericGetAttr(self, name);
  auto* context = static_cast<PyObject*>(node_of(self).python);
  if (found || !context || !PyErr_ExceptionMatches(PyExc_AttributeError)) return found;
  PyErr_Clear();
  return PyObject_GetAttr(context, name);
}

void check_callable(PyObject* f, const char* op) {
  if (PyCallable_Check(f)) return;
  PyErr_Format(PyExc_TypeError, "%s: a hook must be callable; got %.200s", op, Py_TYPE(f)->tp_name);
  throw PythonError{};
}

// What a hook of a node returned, in the place of gs.
void replace(Grads& gs, PyObject* returned, const char* op) {
  if (returned == Py_None) return;
  if (is_tensor(returned) && gs.size() == 1) {
    gs[0] = unwrap(returned);
    return;
  }
  if (!PyTuple_Check(returned) || PyTuple_GET_SIZE(returned) != static_cast<Py_ssize_t>(gs.size())) {
    PyErr_Format(PyExc_TypeError, "%s: a hook must return None or a tuple of %zd gradients; got %.200s", op,
                 static_cast<Py_ssize_t>(gs.size()), Py_TYPE(returned)->tp_name);
    throw PythonError{};
  }
  for (std::size_t i = 0; i < gs.size(); ++i) {
    PyObject* g = PyTuple_GET_ITEM(returned, static_cast<Py_ssize_t>(i));
    gs[i] = g == Py_None ? Tensor() : to_tensor(g, {op, "the hook's result"});
  }
}

PyObject* register_hook(PyObject* self, PyObject* f) {
  return guarded([&] {
    check_callable(f, "register_hook");
    return wrap_handle(node_of(self).add_hook(
        [f = held(f)](Grads& in, std::span<const Tensor> out) {
          const WithGil gil;
          const Object a = to_tuple(in), b = to_tuple(out);
          const Object r = gil.result(PyObject_CallFunctionObjArgs(f.get(), a.get(), b.get(), nullptr));
          replace(in, r.get(), "register_hook");
        },
        f));
  });
}

PyObject* register_prehook(PyObject* self, PyObject* f) {
  return guarded([&] {
    check_callable(f, "register_prehook");
    return wrap_handle(node_of(self).add_prehook(
        [f = held(f)](Grads& out) {
          const WithGil gil;
          const Object a = to_tuple(out);
          const Object r = gil.result(PyObject_CallOneArg(f.get(), a.get()));
          replace(out, r.get(), "register_prehook");
        },
        f));
  });
}

PyMethodDef node_methods[] = {
    {"name", node_name, METH_NOARGS, "name($self, /)\n--\n\nThe operation's name; AccumulateGrad for a leaf's node."},
    {"register_hook", register_hook, METH_O,
     "register_hook($self, hook, /)\n--\n\n"
     "Calls hook(grad_inputs, grad_outputs) with tuples each time that the node has run in backward().\n\n"
     "A tuple that the hook returns takes the place of grad_inputs. Returns a handle whose remove() removes the hook.\n"
     "TypeError for what cannot be called."},
    {"register_prehook", register_prehook, METH_O,
     "register_prehook($self, hook, /)\n--\n\n"
     "Calls hook(grad_outputs) with a tuple before the node runs in backward().\n\n"
     "A tuple that the hook returns takes its place. Returns a handle whose remove() removes the hook. TypeError for\n"
     "what cannot be called."},
    {nullptr}};
PyGetSetDef node_getset[] = {
    {"next_functions", next_functions, nullptr,
     "A tuple of (node, number of its output), one for each input of the operation: where the gradients flow to. None\n"
     "for an input that requires no grad.",
     nullptr},
    {"metadata", metadata, nullptr, "A dict for notes of the user's; it lives as long as the node.", nullptr},
    {"variable", variable, nullptr, "The leaf whose .grad an AccumulateGrad node adds to.", nullptr},
    {nullptr}};
PyMemberDef node_members[] = {{"__weaklistoffset__", T_PYSSIZET, offsetof(PyNode, weakrefs), READONLY, nullptr},
                              {nullptr}};

// ---- garbage collection ----

// C++ objects reached from a tensor, as far as all references to them come from there. What is reached is held, since
// threads without the GIL may let go of it meanwhile.
class Owned {
 public:
  explicit Owned(TensorImpl* t) { reach(Ref<TensorImpl>(t)); }
  explicit Owned(Node* n) { reach(Edge(Ref<Node>(n))); }
  const std::vector<Node*>& nodes() const { return nodes_; }

 private:
  void reach(Ref<TensorImpl> r) {
    TensorImpl* t = r.get();
    if (!t) return;
    const int times = ++times_[t];
    if (times == 1) tensors_.push_back(std::move(r));
    r = nullptr;
    if (t->refs.load(std::memory_order_relaxed) == times + 1) add(t);
  }
  void reach(Edge e) {
    Node* n = e.node.get();
    if (!n) return;
    if (n->leaf()) {
      Ref<TensorImpl> leaf(n->leaf());
      e.node = nullptr;  // which counts for the leaf
      return reach(std::move(leaf));
    }
    const int times = ++times_[n];
    if (times == 1) held_.push_back(std::move(e.node));
    e.node = nullptr;
    if (n->use_count() == times + 1) add(n);
  }
  void add(TensorImpl* t) {
    reach(Ref<TensorImpl>(t->base));
    AutogradMeta* m = t->meta();
    if (!m) return;
    if (Node* leaf = m->accumulate()) nodes_.push_back(leaf);
    Ref<TensorImpl> gradient;
    {
      const auto grad = m->gradient();
      const std::lock_guard lock(gradient_mutex(*grad));
      gradient = Ref<TensorImpl>(grad->impl());
    }
    reach(std::move(gradient));
    reach(m->history());
    run();
  }
  void add(Node* n) {
    nodes_.push_back(n);
    waiting_.push_back(n);
    run();
  }
  // Graphs may be deeper than the stack.
  void run() {
    if (std::exchange(running_, true)) return;
    while (!waiting_.empty()) {
      Node* n = waiting_.back();
      waiting_.pop_back();
      for (const Edge& e : n->edges()) reach(e);
    }
    running_ = false;
  }

  // First, so that they die last: an object of Python's whose last holder was let go of must not die in a traversal.
  const LaterDrops later_;
  std::vector<Ref<TensorImpl>> tensors_;
  std::vector<Ref<Node>> held_;
  std::vector<Node*> nodes_, waiting_;
  std::unordered_map<const void*, int> times_;  // how often an object was reached
  bool running_ = false;
};

int visit_nodes(const Owned& owned, visitproc visit, void* arg) {
  for (Node* n : owned.nodes()) {
    if (n->python) Py_VISIT(static_cast<PyObject*>(n->python));
    if (Hooks* h = n->hooks())
      for (void* o : h->python_objects()) Py_VISIT(static_cast<PyObject*>(o));
  }
  return 0;
}

void clear_nodes(const Owned& owned) {
  std::vector<Ref<Node>> nodes;  // held, since clearing one may free others
  for (Node* n : owned.nodes()) nodes.emplace_back(n);
  for (const Ref<Node>& n : nodes) {
    if (n->python) clear_function(*n);
    if (Hooks* h = n->hooks()) h->clear();
  }
}

int node_traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Node* n = reinterpret_cast<PyNode*>(self)->node.get();
  return n ? visit_nodes(Owned(n), visit, arg) : 0;
}
int node_clear(PyObject* self) {
  if (Node* n = reinterpret_cast<PyNode*>(self)->node.get()) clear_nodes(Owned(n));
  return 0;
}

}  // namespace

int visit_graph(const Tensor& t, visitproc visit, void* arg) {
  if (!t.defined() || !t.impl()->meta() || g_held.load(std::memory_order_relaxed) == 0) return 0;
  return visit_nodes(Owned(t.impl()), visit, arg);
}
void clear_graph(const Tensor& t) {
  if (t.defined() && t.impl()->meta()) clear_nodes(Owned(t.impl()));
}

PyObject* wrap_node(Ref<Node> node) {
  if (PyObject* known = living(node->wrapper)) return known;
  auto* o = PyObject_GC_New(PyNode, node_type);
  if (!o) throw PythonError{};
  Node* n = node.get();
  new (&o->node) Ref<Node>(std::move(node));
  o->weakrefs = nullptr;
  PyObject_GC_Track(o);
  return put_in_place(n->wrapper, reinterpret_cast<PyObject*>(o));
}

PyObject* wrap_handle(HookHandle handle) {
  auto* o = PyObject_New(PyHandle, handle_type);
  if (!o) throw PythonError{};
  new (&o->handle) HookHandle(std::move(handle));
  return reinterpret_cast<PyObject*>(o);
}

void init_graph(PyObject* module) {
  static PyType_Slot handle_slots[] = {
      {Py_tp_dealloc, reinterpret_cast<void*>(handle_dealloc)},
      {Py_tp_methods, handle_methods},
      {Py_tp_doc, const_cast<char*>("Removes a hook: by remove(), or as a context manager.\n\n"
                                    ">>> t = tenon.ones(2, requires_grad=True)\n"
                                    ">>> handle = t.register_hook(lambda g: g * 10)\n"
                                    ">>> handle.remove()")},
      {0, nullptr}};
  static PyType_Spec handle_spec = {"tenon.autograd.graph.RemovableHandle", sizeof(PyHandle), 0,
                                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, handle_slots};
  handle_type = reinterpret_cast<PyTypeObject*>(Object::steal(PyType_FromSpec(&handle_spec)).release());
  static PyType_Slot node_slots[] = {
      {Py_tp_dealloc, reinterpret_cast<void*>(node_dealloc)},
      {Py_tp_repr, reinterpret_cast<void*>(node_repr)},
      {Py_tp_getattro, reinterpret_cast<void*>(node_getattro)},
      {Py_tp_traverse, reinterpret_cast<void*>(node_traverse)},
      {Py_tp_clear, reinterpret_cast<void*>(node_clear)},
      {Py_tp_methods, node_methods},
      {Py_tp_getset, node_getset},
      {Py_tp_members, node_members},
      {Py_tp_doc, const_cast<char*>("An operation of the graph that backward() runs: what Tensor.grad_fn is.\n\n"
                                    ">>> (tenon.ones(2, requires_grad=True) * 3).grad_fn.name()\n"
                                    "'mul'")},
      {0, nullptr}};
  static PyType_Spec node_spec = {"tenon.autograd.graph.Node", sizeof(PyNode), 0,
                                  Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                                  node_slots};
  node_type = reinterpret_cast<PyTypeObject*>(Object::steal(PyType_FromSpec(&node_spec)).release());
  if (PyModule_AddObjectRef(module, "_Node", reinterpret_cast<PyObject*>(node_type)) < 0 ||
      PyModule_AddObjectRef(module, "_RemovableHandle", reinterpret_cast<PyObject*>(handle_type)) < 0)
    throw PythonError{};
}

}  // namespace tenon::py
