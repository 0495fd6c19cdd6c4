// Rows: an optimizer's step over all parameters. tenon.optim calls them with its groups and state as they are: dicts in
// PyTorch's form, read anew in each step, so that whatever is set in them counts.
#include <algorithm>
#include <deque>
#include <iterator>

#include "core/errors.h"
#include "op.h"
#include "tenon/autograd.h"
#include "tenon/graph.h"
#include "tenon/ops/copy.h"
#include "tenon/optim.h"

namespace tenon::py {
namespace {

using namespace tenon::optim;

// A key of a dict, interned, so that a look-up compares addresses.
PyObject* key(const char* name) {
  PyObject* k = PyUnicode_InternFromString(name);
  if (!k) throw PythonError{};
  return k;
}

// ---- options: f(name, where the value goes) for each, (name, first, second) for a pair ----
template <class F>
void each(SGDOptions& o, F&& f) {
  f("lr", o.lr), f("momentum", o.momentum), f("dampening", o.dampening), f("weight_decay", o.weight_decay);
  f("nesterov", o.nesterov), f("maximize", o.maximize);
}
template <class Options, class F>
void each_of_adam(Options& o, F&& f) {
  f("lr", o.lr), f("betas", o.beta1, o.beta2), f("eps", o.eps), f("weight_decay", o.weight_decay);
  f("maximize", o.maximize);
}
template <class F>
void each(AdamOptions& o, F&& f) {
  each_of_adam(o, f);
  f("amsgrad", o.amsgrad), f("decoupled_weight_decay", o.decoupled_weight_decay);
}
template <class F>
void each(AdamWOptions& o, F&& f) {
  each_of_adam(o, f);
  f("amsgrad", o.amsgrad);
}
template <class F>
void each(AdamaxOptions& o, F&& f) {
  each_of_adam(o, f);
}
template <class F>
void each(NAdamOptions& o, F&& f) {
  each_of_adam(o, f);
  f("momentum_decay", o.momentum_decay), f("decoupled_weight_decay", o.decoupled_weight_decay);
}
template <class F>
void each(RAdamOptions& o, F&& f) {
  each_of_adam(o, f);
  f("decoupled_weight_decay", o.decoupled_weight_decay);
}
template <class F>
void each(RMSpropOptions& o, F&& f) {
  f("lr", o.lr), f("alpha", o.alpha), f("eps", o.eps), f("weight_decay", o.weight_decay), f("momentum", o.momentum);
  f("centered", o.centered), f("maximize", o.maximize);
}
template <class F>
void each(AdagradOptions& o, F&& f) {
  f("lr", o.lr), f("lr_decay", o.lr_decay), f("weight_decay", o.weight_decay), f("eps", o.eps);
  f("initial_accumulator_value", o.initial_accumulator_value), f("maximize", o.maximize);
}
template <class F>
void each(AdadeltaOptions& o, F&& f) {
  f("lr", o.lr), f("rho", o.rho), f("eps", o.eps), f("weight_decay", o.weight_decay), f("maximize", o.maximize);
}

template <class F>
void each(ASGDOptions& o, F&& f) {
  f("lr", o.lr), f("lambd", o.lambd), f("alpha", o.alpha), f("t0", o.t0), f("weight_decay", o.weight_decay);
  f("maximize", o.maximize);
}
template <class F>
void each(RpropOptions& o, F&& f) {
  f("lr", o.lr), f("etas", o.eta_minus, o.eta_plus), f("step_sizes", o.step_size_min, o.step_size_max);
  f("maximize", o.maximize);
}
template <class F>
void each(AdafactorOptions& o, F&& f) {
  f("lr", o.lr), f("beta2_decay", o.beta2_decay), f("eps", o.eps1, o.eps2), f("d", o.d);
  f("weight_decay", o.weight_decay), f("maximize", o.maximize);
}

Object item(PyObject* group, PyObject* name) {
  Object value = dict_item(group, name);
  if (!value) PyErr_SetObject(PyExc_KeyError, name);
  if (!value) throw PythonError{};
  return value;
}

// The keys of the options, in the order of each(). Made when the row is, before there can be threads.
template <class Options>
std::vector<PyObject*>& option_keys() {
  static auto& keys = *new std::vector<PyObject*>;
  return keys;
}

template <class Options>
Options options_of(PyObject* group) {
  struct Read {
    PyObject* group;
    std::size_t i = 0;
    Object next(const char*) { return item(group, option_keys<Options>()[i++]); }
    double number(const char* name, PyObject* o) {
      if (is_tensor(o) && unwrap(o).numel() != 1)
        errors::fail(Options::kName, name, " must be a number or a tensor of one element; got one of shape ",
                     unwrap(o).shape());
      return to_double(o, {Options::kName, name});
    }
    void operator()(const char* name, double& to) { to = number(name, next(name).get()); }
    void operator()(const char* name, bool& to) {
      const int is_true = PyObject_IsTrue(next(name).get());
      if (is_true < 0) throw PythonError{};
      to = is_true;
    }
    Object pair(const char* name) {
      Object pair = Object::steal(PySequence_Tuple(next(name).get()));
      if (PyTuple_GET_SIZE(pair.get()) != 2)
        errors::fail(Options::kName, name, " must be two numbers; got ",
                     static_cast<std::int64_t>(PyTuple_GET_SIZE(pair.get())));
      return pair;
    }
    void operator()(const char* name, std::optional<double>& first, double& second) {
      const Object two = pair(name);
      if (PyObject* o = PyTuple_GET_ITEM(two.get(), 0); o != Py_None) first = number(name, o);
      second = number(name, PyTuple_GET_ITEM(two.get(), 1));
    }
    void operator()(const char* name, double& first, double& second) {
      const Object pair = this->pair(name);
      first = number(name, PyTuple_GET_ITEM(pair.get(), 0));
      second = number(name, PyTuple_GET_ITEM(pair.get(), 1));
    }
  };
  Options o;
  each(o, Read{group});
  return o;
}

// ---- the state ----

struct Kept {
  Object parameter;
  Object dict;  // null: the parameter has none yet
  Object step, number[kMaxNumbers];  // the tensors that count; null: missing, or plain numbers
};

// A count stands in a tensor without dimensions, which is written in place; in old files it is a number.
double read_count(PyObject* dict, PyObject* name, const char* op, double otherwise, Object& tensor) {
  const Object o = dict_item(dict, name);
  if (!o) return otherwise;
  const double count = to_double(o.get(), {op, "step"});
  if (!is_tensor(o.get())) return count;
  const Tensor& t = unwrap(o.get());
  if (t.read_only()) errors::read_only(op);
  if (!is_floating(t.dtype())) errors::dtype_not_supported(op, t.dtype(), "floats, for a count of steps");
  tensor = o;
  return count;
}
void write_count(PyObject* dict, PyObject* name, const Object& tensor, double value) {
  if (!tensor) {
    const Object fresh = Object::steal(wrap(Tensor::of(value, DType::float32)));
    if (PyDict_SetItem(dict, name, fresh.get()) < 0) throw PythonError{};
    return;
  }
  Tensor& t = unwrap(tensor.get());
  if (!t.device().is_cpu()) return static_cast<void>(copy_(t, Tensor::of(value, t.dtype())));
  Scalar(value).store(t.dtype(), t.data());
  autograd::after_inplace(t, "step");
}

// Options that a graph's replays are made with: those of the capture. Others later are an error.
template <class Options>
class CapturedOptions : public GraphPart {
 public:
  CapturedOptions(PyObject* group, const Options& options) : group_(Object::borrow(group)), values_(values(options)) {}
  void check() override {
    const auto now = values(options_of<Options>(group_.get()));
    for (std::size_t i = 0; i < now.size(); ++i)
      if (now[i].second != values_[i].second)
        errors::fail<RuntimeError>("replay", "the graph's step of ", Options::kName, " was captured with ",
                                   now[i].first, "=", values_[i].second, ", which is ", now[i].second,
                                   " now; capture the step again, or leave the option as it was");
  }
  void renew(Stream) override {}

