// What consumers of arrays ask an ndarray for, apart from its operations: flags, flat, base, rounding by Python's math,
// files. What takes more than a line of Python stands in tenon/_ndarray.py, which is imported on first need.
#include "border.h"
#include "convert.h"
#include "core/errors.h"
#include "numpy_api.h"
#include "tensor_slots.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/elementwise/math.h"
#include "tenon/ops.h"
#include "unguarded.h"

namespace tenon::py {
namespace {

constexpr const char* kModule = "tenon._ndarray";

PyObject* get_flags(PyObject* self, void*) {
  return guarded([&] {
    const Object f = python_function(kModule, "Flags");
    return Object::steal(PyObject_CallOneArg(f.get(), self)).release();
  });
}
PyObject* get_flat(PyObject* self, void*) {
  return guarded([&] {
    const Object f = python_function(kModule, "FlatIterator");
    return Object::steal(PyObject_CallOneArg(f.get(), self)).release();
  });
}
int set_flat(PyObject* self, PyObject* value, void*) {
  return guarded_int(
      [&] {
        if (!value) errors::fail<TypeError>("flat", "it cannot be deleted");
        Tensor t = unwrap(self);
        const Tensor values = values_for(value, t, {"flat", "value"});
        const Tensor all = arange(0, t.numel(), 1, DType::int64, t.device());
        put_values_(t, all, values);
        return 0;
      },
      "flat");
}

// The tensor that this one is a view of, or the Python object whose memory it is, or None.
PyObject* get_base(PyObject* self, void*) {
  return guarded([&] {
    const Tensor& t = unwrap(self);
    if (TensorImpl* base = t.impl()->base) {
      base->retain();
      return wrap(Tensor(Ref<TensorImpl>::adopt(base)));
    }
    const Storage& s = t.storage();
    return Py_NewRef(s.deleter() == &drop_reference ? static_cast<PyObject*>(s.context()) : Py_None);
  });
}

int write_part(PyObject* self, PyObject* value, const char* name, Tensor (*part)(const Tensor&)) {
  return guarded_int(
      [&] {
        if (!value) errors::fail<TypeError>(name, "it cannot be deleted");
        Tensor to_write = part(unwrap(self));
        From<Operand> given(value, {name, "value"});
        const Operand v = given.get();
        if (v.is_tensor()) copy_(to_write, v.tensor());
        else fill_(to_write, v.scalar());
        return 0;
      },
      name);
}
Tensor real_part(const Tensor& t) { return is_complex(t.dtype()) ? real(t) : t; }
int set_real(PyObject* self, PyObject* value, void*) { return write_part(self, value, "real", &real_part); }
int set_imag(PyObject* self, PyObject* value, void*) { return write_part(self, value, "imag", &imag); }

PyObject* get_real(PyObject* self, void*) {
  return guarded([&] {
    const Tensor& t = unwrap(self);
    return wrap(is_complex(t.dtype()) ? real(t) : view(t, t.shape()));
  });
}
PyObject* get_imag(PyObject* self, void*) {
  return guarded([&] { return wrap(imaginary(unwrap(self))); });
}

// math.floor(t) and its like: a Python int of the only element, otherwise the elements rounded.
PyObject* rounded(PyObject* self, Tensor (*f)(const Operand&)) {
  return guarded([&]() -> PyObject* {
    const Tensor& t = unwrap(self);
    if (t.numel() != 1) return wrap(is_integral(t.dtype()) ? clone(t) : f(t));
    const Tensor r = is_integral(t.dtype()) || is_bool(t.dtype()) ? t.detach() : f(t.detach());
    const Object number = Object::steal(from_scalar(r.item()));
    return Object::steal(PyNumber_Long(number.get())).release();
  });
}
PyObject* floor_(PyObject* self, PyObject*) { return rounded(self, &floor); }
PyObject* ceil_(PyObject* self, PyObject*) { return rounded(self, &ceil); }
PyObject* trunc_(PyObject* self, PyObject*) { return rounded(self, &trunc); }
PyObject* round_(PyObject* self, PyObject* args) {
  PyObject* digits = Py_None;
  if (!PyArg_ParseTuple(args, "|O:__round__", &digits)) return nullptr;
  if (digits == Py_None) return rounded(self, &rint);
  return guarded_as("round", [&] { return wrap(round(unwrap(self), to_int(digits, {"round", "ndigits"}))); });
}

// The object, and the bytes that die with it: none of what it borrows or views.
PyObject* sizeof_(PyObject* self, PyObject*) {
  const Tensor& t = unwrap(self);
  const bool owned = !t.impl()->base && t.storage().kind() == Storage::Kind::owned;
  const std::int64_t header = Py_TYPE(self)->tp_basicsize + static_cast<Py_ssize_t>(sizeof(TensorImpl));
  return PyLong_FromLongLong(header + (owned && t.device().is_cpu() ? t.storage().bytes() : 0));
}

PyObject* make_read_only(PyObject* self, PyObject*) {
  alone([&] { unwrap(self).impl()->read_only = true; });
  return Py_NewRef(Py_None);
}

// ---- forwarded to a function of Python, by name: of tenon/_ndarray.py, or of another module ----
template <std::size_t N>
struct Name {
  char text[N];
  constexpr Name(const char (&s)[N]) { std::copy_n(s, N, text); }
};
template <Name name, Name module>
PyObject* forward(PyObject* self, PyObject* args, PyObject* kwargs) {
  return guarded([&] {
    const Object f = python_function(module.text, name.text);
    const Object first = Object::steal(PyTuple_Pack(1, self));
    const Object all = Object::steal(PySequence_Concat(first.get(), args));
    return Object::steal(PyObject_Call(f.get(), all.get(), kwargs)).release();
  });
}
template <Name name, Name module = "tenon._ndarray">
constexpr PyMethodDef forwarded(const char* doc) {
  return {name.text, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&forward<name, module>)),
          METH_VARARGS | METH_KEYWORDS, doc};
}

