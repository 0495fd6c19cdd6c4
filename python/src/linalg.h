// Arguments of linear algebra.
#pragma once

#include "convert.h"
#include "tenon/linalg.h"

namespace tenon::py {

// ord= of a norm: None, a number or a name.
linalg::NormOrder to_norm_order(PyObject* o, const Where& w);

// What operations return by PyTorch's names.
struct SlogdetResult {
  Tensor sign, logabsdet;
};
struct QRResult {
  Tensor Q, R;
};
struct SVDResult {
  Tensor U, S, V;
};
PyObject* to_python(SlogdetResult r);
PyObject* to_python(QRResult r);
PyObject* to_python(SVDResult r);

// Rows of decompositions and of what rests on singular values.
class Ops;
void def_factorizations(Ops& ops);

}  // namespace tenon::py
