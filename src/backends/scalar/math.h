// THE definitions of the floating functions, as overloads for float and double in tenon::scalar.
//
// On the host they are branchless, so that a loop of calls vectorises for whatever SIMD target surrounds it, and exact on special
// values (C99's Annex F). The float functions are evaluated in double, those that networks call most in float, at twice the speed:
// exp, tanh, sigmoid, silu, erf, erfc, gelu. Error bounds: math/bounds.h. Compile with
//   -O3 -fno-math-errno -fno-trapping-math -ffp-contract=fast
// and never with -ffast-math: rounding by adding a large number depends on the order of operations.
//
// In CUDA translation units they are CUDA's own, whose bounds are a little wider.
#pragma once

#if defined(__CUDACC__)
#include "math/cuda.h"
#else
#include "math/exp.h"
#include "math/gelu.h"
#include "math/log.h"
#include "math/power.h"
#include "math/special.h"
#include "math/trig.h"
#include "math/map.h"
#include "math/rounding.h"
#endif
#include "math/airy.h"
#include "math/bessel.h"
#include "math/bessel_jy.h"
#include "math/bessel_k.h"
#include "math/erfinv.h"
#include "math/incomplete_gamma.h"
#include "math/polygamma.h"
#include "math/zeta.h"
