// Python's Function as a node of the graph. Its context is a Python object (tenon.autograd.function), which the node
// holds and calls; what it saved are tensors of the core, with their checks.
#include <algorithm>
#include <string>
#include <vector>

#include "convert.h"
#include "core/errors.h"
#include "graph.h"
#include "op.h"
#include "tenon/autograd.h"
#include "tenon/ops/creation.h"

namespace tenon::py {
namespace {

// What save_for_backward() kept.
struct SavedTensors {
  std::vector<Saved> list;
  std::string op;
  bool freed = false;
};
using SavedPointer = std::shared_ptr<SavedTensors>;

constexpr const char* kSaved = "tenon.saved_tensors";

Object capsule_of(SavedPointer saved) {
  return Object::steal(PyCapsule_New(new SavedPointer(std::move(saved)), kSaved, [](PyObject* o) {
    delete static_cast<SavedPointer*>(PyCapsule_GetPointer(o, kSaved));
  }));
}

class PyFunctionNode final : public Node {
 public:
  PyFunctionNode(std::string name, PyObject* context, bool materialize)
      : Node(nullptr), name_(std::move(name)), context_(held(context)), materialize_(materialize) {
    set_op(name_.c_str());
    python = context;
  }

  Grads backward(std::span<const Tensor> gs) override {
    const WithGil gil;
    if (!context_) errors::graph_freed(op());
    std::vector<Tensor> of_outputs(gs.begin(), gs.end());
    if (materialize_)
      for (std::uint32_t i = 0; i < outputs(); ++i)
        if (!of_outputs[i].defined() && infos[i].dtype != DType::bool_)
          of_outputs[i] = zeros(infos[i].shape, infos[i].dtype, infos[i].device);
    const Held context = context_;
    const Object arguments = to_tuple(of_outputs), name = gil.result(PyUnicode_FromString("_run_backward"));
    const Object result = gil.result(PyObject_CallMethodOneArg(context.get(), name.get(), arguments.get()));
    Grads out;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(result.get()); ++i) {
      PyObject* g = PyTuple_GET_ITEM(result.get(), i);
      out.push_back(g == Py_None ? Tensor() : unwrap(g));
    }
    return out;
  }

  void free_saved() override {
    if (!saved) return;
    saved->list.clear();
    saved->freed = true;
  }
  void clear() {
    python = nullptr;
    context_ = nullptr;
  }

  SavedPointer saved;
  std::vector<OutputInfo> infos;  // also of outputs that are not differentiable

 private:
  std::string name_;
  Held context_;
  bool materialize_;
};

bool among(PyObject* list, PyObject* o) {
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(list); ++i)
    if (PyTuple_GET_ITEM(list, i) == o) return true;
  return false;
}

// A tuple's tensors, undefined for what is none.
std::vector<Tensor> tensors_among(PyObject* tuple) {
  std::vector<Tensor> out;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); ++i) {
    PyObject* o = PyTuple_GET_ITEM(tuple, i);
    out.push_back(is_tensor(o) ? unwrap(o) : Tensor());
  }
  return out;
}

// _record_function(context, name, inputs, outputs, dirty, nondifferentiable, to_save, materialize): the outputs with
// their history. All but the first two and the last are tuples.
PyObject* record_function(const OpDef& def, PyObject* const* args) {
  PyObject* context = args[0];
  const std::string name = argument<std::string>(def, args, 1);
  const std::vector<Tensor> inputs = tensors_among(args[2]), outputs = tensors_among(args[3]);
  PyObject *dirty = args[4], *fixed = args[5];
  auto node = Ref<PyFunctionNode>::adopt(new PyFunctionNode(name, context, argument<bool>(def, args, 7)));

  std::vector<Tensor> ys(outputs.size()), given = outputs;  // ys: those that get a history here
  std::vector<bool> written(outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Tensor& y = outputs[i];
    PyObject* o = PyTuple_GET_ITEM(args[3], static_cast<Py_ssize_t>(i));
    node->infos.push_back(y.defined() ? OutputInfo(y) : OutputInfo());
    if (!y.defined()) node->infos.back().dtype = DType::bool_;
    if (!y.defined()) continue;
    written[i] = among(dirty, o);
    if (written[i]) {
      autograd::check_inplace(y, node->op(), true);
    } else if (y.requires_grad() || y.impl()->base || among(args[2], o)) {
      given[i] = y.detach();  // the same memory: an input that is returned, or a view of one
    }
    if (!written[i] && !among(fixed, o)) ys[i] = given[i];
  }
  autograd::attach(ys, Ref<Node>(node.get()), autograd::edges_of(inputs));
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!written[i]) continue;
    node->set_output(static_cast<std::uint32_t>(i), OutputInfo(outputs[i]));
    const bool flows = is_differentiable(outputs[i].dtype());
    autograd::after_inplace(outputs[i], "mark_dirty", flows ? Edge(Ref<Node>(node.get()), static_cast<std::uint32_t>(i)) : Edge());
  }

  node->saved = std::make_shared<SavedTensors>();
  node->saved->op = name;
  for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(args[6]); ++k) {
    PyObject* o = PyTuple_GET_ITEM(args[6], k);
    if (o == Py_None) {
      node->saved->list.emplace_back();
      continue;
    }
    const Tensor t = to_tensor(o, {"save_for_backward", "tensors"});
    const auto at = std::find_if(outputs.begin(), outputs.end(), [&](const Tensor& y) { return y.defined() && y.is_same(t); });
    const auto i = static_cast<std::size_t>(at - outputs.begin());
    if (at != outputs.end() && (written[i] || !among(args[2], o)))
      node->saved->list.push_back(Saved::output(t, node->op(), static_cast<std::uint32_t>(i)));
    else node->saved->list.emplace_back(t, node->op());
  }
  const Object capsule = capsule_of(node->saved);
  if (PyObject_SetAttrString(context, "_saved", capsule.get()) < 0) throw PythonError{};

  Object result = Object::steal(PyTuple_New(static_cast<Py_ssize_t>(outputs.size())));
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    PyObject* o = PyTuple_GET_ITEM(args[3], static_cast<Py_ssize_t>(i));
    PyTuple_SET_ITEM(result.get(), static_cast<Py_ssize_t>(i),
                     given[i].defined() && !given[i].is_same(outputs[i]) ? wrap(given[i]) : Py_NewRef(o));
  }
  return result.release();
}

