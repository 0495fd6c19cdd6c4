// Python's Function as a node of the graph. Its context is a Python object (tenon.autograd.function), which the node
// holds and calls; what it saved are tensors of the core, with their checks.
#include <string>
#include <vector>

#include "convert.h"
#include "core/errors.h"
#include "graph.h"
#include "op.h"
#include "tenon/function.h"
#include "unguarded.h"

namespace tenon::py {
namespace {

using autograd::SavedTensors;
using SavedPointer = std::shared_ptr<SavedTensors>;

constexpr const char* kSaved = "tenon.saved_tensors";

Object capsule_of(SavedPointer saved) {
  return Object::steal(PyCapsule_New(new SavedPointer(std::move(saved)), kSaved, [](PyObject* o) {
    delete static_cast<SavedPointer*>(PyCapsule_GetPointer(o, kSaved));
  }));
}

// A tuple's tensors, undefined for what is none.
std::vector<Tensor> tensors_among(PyObject* tuple) {
  std::vector<Tensor> out;
  if (!PyTuple_Check(tuple)) throw TypeError("Function: a tuple is needed");
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); ++i) {
    PyObject* o = PyTuple_GET_ITEM(tuple, i);
    out.push_back(is_tensor(o) ? unwrap(o) : Tensor());
  }
  return out;
}

class PyFunctionNode final : public autograd::CustomNode {
 public:
  PyFunctionNode(const std::string& name, PyObject* context) : CustomNode(name), context_(held(context)) {
    python = context;
  }

  Grads run(std::span<const Tensor> gs) override {
    const WithGil gil;
    const Held context = context_;
    if (!context) errors::graph_freed(op());
    const Object arguments = to_tuple(gs), name = gil.result(PyUnicode_FromString("_run_backward"));
    const Object result = gil.result(PyObject_CallMethodOneArg(context.get(), name.get(), arguments.get()));
    return tensors_among(result.get());
  }

  void clear() {
    python = nullptr;
    context_ = nullptr;
  }

 private:
  Held context_;
};

// The outputs, which may be other objects than tensors, with their history. inputs to to_save are tuples.
PyObject* record_function(const OpDef& def, PyObject* const* args) {
  PyObject *context = args[0], *outputs = args[3];
  const std::string name = argument<std::string>(def, args, 1);
  const std::vector<Tensor> given = tensors_among(outputs);
  auto node = Ref<PyFunctionNode>::adopt(new PyFunctionNode(name, context));
  node->materialize = argument<bool>(def, args, 7);
  const std::vector<Tensor> made = node->record(
      {tensors_among(args[2]), given, tensors_among(args[4]), tensors_among(args[5]), tensors_among(args[6])});
  if (PyObject_SetAttrString(context, "_saved", capsule_of(node->saved()).get()) < 0) throw PythonError{};
  Object result = Object::steal(PyTuple_New(PyTuple_GET_SIZE(outputs)));
  for (std::size_t i = 0; i < made.size(); ++i) {
    const auto at = static_cast<Py_ssize_t>(i);
    const bool is_new = made[i].defined() && !made[i].is_same(given[i]);
    PyTuple_SET_ITEM(result.get(), at, is_new ? wrap(made[i]) : Py_NewRef(PyTuple_GET_ITEM(outputs, at)));
  }
  return result.release();
}

// Tensors that are kept beside the graph, with the checks of those in it.
class Kept final : public autograd::CustomNode {
 public:
  using CustomNode::CustomNode;
  Grads run(std::span<const Tensor>) override { return {}; }
};

PyObject* save_tensors(const OpDef& def, PyObject* const* args) {
  auto node = Ref<Kept>::adopt(new Kept(argument<std::string>(def, args, 1)));
  node->record({{}, {}, {}, {}, to_tensors(args[0], {"save", "tensors"})});
  return capsule_of(node->saved()).release();
}

PyObject* saved_tensors(const OpDef&, PyObject* const* args) {
  auto* pointer = static_cast<SavedPointer*>(PyCapsule_GetPointer(args[0], kSaved));
  if (!pointer) throw PythonError{};
  return to_tuple((*pointer)->get()).release();
}

// _differentiable_once(name, results, inputs): the results with a node that refuses to run.
PyObject* differentiable_once(const OpDef& def, PyObject* const* args) {
  const std::string name = argument<std::string>(def, args, 0);
  std::vector<Tensor> results = tensors_among(args[1]);
  std::vector<Tensor> inputs;
  for (const Tensor& t : tensors_among(args[2]))
    if (t.defined()) inputs.push_back(t);
  for (Tensor& t : results) {
    if (!t.defined()) continue;
    t = t.detach();
    autograd::attach(t, "once_differentiable", inputs, Backward([name](const Tensor&) -> Grads {
                       errors::fail<GradError>(name,
                                               "its backward is marked @once_differentiable: it has no second "
                                               "derivative");
                     }));
  }
  return to_tuple(results).release();
}

PyObject* push_hooks(const OpDef& def, PyObject* const* args) {
  for (int i = 0; i < 2; ++i)
    if (!PyCallable_Check(args[i])) wrong_type({def.name.c_str(), i ? "unpack" : "pack"}, "a function", args[i]);
  autograd::push_saved_tensors_hooks([pack = held(args[0]), unpack = held(args[1])](const Tensor& t) {
    const WithGil gil;
    const Object bare = gil.result(wrap(t));
    const Object packed = gil.result(PyObject_CallOneArg(pack.get(), bare.get()));
    return [packed = held(packed.get()), unpack]() -> Tensor {
      const WithGil gil_again;
      const Object t_again = gil_again.result(PyObject_CallOneArg(unpack.get(), packed.get()));
      if (!is_tensor(t_again.get())) {
        PyErr_Format(PyExc_TypeError, "saved_tensors_hooks: the unpack hook must return a tensor; got %.200s",
                     Py_TYPE(t_again.get())->tp_name);
        gil_again.fail();
      }
      return unwrap(t_again.get());
    };
  });
  return Py_NewRef(Py_None);
}

