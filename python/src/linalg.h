// Arguments of linear algebra.
#pragma once

#include "convert.h"
#include "tenon/linalg.h"

namespace tenon::py {

// ord= of a norm: None, a number or a name.
linalg::NormOrder to_norm_order(PyObject* o, const Where& w);

}  // namespace tenon::py