PyObject* save_tensors(const OpDef& def, PyObject* const* args) {
  auto saved = std::make_shared<SavedTensors>();
  saved->op = argument<std::string>(def, args, 1);
  static const char* const op = "save";
  for (const Tensor& t : to_tensors(args[0], {"save", "tensors"})) saved->list.emplace_back(t, op);
  return capsule_of(std::move(saved)).release();
}

PyObject* saved_tensors(const OpDef&, PyObject* const* args) {
  auto* pointer = static_cast<SavedPointer*>(PyCapsule_GetPointer(args[0], kSaved));
  if (!pointer) throw PythonError{};
  const SavedPointer saved = *pointer;
  if (saved->freed) errors::graph_freed(saved->op);
  std::vector<Tensor> out;
  for (const Saved& s : saved->list) out.push_back(s.get());
  return to_tuple(out).release();
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
                       errors::fail<GradError>(name, "its backward is marked @once_differentiable: it has no second "
                                                     "derivative");
                     }));
  }
  return to_tuple(results).release();
}

PyObject* push_hooks(const OpDef&, PyObject* const* args) {
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
  if (!PyCallable_Check(args[1])) {
    PyErr_Format(PyExc_TypeError, "%s: a hook must be callable; got %.200s", op, Py_TYPE(args[1])->tp_name);
    throw PythonError{};
  }
  Object handle = Object::steal(wrap_handle(add(unwrap(args[0]), args[1])));
  if (!PyObject_GC_IsTracked(args[0])) PyObject_GC_Track(args[0]);  // the hook may lead back to the tensor
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
  ops.raw("register_hook", &register_hook,
          "Calls hook(grad) with the tensor's whole gradient, each time that backward() or grad() has it.\n\n"
          "A tensor that the hook returns takes its place; later hooks get that one. It must have the tensor's shape\n"
          "(ValueError). Returns a handle whose remove() removes the hook. After a write in place the tensor has another\n"
          "gradient, which this hook does not see. RuntimeError for a tensor that requires no grad, TypeError for what\n"
          "cannot be called.",
          "input"_a, "hook"_a)
      .method_only()
      .returns("RemovableHandle");
  ops.raw("register_post_accumulate_grad_hook", &register_leaf_hook,
          "Calls hook(tensor) after backward() has added to a leaf's .grad, as soon as no more will come.\n\n"
          "Returns a handle whose remove() removes the hook. RuntimeError for what is no leaf that requires grad,\n"
          "TypeError for what cannot be called.",
          "input"_a, "hook"_a)
      .method_only()
      .returns("RemovableHandle");
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
  ops.raw("_push_saved_tensors_hooks", &push_hooks, "Saved tensors go through pack and unpack on this thread.", "pack"_a,
          "unpack"_a)
      .function_only()
      .returns("None");
  ops.def("_pop_saved_tensors_hooks", &autograd::pop_saved_tensors_hooks, "Undoes the last push.").function_only();
  ops.def("_disable_saved_tensors_hooks", &autograd::disable_saved_tensors_hooks,
          "Makes pushes an error with this message, '' for none; returns the one before.", "message"_a)
      .function_only();
}

}  // namespace tenon::py