 private:
  using Values = std::vector<std::pair<const char*, double>>;
  static Values values(Options o) {
    Values all;
    each(o, [&all](const char* name, const auto&... value) {
      const auto number = [](const auto& v) {
        if constexpr (requires { v.value_or(0.0); }) return v.value_or(-1);
        else return static_cast<double>(v);
      };
      (all.emplace_back(name, number(value)), ...);
    });
    return all;
  }

  Object group_;
  Values values_;
};

// The step of a group.
template <class Options>
class Step {
 public:
  Step(PyObject* group, PyObject* state) : group_(group), state_(state), options_(options_of<Options>(group)) {
    const Object parameters = Object::steal(PySequence_Fast(item(group, keys().params).get(), "params must be a list"));
    const auto count = static_cast<std::size_t>(PySequence_Fast_GET_SIZE(parameters.get()));
    entries_.reserve(count);
    kept_.reserve(count);
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(parameters.get()); ++i)
      add(item_at(parameters.get(), i, Options::kName));
  }
  void check() const { optim::check(entries_, options_); }
  void run() {
    std::int64_t elements = 0;
    for (const Entry& e : entries_) elements += e.parameter.numel();
    std::vector<Tensor> used;
    if (elements > kReleaseGilAbove)
      for (const Entry& e : entries_) {
        used.push_back(e.parameter);
        used.push_back(e.gradient);
        std::copy_if(std::begin(e.state), std::end(e.state), std::back_inserter(used),
                     [](const Tensor& t) { return t.defined(); });
      }
    without_gil(elements, [&] { optim::step(entries_, options_); }, used);
    if (!entries_.empty())
      if (const auto graph = graph_of(current_stream(entries_.front().parameter.device())))
        graph->add(std::make_shared<CapturedOptions<Options>>(group_, options_));
    if (Options::counts || states_of(options_))
      for (std::size_t i = 0; i < entries_.size(); ++i) write(entries_[i], kept_[i]);
  }

