// The named tuples that operations return.
#include "convert.h"
#include "tenon/ops/histogram.h"
#include "tenon/ops/order.h"

namespace tenon::py {
namespace {

PyTypeObject *values_indices = nullptr, *min_max = nullptr, *histogram_result = nullptr;

template <std::size_t N>
PyTypeObject* new_type(PyObject* module, const char* name, const char* doc, PyStructSequence_Field (&fields)[N]) {
  PyStructSequence_Desc desc = {name, doc, fields, static_cast<int>(N) - 1};
  PyTypeObject* type = PyStructSequence_NewType(&desc);
  if (!type || PyModule_AddObjectRef(module, type->tp_name + sizeof("tenon"), reinterpret_cast<PyObject*>(type)) < 0)
    throw PythonError{};
  return type;
}

PyObject* pair(PyTypeObject* type, const Tensor& a, const Tensor& b) {
  Object r = Object::steal(PyStructSequence_New(type));
  PyStructSequence_SetItem(r.get(), 0, wrap(a));
  PyStructSequence_SetItem(r.get(), 1, wrap(b));
  return r.release();
}

}  // namespace

PyObject* to_python(const ValuesIndices& r) { return pair(values_indices, r.values, r.indices); }
PyObject* to_python(const MinMax& r) { return pair(min_max, r.min, r.max); }
PyObject* to_python(const Histogram& r) { return pair(histogram_result, r.counts, r.edges); }

void init_named_tuples(PyObject* module) {
  static PyStructSequence_Field of_values[] = {{"values", "the elements that were taken"},
                                               {"indices", "where they are along the dimension: int64"},
                                               {nullptr, nullptr}};
  static PyStructSequence_Field of_extremes[] = {
      {"min", "the smallest elements"}, {"max", "the largest elements"}, {nullptr, nullptr}};
  static PyStructSequence_Field of_histogram[] = {{"hist", "how many elements, or what sum of weights, each bin has"},
                                                  {"bin_edges", "where the bins begin, and where the last one ends"},
                                                  {nullptr, nullptr}};
  values_indices =
      new_type(module, "tenon.ValuesIndices",
               "Elements of a tensor, and where they are: what max(dim), sort and topk return.", of_values);
  min_max =
      new_type(module, "tenon.MinMax", "The smallest and the largest elements: what aminmax returns.", of_extremes);
  histogram_result = new_type(module, "tenon.HistogramResult", "Counts and the edges of their bins.", of_histogram);
}

}  // namespace tenon::py