template <class F>
PyObject* add_hook(PyObject* const* args, const char* op, F&& add) {
  if (!is_tensor(args[0])) wrong_type({op, "input"}, "a tensor", args[0]);
  if (!PyCallable_Check(args[1])) {
    PyErr_Format(PyExc_TypeError, "%s: a hook must be callable; got %.200s", op, Py_TYPE(args[1])->tp_name);
    throw PythonError{};
  }
  Object handle = Object::steal(wrap_handle(add(unwrap(args[0]), args[1])));
  track(args[0]);  // the hook may lead back to the tensor
  return handle.release();
}

PyObject* register_hook(const OpDef&, PyObject* const* args) {
  return add_hook(args, "register_hook", [](const Tensor& t, PyObject* f) {
    return autograd::register_hook(
        t,
        [f = held(f)](const Tensor& g) -> Tensor {
          const WithGil gil;
          const Object argument = gil.result(wrap(g));
          const Object r = gil.result(PyObject_CallOneArg(f.get(), argument.get()));
          return r.get() == Py_None ? Tensor() : to_tensor(r.get(), {"register_hook", "the hook's result"});
        },
        f);
  });
}

PyObject* register_leaf_hook(const OpDef&, PyObject* const* args) {
  return add_hook(args, "register_post_accumulate_grad_hook", [](const Tensor& t, PyObject* f) {
    return autograd::register_post_accumulate_grad_hook(
        t,
        [f = held(f)](const Tensor& leaf) {
          const WithGil gil;
          const Object argument = gil.result(wrap(leaf));
          (void)gil.result(PyObject_CallOneArg(f.get(), argument.get()));
        },
        f);
  });
}

}  // namespace

void clear_function(Node& node) {
  if (auto* f = dynamic_cast<PyFunctionNode*>(&node)) f->clear();
}

void def_function(Ops& ops) {
  ops.raw(
         "register_hook", &register_hook,
         "Calls hook(grad) with the tensor's whole gradient, each time that backward() or grad() has it.\n\n"
         "A tensor that the hook returns takes its place; later hooks get that one. It must have the tensor's shape\n"
         "(ValueError). Returns a handle whose remove() removes the hook. After a write in place the tensor has another\n"
         "gradient, which this hook does not see. RuntimeError for a tensor that requires no grad, TypeError for what\n"
         "cannot be called.\n\n"
         "hook: a function of the gradient; what it returns, unless None, replaces the gradient.\n\n"
         ">>> t = tenon.ones(2, requires_grad=True)\n"
         ">>> handle = t.register_hook(lambda g: g * 10)\n"
         ">>> t.sum().backward()\n"
         ">>> t.grad\n"
         "tensor([10., 10.])",
         "input"_a, "hook"_a)
      .method_only()
      .returns("_RemovableHandle");
  ops.raw("register_post_accumulate_grad_hook", &register_leaf_hook,
          "Calls hook(tensor) after backward() has added to a leaf's .grad, as soon as no more will come.\n\n"
          "Returns a handle whose remove() removes the hook. RuntimeError for what is no leaf that requires grad,\n"
          "TypeError for what cannot be called.\n\n"
          "hook: a function of the tensor, called when its grad has been added to.\n\n"
          ">>> t = tenon.ones(2, requires_grad=True)\n"
          ">>> handle = t.register_post_accumulate_grad_hook(lambda t: print(t.grad))\n"
          ">>> t.sum().backward()\n"
          "tensor([1., 1.])",
          "input"_a, "hook"_a)
      .method_only()
      .returns("_RemovableHandle");
  ops.raw("_record_function", &record_function, "The outputs of a Function with their history.", "context"_a, "name"_a,
          "inputs"_a, "outputs"_a, "dirty"_a, "nondifferentiable"_a, "to_save"_a, "materialize"_a)
      .function_only()
      .returns("tuple[Any, ...]");
  ops.def(
         "_written", +[](Tensor& t) { autograd::after_inplace(t, "mark_dirty"); }, "Counts a write in place.",
         "input"_a)
      .function_only();
  ops.raw("_save_tensors", &save_tensors, "Keeps tensors as an operation keeps them for backward.", "tensors"_a, "op"_a)
      .function_only()
      .returns("Any");
  ops.raw("_saved_tensors", &saved_tensors, "What was kept, after its checks.", "saved"_a)
      .function_only()
      .returns("tuple[Tensor | None, ...]");
  ops.raw("_differentiable_once", &differentiable_once, "Results that refuse to be differentiated.", "name"_a,
          "results"_a, "inputs"_a)
      .function_only()
      .returns("tuple[Tensor | None, ...]");
  ops.raw("_push_saved_tensors_hooks", &push_hooks, "Saved tensors go through pack and unpack on this thread.",
          "pack"_a, "unpack"_a)
      .function_only()
      .returns("None");
  ops.def("_pop_saved_tensors_hooks", &autograd::pop_saved_tensors_hooks, "Undoes the last push.").function_only();
  ops.def("_disable_saved_tensors_hooks", &autograd::disable_saved_tensors_hooks,
          "Makes pushes an error with this message, '' for none; returns the one before.", "message"_a)
      .function_only();
}

}  // namespace tenon::py
