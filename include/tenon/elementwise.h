// The uniform elementwise primitives: tenon::add(a, b), tenon::exp(x) and so on, one function for each row of
// elementwise.def. Include the topics that you use where a rebuild matters.
#pragma once

#include "tenon/elementwise/arithmetic.h"
#include "tenon/elementwise/math.h"
#include "tenon/elementwise/special.h"
#include "tenon/op.h"