PyGetSetDef attributes[] = {
    {"real", get_real, set_real,
     "A view of the real parts, of a real dtype; of a real tensor, all of it. Setting it writes them.\n\n"
     "ValueError for read-only memory and shapes that do not fit, TypeError for complex values, RuntimeError for a\n"
     "leaf that requires grad.\n\n"
     ">>> tenon.tensor([1 + 2j]).real\n"
     "tensor([1.])",
     nullptr},
    {"imag", get_imag, set_imag,
     "The imaginary parts: a view of a complex tensor; new zeros for a real one, read-only as NumPy's.\n\n"
     "Setting it writes them: TypeError for a real tensor and for complex values, the other errors as of .real.\n\n"
     ">>> t = tenon.tensor([1 + 2j])\n"
     ">>> t.imag = 5\n"
     ">>> t\n"
     "tensor([1.+5.j])",
     nullptr},
    {"flags", get_flags, nullptr,
     "How the elements lie and who may write them, by NumPy's names: t.flags.c_contiguous, t.flags['WRITEABLE'].\n\n"
     "t.flags.writeable = False makes this tensor read-only; ValueError for True, once it is.\n\n"
     ">>> tenon.zeros(2, 3).T.flags['C_CONTIGUOUS']\n"
     "False",
     nullptr},
    {"flat", get_flat, set_flat,
     "An iterator over the elements in row-major order, which takes indices: t.flat[3], t.flat[::2] = 0.\n\n"
     "Assigned to, it writes values in turn, again from the first where there are fewer.\n\n"
     ">>> tenon.tensor([[1, 2], [3, 4]]).flat[3]\n"
     "tensor(4)",
     nullptr},
    {"base", get_base, nullptr,
     "The tensor that this one is a view of, or the object whose memory it borrows; None if it owns its memory.\n\n"
     ">>> t = tenon.zeros(4)\n"
     ">>> t[1:].base is t\n"
     "True",
     nullptr},
    {nullptr}};