 private:
  static constexpr int kStates = static_cast<int>(std::size(Options::kState));
  static constexpr std::span<const char* const> kNumbers = numbers_of<Options>();

 public:
  struct Keys {
    PyObject *params = key("params"), *step = key("step"), *state[kStates], *number[kMaxNumbers];
    Keys() {
      for (std::size_t i = 0; i < kNumbers.size(); ++i) number[i] = key(kNumbers[i]);
      for (int i = 0; i < kStates; ++i) state[i] = key(Options::kState[i]);
    }
  };
  // As option_keys().
  static const Keys& keys() {
    static const Keys k;
    return k;
  }

 private:
  // A parameter without a gradient is left out.
  void add(Object o) {
    if (!is_tensor(o.get()))
      errors::fail<TypeError>(Options::kName, "params must be tensors; got ", Py_TYPE(o.get())->tp_name);
    Tensor gradient = unwrap(o.get()).grad();
    if (!gradient.defined()) return;
    Entry& e = entries_.emplace_back();
    Kept& kept = kept_.emplace_back();
    e.parameter = unwrap(o.get());
    e.gradient = std::move(gradient);
    kept.dict = dict_item(state_, o.get());
    kept.parameter = std::move(o);
    if (!kept.dict) return;
    if (!PyDict_Check(kept.dict.get()))
      errors::fail<TypeError>(Options::kName, "the state of a parameter must be a dict; got ",
                              Py_TYPE(kept.dict.get())->tp_name);
    read(e, kept);
  }
  void read(Entry& e, Kept& kept) {
    for (int i = 0; i < kStates; ++i) {
      if (!options_.keeps(i)) continue;
      const Object o = dict_item(kept.dict.get(), keys().state[i]);
      if (!o || o.get() == Py_None) continue;
      if (!is_tensor(o.get()))
        errors::fail<TypeError>(Options::kName, "the state ", Options::kState[i], " must be a tensor; got ",
                                Py_TYPE(o.get())->tp_name);
      e.state[i] = unwrap(o.get());
    }
    const auto on_cpu = [](const Object& o) {
      return o && unwrap(o.get()).device().is_cpu() ? unwrap(o.get()) : Tensor();
    };
    if (Options::counts) e.step = read_count(kept.dict.get(), keys().step, Options::kName, 0, kept.step);
    e.step_at = on_cpu(kept.step);
    for (std::size_t i = 0; i < kNumbers.size(); ++i) {
      e.number[i] = read_count(kept.dict.get(), keys().number[i], Options::kName, 1, kept.number[i]);
      e.number_at[i] = on_cpu(kept.number[i]);
    }
  }
  void write(const Entry& e, Kept& kept) {
    if (!kept.dict) {
      kept.dict = Object::steal(PyDict_New());
      if (PyDict_SetItem(state_, kept.parameter.get(), kept.dict.get()) < 0) throw PythonError{};
    }
    PyObject* dict = kept.dict.get();
    if (Options::counts) write_count(dict, keys().step, kept.step, e.step);
    for (std::size_t i = 0; i < kNumbers.size(); ++i) write_count(dict, keys().number[i], kept.number[i], e.number[i]);
    for (int i = 0; i < kStates; ++i) {
      if (!options_.keeps(i) || !e.state[i].defined()) continue;
      const Object o = dict_item(dict, keys().state[i]);
      if (o && o.get() != Py_None) continue;
      const Object made = Object::steal(wrap(e.state[i]));
      if (PyDict_SetItem(dict, keys().state[i], made.get()) < 0) throw PythonError{};
    }
  }

