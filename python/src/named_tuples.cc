// The named tuples that operations return: classes of collections.namedtuple, as NumPy's results have them.
#include "convert.h"
#include "linalg.h"
#include "tenon/ops/histogram.h"
#include "tenon/ops/order.h"
#include "tenon/ops/set.h"

namespace tenon::py {
namespace {

PyTypeObject *values_indices = nullptr, *min_max = nullptr, *histogram_result = nullptr, *unique_all = nullptr,
             *unique_counts = nullptr, *unique_inverse = nullptr, *slogdet_result = nullptr, *qr_result = nullptr,
             *svd_result = nullptr;

struct Field {
  const char *name, *doc;
};

PyTypeObject* new_type(PyObject* module, const char* name, const char* doc, std::initializer_list<Field> fields) {
  const Object collections = Object::steal(PyImport_ImportModule("collections"));
  const Object names = Object::steal(PyList_New(0));
  for (const Field& f : fields)
    if (PyList_Append(names.get(), Object::steal(PyUnicode_FromString(f.name)).get()) < 0) throw PythonError{};
  const Object type = Object::steal(PyObject_CallMethod(collections.get(), "namedtuple", "sO", name, names.get()));
  const auto set = [](PyObject* o, const char* attribute, const char* value) {
    const Object text = Object::steal(PyUnicode_FromString(value));
    if (PyObject_SetAttrString(o, attribute, text.get()) < 0) throw PythonError{};
  };
  set(type.get(), "__module__", "tenon");
  set(type.get(), "__doc__", doc);
  for (const Field& f : fields) set(Object::steal(PyObject_GetAttrString(type.get(), f.name)).get(), "__doc__", f.doc);
  if (PyModule_AddObjectRef(module, name, type.get()) < 0) throw PythonError{};
  return reinterpret_cast<PyTypeObject*>(Py_NewRef(type.get()));
}

template <class... T>
PyObject* tuple_of(PyTypeObject* type, T... values) {
  Object r = Object::steal(type->tp_alloc(type, sizeof...(T)));
  Py_ssize_t i = 0;
  (PyTuple_SET_ITEM(r.get(), i++, wrap(std::move(values))), ...);
  return r.release();
}

}  // namespace

PyObject* to_python(ValuesIndices r) { return tuple_of(values_indices, std::move(r.values), std::move(r.indices)); }
PyObject* to_python(MinMax r) { return tuple_of(min_max, std::move(r.min), std::move(r.max)); }
PyObject* to_python(Histogram r) { return tuple_of(histogram_result, std::move(r.counts), std::move(r.edges)); }
PyObject* to_python(SlogdetResult r) { return tuple_of(slogdet_result, std::move(r.sign), std::move(r.logabsdet)); }
PyObject* to_python(QRResult r) { return tuple_of(qr_result, std::move(r.Q), std::move(r.R)); }
PyObject* to_python(SVDResult r) { return tuple_of(svd_result, std::move(r.U), std::move(r.S), std::move(r.V)); }
// The array API's functions return all parts, or the values and one other part.
PyObject* to_python(const Unique& u) {
  if (u.indices.defined()) return tuple_of(unique_all, u.values, u.indices, u.inverse, u.counts);
  return u.counts.defined() ? tuple_of(unique_counts, u.values, u.counts)
                            : tuple_of(unique_inverse, u.values, u.inverse);
}

void init_named_tuples(PyObject* module) {
  const auto of_values = {Field{"values", "the elements that were taken"},
                          Field{"indices", "where they are along the dimension: int64"}};
  const auto of_extremes = {Field{"min", "the smallest elements"}, Field{"max", "the largest elements"}};
  const auto of_histogram = {Field{"hist", "how many elements, or what sum of weights, each bin has"},
                             Field{"bin_edges", "where the bins begin, and where the last one ends"}};
  values_indices = new_type(module, "ValuesIndices",
                            "Elements of a tensor, and where they are: what max(dim), sort and topk return.\n\n"
                            ">>> tenon.sort(tenon.tensor([3, 1, 2])).indices\n"
                            "tensor([1, 2, 0])",
                            of_values);
  min_max = new_type(module, "MinMax",
                     "The smallest and the largest elements: what aminmax returns.\n\n"
                     ">>> tenon.aminmax(tenon.tensor([3, 1, 2])).min\n"
                     "tensor(1)",
                     of_extremes);
  histogram_result = new_type(module, "HistogramResult",
                              "Counts and the edges of their bins.\n\n"
                              ">>> tenon.histogram(tenon.tensor([1.0, 2.0]), 2).hist\n"
                              "tensor([1., 1.])",
                              of_histogram);
  const Field values = {"values", "the distinct elements, in order"},
              indices = {"indices", "where each is first in the flat tensor: int64"},
              inverse = {"inverse_indices", "which of the values each element is: int64"},
              counts = {"counts", "how often each is there: int64"};
  const auto of_all = {values, indices, inverse, counts}, of_counts = {values, counts}, of_inverse = {values, inverse};
  unique_all = new_type(module, "UniqueAllResult",
                        "What unique_all returns.\n\n"
                        ">>> tenon.numpy.unique_all(tenon.tensor([3, 1, 3])).counts\n"
                        "tensor([1, 2])",
                        of_all);
  unique_counts = new_type(module, "UniqueCountsResult",
                           "What unique_counts returns.\n\n"
                           ">>> tenon.numpy.unique_counts(tenon.tensor([3, 1, 3])).counts\n"
                           "tensor([1, 2])",
                           of_counts);
  unique_inverse = new_type(module, "UniqueInverseResult",
                            "What unique_inverse returns.\n\n"
                            ">>> tenon.numpy.unique_inverse(tenon.tensor([3, 1, 3])).inverse_indices\n"
                            "tensor([1, 0, 1])",
                            of_inverse);
  const auto of_slogdet = {Field{"sign", "the sign, or the phase, of each determinant; 0 for 0"},
                           Field{"logabsdet", "the logarithm of its absolute value"}};
  const auto of_qr = {Field{"Q", "orthonormal columns"}, Field{"R", "upper triangular matrices"}};
  const auto of_svd = {Field{"U", "the left singular vectors, as columns"},
                       Field{"S", "the singular values, descending"},
                       Field{"V", "the right singular vectors, as columns"}};
  slogdet_result = new_type(module, "SlogdetResult",
                            "What slogdet returns.\n\n"
                            ">>> tenon.slogdet(tenon.tensor([[2.0, 0.0], [0.0, -1.0]])).sign\n"
                            "tensor(-1.)",
                            of_slogdet);
  qr_result = new_type(module, "QRResult",
                       "What qr returns.\n\n"
                       ">>> tenon.qr(tenon.ones(3, 2)).R.shape\n"
                       "(2, 2)",
                       of_qr);
  svd_result = new_type(module, "SVDResult",
                        "What svd returns.\n\n"
                        ">>> tenon.svd(tenon.tensor([[3.0, 0.0], [0.0, 4.0]])).S\n"
                        "tensor([4., 3.])",
                        of_svd);
}

}  // namespace tenon::py
