// The callable type of tenon's operations, and the rows that declare them:
//
//   ops.def("sum", &tenon::sum, "The sum of the elements.", "input"_a, "dim"_a = none, "keepdim"_a = false)
//      .numpy("sum", reduction<Op::add>).array_api("sum");
//
// A row makes one object that is the function tenon.sum and the method Tensor.sum: called by vectorcall, with
// name, documentation and signature, pickled by name. "dim" may be called "axis", "keepdim" "keepdims",
// "input" "x" or "a". Every operation that returns a tensor takes out=.
//
// .numpy(name) puts the same object into tenon.numpy. .numpy(name, family) makes a second object for tenon.numpy: it
// calls the same C++ function under NumPy's signature (numpy_families.h). .numpy(name, function, arguments...) is for
// a signature that no family has, .numpy_only(name) for a row that tenon.numpy alone shows. .nn() shows a row in
// tenon.nn.functional, .nn_only() there alone.
#pragma once

#include <algorithm>
#include <array>
#include <initializer_list>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "autocast.h"
#include "convert.h"
#include "tenon/autograd.h"
#include "tenon/casting.h"
#include "unguarded.h"

#include <structmember.h>  // after Python.h

namespace tenon::py {

struct Arg {
  const char* name;
  PyObject* default_value = nullptr;  // a reference that is kept for good, as rows are; null: required
  [[maybe_unused]] bool keyword_only = false;
  bool variadic = false;   // takes the remaining positional ints too: t.permute(1, 0)
  bool rest = false;       // takes all remaining positional arguments, as Python's *args

  Arg operator=(std::nullptr_t) &&;
  Arg operator=(bool v) &&;
  Arg operator=(int v) &&;
  Arg operator=(double v) &&;
  Arg operator=(const char* v) &&;
  Arg operator=(Object v) &&;
};
inline constexpr std::nullptr_t none = nullptr;
inline Arg operator""_a(const char* name, std::size_t) { return Arg{name}; }
// Marks the arguments after it as keyword-only.
inline constexpr Arg kw_only{"*"};
// Marks the arguments before it as positional-only.
inline constexpr Arg pos_only{"/"};
inline Arg keyword(Arg a) {
  a.keyword_only = true;
  return a;
}
inline Arg variadic(Arg a) {
  a.variadic = true;
  return a;
}
// Python's *args: all positional arguments from here on, in a tuple.
inline Arg rest(Arg a) {
  a.variadic = a.rest = true;
  return a;
}

// A type in the stub.
struct TypeText {
  const char* name;
  bool or_none = false;
};

// What is done once for each row stands in op_rows.cc: hundreds of rows of many types would be much code.
struct OpDef {
  std::string name;
  std::string doc;                      // plain prose; README.md says in which places what stands
  std::string notes;                    // the end of doc, which holds under NumPy's signature too
  const OpDef* row = nullptr;           // of an alias and under NumPy's signature: where the example stands
  std::string numpy_name, array_api_name;
  const char* module = "tenon";         // where it is pickled from
  std::vector<const char*> aliases;     // other names of the same function
  std::vector<std::string> types;       // of the arguments, for the stub; empty for raw rows
  std::string returns = "Tensor";
  std::vector<Arg> args;
  std::vector<PyObject*> interned;      // the arguments' names
  std::vector<std::pair<PyObject*, int>> interned_aliases;  // their other names, and whose they are
  std::vector<std::pair<const char*, int>> renamed;  // the names that arguments have in tenon
  bool is_function = true, is_method = true;
  bool takes_out = false;
  bool native_out = false;              // invoke() gets out (or null) behind the arguments
  bool long_work = false;               // its arguments' sizes do not tell how long it takes
  bool keeps_gil = false;               // other threads must not see what it changes half done
  int out_at = -1;                      // out='s place among the positional arguments; -1: a keyword only
  int positional_only = 0;              // so many of the first arguments have no name
  int positional = 0;                   // so many arguments may be given by position, out= included
  bool is_ufunc = false;
  int op_arity = 0;                     // of an elementwise row and of a ufunc
  bool op_alone = false;                // op of the operands is the result where no other argument is given
  int results = 1;                      // of a ufunc, as what follows
  const char* core = nullptr;           // "(n),(n)->()": it works on these dimensions
  const char* loops = nullptr;          // "dd->d FF->F": it is composed; fn is a Composed (ufunc.h)
  bool joins = false;                   // op has the methods of one that is composed
  Op op{};                              // of an elementwise row, and what a reduction joins its elements by
  // Called with one object per argument (defaults filled in); returns a new reference or throws.
  PyObject* (*invoke)(const OpDef& def, PyObject* const* args) = nullptr;
  Autocast autocast = Autocast::none;
  PyObject* (*direct)(const OpDef& def, PyObject* const* args) = nullptr;  // invoke, of a row with autocast
  void (*fn)() = nullptr;
  Tensor (*of_ints)(const Tensor&, const Dims&) = nullptr;  // fn, where it is such a one
  int variadic_at = -1;
  bool variadic_arrays = false;         // which may be lists themselves: meshgrid([1, 2], [3])
  bool variadic_rest = false;           // which is Python's *args
  std::uint32_t arrays = 0;  // bit i: argument i is read as a tensor, from a list too (rows without types set it),
  std::uint32_t array_numbers = 0;  // or from a number