PyMethodDef methods[] = {
    {"__floor__", floor_, METH_NOARGS,
     "__floor__($self, /)\n--\n\nFor math.floor: an int of the only element; of several a new tensor of their floors."},
    {"__ceil__", ceil_, METH_NOARGS,
     "__ceil__($self, /)\n--\n\nFor math.ceil: an int of the only element; of several a new tensor of their ceilings."},
    {"__trunc__", trunc_, METH_NOARGS,
     "__trunc__($self, /)\n--\n\n"
     "For math.trunc: an int of the only element; of several a new tensor without fractions."},
    {"__round__", round_, METH_VARARGS,
     "__round__($self, ndigits=None, /)\n--\n\n"
     "For round(): a new tensor with so many decimals; without ndigits an int of the only element."},
    {"__sizeof__", sizeof_, METH_NOARGS,
     "__sizeof__($self, /)\n--\n\nFor sys.getsizeof: bytes of the object and of the elements that it owns."},
    {"_make_read_only", make_read_only, METH_NOARGS, "_make_read_only($self, /)\n--\n\nWrites to this tensor raise."},
    forwarded<"setflags">("setflags($self, /, write=None, align=None, uic=None)\n--\n\n"
                          "NumPy's way to set flags: write=False makes the tensor read-only.\n\n"
                          "Parameters\n"
                          "----------\n"
                          "write : bool or None, optional\n"
                          "    False makes the tensor read-only.\n"
                          "align : bool or None, optional\n"
                          "    True is true already; None changes nothing.\n"
                          "uic : bool or None, optional\n"
                          "    False or None; NumPy's signature has it.\n\n"
                          "Returns\n"
                          "-------\n"
                          "None\n\n"
                          "Raises\n"
                          "------\n"
                          "ValueError\n"
                          "    For write=True once it is read-only, and for the other flags, which cannot be set.\n\n"
                          "Examples\n"
                          "--------\n"
                          ">>> t = tenon.zeros(2)\n"
                          ">>> t.setflags(write=False)\n"
                          ">>> t.readonly\n"
                          "True"),
    forwarded<"stft", "tenon._stft">(
        "stft($self, /, n_fft, hop_length=None, win_length=None, window=None, center=True, pad_mode='reflect', "
        "normalized=False, onesided=None, return_complex=None, align_to_window=None)\n--\n\n"
        "The short-time Fourier transform, as the function tenon.stft.\n\n"
        "Parameters\n"
        "----------\n"
        "n_fft : int\n"
        "    The length of a transform.\n"
        "hop_length : int or None, optional\n"
        "    The distance from window to window; None for n_fft // 4.\n"
        "win_length : int or None, optional\n"
        "    The length of the window; None for n_fft.\n"
        "window : array_like, optional\n"
        "    The window, win_length elements; None for ones.\n"
        "center : bool, default True\n"
        "    Whether the signal is padded by n_fft // 2 on both sides.\n"
        "pad_mode : str, default 'reflect'\n"
        "    How it is padded.\n"
        "normalized : bool, default False\n"
        "    Whether the transforms are divided by the root of n_fft.\n"
        "onesided : bool or None, optional\n"
        "    Whether only half of the frequencies is returned; None for real signals.\n"
        "return_complex : bool or None, optional\n"
        "    False returns the parts of the complex numbers. It must be given for real signals.\n"
        "align_to_window : bool or None, optional\n"
        "    With center=False, True lets the window begin with the signal.\n\n"
        "Returns\n"
        "-------\n"
        "Tensor\n"
        "    A new tensor of shape (N, T) or (B, N, T) for N frequencies and T windows.\n\n"
        "Raises\n"
        "------\n"
        "ValueError\n"
        "    For sizes that do not fit; the function has the list.\n"
        "TypeError\n"
        "    For integers, bools and half precision.\n\n"
        "Examples\n"
        "--------\n"
        ">>> tenon.ones(8).stft(4, center=False, return_complex=True).abs()[:, 0]\n"
        "tensor([4., 0., 0.])"),
    forwarded<"istft", "tenon._stft">(
        "istft($self, /, n_fft, hop_length=None, win_length=None, window=None, center=True, normalized=False, "
        "onesided=None, length=None, return_complex=False)\n--\n\n"
        "The inverse of the short-time Fourier transform, as the function tenon.istft.\n\n"
        "Parameters\n"
        "----------\n"
        "n_fft : int\n"
        "    The length of a transform.\n"
        "hop_length : int or None, optional\n"
        "    The distance from window to window; None for n_fft // 4.\n"
        "win_length : int or None, optional\n"
        "    The length of the window; None for n_fft.\n"
        "window : array_like, optional\n"
        "    The window, win_length elements; None for ones.\n"
        "center : bool, default True\n"
        "    Whether the signal is padded by n_fft // 2 on both sides.\n"
        "normalized : bool, default False\n"
        "    Whether the transforms were divided by the root of n_fft.\n"
        "onesided : bool or None, optional\n"
        "    Whether there is only half of the frequencies; None asks their number.\n"
        "length : int or None, optional\n"
        "    The signal's length; None for what the windows cover.\n"
        "return_complex : bool, default False\n"
        "    Whether the signal is complex.\n\n"
        "Returns\n"
        "-------\n"
        "Tensor\n"
        "    A new tensor of shape (L) or (B, L).\n\n"
        "Raises\n"
        "------\n"
        "ValueError\n"
        "    For sizes that do not fit; the function has the list.\n"
        "TypeError\n"
        "    For elements that are not complex.\n\n"
        "Examples\n"
        "--------\n"
        ">>> tenon.arange(4.0).stft(4, return_complex=True).istft(4)\n"
        "tensor([0., 1., 2., 3.])"),
    forwarded<"tofile">("tofile($self, /, fid, sep='', format='%s')\n--\n\n"
                        "Writes the elements in row-major order to a file, raw, or as text between separators.\n\n"
                        "Parameters\n"
                        "----------\n"
                        "fid : path or file\n"
                        "    A path or an open file. tenon.save_npy keeps shape and dtype, which are lost here.\n"
                        "sep : str, default ''\n"
                        "    What stands between the elements as text; '' for bytes.\n"
                        "format : str, default '%s'\n"
                        "    How an element is written as text.\n\n"
                        "Returns\n"
                        "-------\n"
                        "None\n\n"
                        "Raises\n"
                        "------\n"
                        "OSError\n"
                        "    Where the file cannot be written.\n\n"
                        "Examples\n"
                        "--------\n"
                        ">>> tenon.tensor([1, 2], dtype=tenon.uint8).tofile(\"t.bin\")\n"
                        ">>> open(\"t.bin\", \"rb\").read()\n"
                        "b'\\x01\\x02'"),
    forwarded<"dump">("dump($self, /, file)\n--\n\n"
                      "Pickles the tensor into a file: a path or an open binary file.\n\n"
                      "Parameters\n"
                      "----------\n"
                      "file : path or file\n"
                      "    A path, or a file that is open for bytes.\n\n"
                      "Returns\n"
                      "-------\n"
                      "None\n\n"
                      "Raises\n"
                      "------\n"
                      "OSError\n"
                      "    Where it cannot be written.\n"
                      "RuntimeError\n"
                      "    For a tensor with a history.\n\n"
                      "Examples\n"
                      "--------\n"
                      ">>> tenon.tensor([1, 2]).dump(\"t.pickle\")"),
    forwarded<"dumps">("dumps($self, /)\n--\n\n"
                       "The pickled tensor: new bytes. RuntimeError for a tensor with a history.\n\n"
                       "Returns\n"
                       "-------\n"
                       "bytes\n"
                       "    New bytes.\n\n"
                       "Examples\n"
                       "--------\n"
                       ">>> import pickle\n"
                       ">>> pickle.loads(tenon.tensor([1, 2]).dumps())\n"
                       "tensor([1, 2])"),
    forwarded<"byteswap">(
        "byteswap($self, /, inplace=False)\n--\n\n"
        "TypeError: a tensor's bytes are in the machine's own order; t.numpy().byteswap() swaps an ndarray's.\n\n"
        "Parameters\n"
        "----------\n"
        "inplace : bool, default False\n"
        "    Ignored.\n\n"
        "Returns\n"
        "-------\n"
        "None\n"
        "    Nothing: it raises.\n\n"
        "Raises\n"
        "------\n"
        "TypeError\n"
        "    Always.\n\n"
        "Examples\n"
        "--------\n"
        ">>> tenon.tensor([1, 2], dtype=tenon.int16).numpy().byteswap()\n"
        "array([256, 512], dtype=int16)"),
    forwarded<"newbyteorder">(
        "newbyteorder($self, /, new_order='S')\n--\n\n"
        "TypeError: a tensor's bytes are in the machine's own order; use t.numpy().view(dtype.newbyteorder()).\n\n"
        "Parameters\n"
        "----------\n"
        "new_order : str, default 'S'\n"
        "    Any order.\n\n"
        "Returns\n"
        "-------\n"
        "None\n"
        "    Nothing: it raises.\n\n"
        "Raises\n"
        "------\n"
        "TypeError\n"
        "    Always.\n\n"
        "Examples\n"
        "--------\n"
        ">>> tenon.tensor([1, 2]).numpy().dtype.newbyteorder(\">\")\n"
        "dtype('>i8')"),
    {nullptr}};

}  // namespace

void init_ndarray() {
  add_attributes(attributes);
  add_methods(methods);
}

}  // namespace tenon::py
