// The largest errors of the functions in math.h, in units in the last place of the result: 0.5 is perfect rounding. Below the
// smallest normal number the unit is that number's. tests/cpp/test_math.cc asserts them; tighten them as the functions improve.
#pragma once

namespace tenon::scalar {

struct Bound {
  const char* name;
  double float_ulp, double_ulp;
  const char* remark = "";
};

inline constexpr Bound bounds[] = {
    {"exp", 1.01, 1},
    {"exp2", 0.51, 1.25},
    {"expm1", 0.51, 1.5},
    {"log", 0.9, 1},
    {"log2", 0.51, 1},
    {"log10", 0.51, 1},
    {"log1p", 0.51, 1},
    {"sin", 0.51, 1},
    {"cos", 0.51, 1},
    {"tan", 0.51, 2.25},
    {"asin", 0.51, 2.25},
    {"acos", 0.51, 1.25},
    {"atan", 0.51, 1.5},
    {"atan2", 0.51, 1, "double: libm"},
    {"sinh", 0.51, 2},
    {"cosh", 0.51, 1.5},
    {"tanh", 1.75, 2},
    {"asinh", 0.51, 1.75},
    {"acosh", 0.51, 2},
    {"atanh", 0.51, 2},
    {"pow", 0.51, 1, "double: libm"},
    {"hypot", 0.51, 1.25},
    {"cbrt", 0.51, 1},
    {"erf", 1.3, 1.25},
    {"erfc", 4, 3, "double: libm"},
    {"erfinv", 1, 1.75, "double: libm for erfc above 1/2"},
    {"lgamma", 0.51, 3, "double: libm; of max(1, log|x|), since terms cancel near the zeros"},
    {"digamma", 0.51, 10, "double: of max(1, log|x|), since terms cancel near the zeros"},
    {"i0", 0.51, 4.25},
    {"i0e", 0.51, 3.75},
    {"i1", 0.51, 4.5},
    {"i1e", 0.51, 3.75},
    {"sigmoid", 2.25, 2},
    {"silu", 2.5, 2.5},
    {"gelu", 27, 6,
     "float: near -4; 7 from -2 on. double: libm for erfc, whose error counts double across a power of two"},
    {"gelu_slope", 10.5, 6, "of max(1/8, |x| times the density), since terms cancel near -0.75"},
    {"gelu_tanh", 40, 6, "float: near -4; 7 from -2 on. double: times its exponent, whose error e magnifies"},
    {"gelu_tanh_slope", 8.25, 6, "of max(1/8, |x| times the density), since terms cancel near -0.75"},
    {"softplus", 0.51, 1.5},
    {"logit", 0.51, 1.5},
    {"logaddexp", 0.51, 1.5, "double: of max(1/2, |x|, |y|), since terms cancel where the result is near 0"},
    {"sinc", 0.51, 2.5},
};

// Those of AVX-512's own forms of the float functions (backends/cpu/math-inl.h), where they are larger.
struct WideBound {
  const char* name;
  double float_ulp;
};
inline constexpr WideBound wide_bounds[] = {
    {"exp2", 1},   {"expm1", 1.75}, {"log2", 1.65}, {"log10", 1.25}, {"log1p", 1},   {"sin", 2},
    {"cos", 2},    {"tan", 1.6},    {"asin", 1.6},  {"acos", 1.1},   {"atan", 1.95}, {"sinh", 1.35},
    {"cosh", 1.9}, {"asinh", 1.8},  {"acosh", 2},   {"atanh", 1.9},  {"cbrt", 0.9},
};

}  // namespace tenon::scalar