  // Sets the arguments. "out"_a says where out= stands by position, kw_only that the rest has no position, pos_only
  // that those before have no name.
  void set_arguments(std::initializer_list<Arg> list);
  template <class... Args>
  void arguments(Args... list) {
    set_arguments({list...});
  }
  // Those of a C++ function, and what it takes and returns.
  void set_signature(std::initializer_list<Arg> list, std::initializer_list<TypeText> taken, TypeText returned);
  void set_returns(TypeText type);
  // The text behind the first line; notes follow.
  void document(const std::string& text);
  void add_notes(const char* text);
  void add_example(const char* text);
  void add_aliases(std::initializer_list<const char*> names);
};

struct OpObject {
  PyObject_HEAD vectorcallfunc vectorcall;
  OpDef* def;
  PyObject* qualname;
};
extern PyTypeObject* op_type;

inline constexpr int kMaxArgs = 16;

namespace detail {

template <class T>
using bare = std::remove_cv_t<std::remove_reference_t<T>>;

// The Python type that stands for T in the stub.
template <class T>
struct TypeName {
  static constexpr TypeText get() {
    if constexpr (std::is_void_v<T>) return {"None"};
    else if constexpr (std::is_same_v<T, Tensor> || std::is_same_v<T, Operand>) return {"ArrayLike"};
    else if constexpr (std::is_same_v<T, bool>) return {"_bool"};
    else if constexpr (std::is_integral_v<T>) return {"_int"};
    else if constexpr (std::is_floating_point_v<T>) return {"_float"};
    else if constexpr (std::is_same_v<T, std::string>) return {"_str"};
    else if constexpr (std::is_same_v<T, Scalar> || std::is_same_v<T, Number>) return {"Number"};
    else if constexpr (std::is_same_v<T, Dims>) return {"Ints"};
    else if constexpr (std::is_same_v<T, DType>) return {"DTypeLike"};
    else if constexpr (std::is_same_v<T, Device>) return {"DeviceLike", true};
    else if constexpr (std::is_same_v<T, MemoryFormat>) return {"_str", true};
    else if constexpr (std::is_same_v<T, Generator*>) return {"Generator", true};
    else if constexpr (std::is_same_v<T, std::vector<Tensor>> || std::is_same_v<T, std::span<const Tensor>>)
      return {"Sequence[ArrayLike] | Tensor"};
    else return {"Any"};
  }
};
template <class T>
struct TypeName<std::optional<T>> {
  static constexpr TypeText get() { return {TypeName<T>::get().name, true}; }
};
template <class R>
constexpr TypeText returned() {
  if constexpr (std::is_same_v<R, Tensor>) return {"Tensor"};
  else if constexpr (std::is_same_v<R, std::vector<Tensor>>) return {"tuple[Tensor, ...]"};
  else if constexpr (std::is_same_v<R, Dims>) return {"tuple[_int, ...]"};
  else if constexpr (std::is_same_v<R, DType>) return {"_dtype"};
  else return TypeName<R>::get();
}

template <class R, class... A, std::size_t... I>
PyObject* call(const OpDef& def, PyObject* const* args, std::index_sequence<I...>) {
  auto fn = reinterpret_cast<R (*)(A...)>(def.fn);
  // Braces: arguments are converted from left to right.
  std::tuple<From<bare<A>>...> from{From<bare<A>>(args[I], Where{def.name.c_str(), def.args[I].name})...};
  const std::int64_t n = def.long_work   ? kLongWork
                         : def.keeps_gil ? 0
                                         : std::max({std::int64_t{0}, work(std::get<I>(from).get())...});
  const auto run = [&]() -> bare<R> { return fn(std::get<I>(from).get()...); };
  const auto run_as_told = [&]() -> bare<R> {
    if constexpr (!kHasGil)
      if (def.keeps_gil) return alone(run);
    return without_gil(n, run, std::get<I>(from).get()...);
  };
  if constexpr (std::is_void_v<R>) {
    run_as_told();
    return Py_NewRef(Py_None);
  } else {
    return to_python(run_as_told());
  }
}
template <class R, class... A>
PyObject* invoke(const OpDef& def, PyObject* const* args) {
  return call<R, A...>(def, args, std::index_sequence_for<A...>{});
}

}  // namespace detail

// autocast.cc: casts the arguments as def.autocast says while that is on, then calls def.direct.
PyObject* invoke_cast(const OpDef& def, PyObject* const* args);

// For raw rows: the argument i as a T.
template <class T>
T argument(const OpDef& def, PyObject* const* args, int i) {
  return T(From<T>(args[i], Where{def.name.c_str(), def.args[static_cast<std::size_t>(i)].name}).get());
}
// The result of without_gil() for Python.
template <class F, class... Used>
PyObject* computed(std::int64_t work, F&& f, const Used&... used) {
  return to_python(without_gil(work, std::forward<F>(f), used...));
}

// Where rows are added; one for the module.
class Ops {
 public:
  // F: the C++ function's type, nullptr_t for raw rows.
  template <class F>
  class Row {
   public:
    Row(Ops& ops, OpDef& def) : ops_(ops), def_(def) {}
    // The object itself stands under these names in tenon.numpy; "linalg.norm" in tenon.numpy.linalg.
    template <class... Also>
    Row& numpy(const char* name, Also... also)
      requires(std::is_convertible_v<Also, const char*> && ...)
    {
      ops_.show_row(def_, name, &def_);
      (ops_.show(also, &def_), ...);
      return *this;
    }
    // An object of its own, to which the family gives NumPy's arguments and what calls the row's function with them.
    template <class... Also>
    Row& numpy(const char* name, void (*family)(OpDef&, F), Also... also) {
      OpDef* d = ops_.under_numpy(def_, name);
      family(*d, fn());
      ops_.show_row(def_, name, d);
      (ops_.show(also, d), ...);
      return *this;
    }
    // The same object but for the names of its first arguments; the row's are taken, too.
    Row& numpy(const char* name, std::initializer_list<const char*> arguments) {
      ops_.show_row(def_, name, ops_.renamed(def_, name, arguments));
      return *this;
    }
    // The same with another C++ function and its own arguments; the documentation's first line and notes are the row's.
    template <class R, class... A, class... Args>
    Row& numpy(const char* name, R (*fn)(A...), const char* doc, Args... args)
      requires(sizeof...(Args) > 0)
    {
      OpDef* d = ops_.under_numpy(def_, name);
      d->document(doc);
      bind(*d, fn, args...);
      ops_.show_row(def_, name, d);
      return *this;
    }
    // tenon.numpy alone has this row.
    Row& numpy_only(const char* name) {
      def_.is_function = def_.is_method = false;
      def_.module = module_of(name);
      return numpy(name);
    }
    // The standard's name for what numpy() has made, or, without that, for the row.
    Row& array_api(const char* name) {
      ops_.show_standard(def_, name);
      return *this;
    }
    Row& array_api(const char* name, void (*family)(OpDef&, F)) {
      OpDef* d = ops_.under_numpy(def_, name);
      family(*d, fn());
      ops_.show_standard(def_, name, d);
      return *this;
    }
    // tenon.nn.functional shows the row's object, too.
    Row& nn() {
      ops_.show_in_nn(def_);
      return *this;
    }
    // tenon.nn.functional alone has this row.
    Row& nn_only() {
      def_.is_function = def_.is_method = false;
      def_.module = "tenon.nn.functional";
      return nn();
    }
    Row& arrays(std::uint32_t which) {
      def_.arrays = which;
      return *this;
    }
    // The last words of the documentation before its example, for both signatures.
    Row& notes(const char* text) {
      def_.add_notes(text);
      return *this;
    }
    // The example, where the documentation comes from a function that many rows share.
    Row& example(const char* text) {
      def_.add_example(text);
      return *this;
    }
    Row& function_only() {
      def_.is_method = false;
      return *this;
    }
    Row& method_only() {
      def_.is_function = false;
      return *this;
    }
    Row& no_out() {
      def_.takes_out = false;
      return *this;
    }
    // Of so many tensors alone it is this elementwise operation.
    Row& computes(Op op, int arity) {
      def_.op = op;
      def_.op_arity = arity;
      def_.op_alone = true;
      return *this;
    }
    // What autocast does to the arguments. Before .numpy(name, {names}), which copies the row.
    Row& autocast(Autocast policy) {
      if (policy == Autocast::none) return *this;
      def_.autocast = policy;
      def_.direct = def_.invoke;
      def_.invoke = &invoke_cast;
      return *this;
    }
    // Runs without the GIL whatever its arguments' sizes are.
    Row& long_work() {
      def_.long_work = true;
      return *this;
    }
    // For what changes a tensor itself: its geometry, its memory or what it requires.
    Row& keeps_gil() {
      def_.keeps_gil = true;
      return *this;
    }
    // For raw rows that return a tensor.
    Row& with_out() {
      def_.takes_out = true;
      return *this;
    }
    // For the stub, where a raw row returns something else than a tensor.
    Row& returns(const char* type) {
      def_.set_returns({type});
      return *this;
    }
    template <class... Names>
    Row& alias(Names... names) {
      def_.add_aliases({names...});
      return *this;
    }

