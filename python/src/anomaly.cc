// Anomaly mode's Python side: where an operation was called from, and what an error of backward() says of it.
#include "tenon/anomaly.h"

#include <algorithm>

#include "border.h"
#include "graph.h"

#include <frameobject.h>  // after Python.h

namespace tenon::py {
namespace {

using autograd::Frame;
using autograd::Recorded;

std::vector<Frame> whereabouts() {
  if (!Py_IsInitialized() || !PyGILState_GetThisThreadState()) return {};  // no frame of Python waits above
  const WithGil gil;
  std::vector<Frame> frames;
  Object frame = Object::maybe(reinterpret_cast<PyObject*>(PyThreadState_GetFrame(PyThreadState_Get())));
  while (frame) {
    auto* f = reinterpret_cast<PyFrameObject*>(frame.get());
    auto* code = PyFrame_GetCode(f);
    const Object owner = Object::steal(reinterpret_cast<PyObject*>(code));
    frames.push_back({utf8(code->co_filename), PyFrame_GetLineNumber(f), utf8(code->co_name)});
    frame = Object::maybe(reinterpret_cast<PyObject*>(PyFrame_GetBack(f)));
  }
  std::ranges::reverse(frames);
  return frames;
}

// [(op, whether it was recorded in anomaly mode, [(file, line, function), ...]), ...], the failing one first.
Object as_list(const Recorded& failure) {
  Object list = Object::steal(PyList_New(0));
  for (const Recorded* r = &failure; r; r = r->parent.get()) {
    const Object frames = Object::steal(PyList_New(0));
    for (const Frame& f : r->frames) {
      const Object item = Object::steal(Py_BuildValue("(sis)", f.file.c_str(), f.line, f.function.c_str()));
      if (PyList_Append(frames.get(), item.get()) < 0) throw PythonError{};
    }
    const Object item =
        Object::steal(Py_BuildValue("(sOO)", r->op.c_str(), r->known ? Py_True : Py_False, frames.get()));
    if (PyList_Append(list.get(), item.get()) < 0) throw PythonError{};
  }
  return list;
}

}  // namespace

void note_failure() {
  const auto failure = autograd::take_failure();
  if (!failure) return;
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  try {
    const Object text = python_function("tenon.autograd.anomaly_mode", "_describe");
    const Object list = as_list(*failure);
    const Object note = Object::steal(PyObject_CallOneArg(text.get(), list.get()));
    Object::steal(PyObject_CallMethod(value, "add_note", "O", note.get()));
  } catch (const PythonError&) { PyErr_Clear(); }  // the error itself matters more than its note
  PyErr_Restore(type, value, traceback);
}

void init_anomaly() { autograd::set_whereabouts(&whereabouts); }

}  // namespace tenon::py