  PyObject *group_, *state_;
  Options options_;
  std::vector<Entry> entries_;
  std::vector<Kept> kept_;
};

template <class Options>
PyObject* step_row(const OpDef& def, PyObject* const* args) {
  if (!PyList_Check(args[0])) wrong_type({def.name.c_str(), "param_groups"}, "a list of dicts", args[0]);
  if (!PyDict_Check(args[1])) wrong_type({def.name.c_str(), "state"}, "a dict", args[1]);
  std::deque<Step<Options>> groups;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(args[0]); ++i) {
    const Object group = item_at(args[0], i, def.name.c_str());
    if (!PyDict_Check(group.get())) wrong_type({def.name.c_str(), "param_groups"}, "a list of dicts", group.get());
    groups.emplace_back(group.get(), args[1]);
  }
  // All groups are checked before the first one is written.
  if (groups.size() > 1)
    for (const auto& g : groups) g.check();
  for (auto& g : groups) g.run();
  return Py_NewRef(Py_None);
}

template <class Options>
void def_step(Ops& ops, const char* name) {
  Options options;
  each(options, [](const char* option, const auto&...) { option_keys<Options>().push_back(key(option)); });
  Step<Options>::keys();
  ops.raw(name, &step_row<Options>,
          "One step for the parameters that have a gradient.\n\n"
          "param_groups: a list of dicts with parameters and options. state: a dict of a dict for each parameter.",
          "param_groups"_a, "state"_a)
      .function_only()
      .returns("None");
}

}  // namespace

void def_optim(Ops& ops) {
  def_step<SGDOptions>(ops, "_sgd_step");
  def_step<AdamOptions>(ops, "_adam_step");
  def_step<AdamWOptions>(ops, "_adamw_step");
  def_step<AdamaxOptions>(ops, "_adamax_step");
  def_step<NAdamOptions>(ops, "_nadam_step");
  def_step<RAdamOptions>(ops, "_radam_step");
  def_step<RMSpropOptions>(ops, "_rmsprop_step");
  def_step<AdagradOptions>(ops, "_adagrad_step");
  def_step<AdadeltaOptions>(ops, "_adadelta_step");
  def_step<ASGDOptions>(ops, "_asgd_step");
  def_step<RpropOptions>(ops, "_rprop_step");
  def_step<AdafactorOptions>(ops, "_adafactor_step");
  ops.def("_total_norm", &total_norm, "The p-norm of all elements of all tensors.", "tensors"_a, "norm_type"_a = 2.0)
      .function_only();
  ops.def("_scale_to_norm", &scale_to_norm, "Scales the tensors down to a norm, in place.", "tensors"_a, "max_norm"_a,
          "total_norm"_a)
      .function_only();
}

}  // namespace tenon::py