   private:
    F fn() const {
      if constexpr (std::is_same_v<F, std::nullptr_t>) return nullptr;
      else return reinterpret_cast<F>(def_.fn);
    }
    Ops& ops_;
    OpDef& def_;
  };

  template <class R, class... A, class... Args>
  Row<R (*)(A...)> def(const char* name, R (*fn)(A...), const char* doc, Args... args) {
    OpDef* d = new_row(name, doc);
    bind(*d, fn, args...);
    d->takes_out = std::is_same_v<R, Tensor>;
    return {*this, *d};
  }
  // A row with its own conversion: args[i] are objects, missing ones their defaults.
  template <class... Args>
  Row<std::nullptr_t> raw(const char* name, PyObject* (*fn)(const OpDef&, PyObject* const*), const char* doc,
                          Args... args) {
    OpDef* d = new_row(name, doc);
    d->arguments(args...);
    d->invoke = fn;
    return {*this, *d};
  }
  void add_row(OpDef* d) { all_.push_back(d); }
  std::span<OpDef* const> all() const { return all_; }

  // ---- tenon.numpy ----
  // A row's object under NumPy's signature, still without arguments: its documentation begins as the row's.
  OpDef* under_numpy(const OpDef& row, const char* name);
  // A copy of a row whose first arguments have other names.
  OpDef* renamed(const OpDef& row, const char* name, std::initializer_list<const char*> arguments);
  // Names of tenon.numpy ("sum", "linalg.norm"), each with its object's row.
  void show(const std::string& name, OpDef* d);
  void show_if_free(const std::string& name, OpDef* d);
  // The object for NumPy's name of a row.
  void show_row(OpDef& row, const char* name, OpDef* d);
  // The object for the standard's name of a row; without one NumPy's, or the row's own.
  void show_standard(OpDef& row, const char* name, OpDef* d = nullptr);
  void show_in_nn(OpDef& row);
  OpDef* shown(const std::string& name) const;
  std::span<const std::pair<std::string, OpDef*>> numpy_names() const { return numpy_; }
  // The module that shows a name of tenon.numpy.
  static const char* module_of(std::string_view name);

  // The rows that tenon.nn.functional shows.
  std::span<OpDef* const> nn_rows() const { return nn_; }

  // Gives d a C++ function and the arguments that it takes.
  template <class R, class... A, class... Args>
  static void bind(OpDef& d, R (*fn)(A...), Args... args) {
    d.fn = reinterpret_cast<void (*)()>(fn);
    d.invoke = &detail::invoke<R, A...>;
    if constexpr (std::is_same_v<R (*)(A...), decltype(d.of_ints)>) d.of_ints = fn;
    d.set_signature({args...}, {detail::TypeName<detail::bare<A>>::get()...}, detail::returned<detail::bare<R>>());
  }

 private:
  // A row of all_, which lives as long as the process, as its function does.
  OpDef* new_row(const char* name, const char* doc);

  std::vector<OpDef*> all_;
  std::vector<std::pair<std::string, OpDef*>> numpy_;
  std::vector<OpDef*> nn_;
};

// "(input, dim=None, *, out=None)"
std::string signature_text(const OpDef& def);

// Where the ufunc type inherits from; both have the layout of OpObject.
OpDef& def_of(PyObject* self);
PyObject* op_doc(PyObject* self, void*);

// The elementwise operation of a row on tensors alone, or on a tensor and a number; null where the arguments are others.
PyObject* call_on_tensors(const OpDef& def, PyObject* const* args, Py_ssize_t nargs);

// Calls an operation's row with Python arguments, as if from Python.
PyObject* call_op(const OpDef& def, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames);

// A new reference to the callable for a row.
PyObject* new_op(OpDef* def, const char* qualname_prefix);

// The memory that out= names: a tensor, or an ndarray's that can be shared. Throws TypeError for other objects.
Tensor out_tensor(const char* op, PyObject* out);
// Writes a result into out= and returns out itself. Throws TypeError where casting forbids the dtype, ValueError for
// another shape, RuntimeError where a gradient would be lost.
PyObject* into_out(const char* op, const Tensor& value, PyObject* out, Casting casting = Casting::same_kind);
// RuntimeError for a value that requires grad, TypeError for one on a device: what an ndarray cannot hold.
void refuse_lost_gradient(const char* op, const Tensor& value);
// A new tensor with what requires_grad= asks for.
inline Tensor leaf(Tensor t, bool requires_grad) {
  if (requires_grad) t.set_requires_grad(true);
  return t;
}
// Whether an argument of NumPy's was given: neither None nor np._NoValue.
bool is_given(PyObject* o);

// Adds all rows as functions to the module and as methods to the tensor type.
void install_ops(const Ops& ops, PyObject* module);

// The rows, by topic, in the order in which they are defined.
// clang-format off
#define TENON_TOPICS(X) \
  X(elementwise) X(activations) X(foreach) X(optim) X(creation) X(ranges) X(shape) X(numpy_shape) X(join) \
  X(numpy_split) X(numpy_creation) X(numpy_ranges) X(convert) X(inplace) X(index) X(scatter) X(sort) \
  X(order) X(quantile) X(nan) X(difference) X(search) X(set) X(histogram) X(statistics) X(reduce) X(linalg) X(equations) \
  X(products) X(diagonal) X(numeric) X(pad) X(ndarray) X(put) X(random) X(autograd) X(function) X(storage) \
  X(nn_linear) X(nn_losses) X(nn_normalization) X(nn_recurrent) X(nn_attention) X(dtype) X(kinds) X(system) \
  X(nn_convolution) X(nn_pooling) X(nn_embedding) X(combined) X(distance) X(variants)
// clang-format on
#define TENON_TOPIC(topic) void def_##topic(Ops& ops);
TENON_TOPICS(TENON_TOPIC)
#undef TENON_TOPIC

}  // namespace tenon::py
