// Rows: random numbers of gamma, Poisson and binomial distributions.
#include "tenon/ops/variates.h"

#include <cmath>
#include <limits>
#include <numbers>

#include "core/errors.h"
#include "op.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/elementwise/math.h"

#include "tenon/ops.h"

namespace tenon::py {
namespace {

// F of uniform numbers in [0, 1) and two parameters, in float64.
using Draw = Tensor (*)(const Tensor& u, double a, double b);
Tensor exponential(const Tensor& u, double rate, double) { return div(log1p(neg(u)), -rate); }
Tensor cauchy(const Tensor& u, double median, double width) {
  return add(mul(tan(mul(sub(u, 0.5), std::numbers::pi)), width), median);
}
Tensor geometric(const Tensor& u, double p, double) {
  return p == 1 ? full(u.shape(), 1, DType::float64, u.device())
                : clip(ceil(div(log1p(neg(u)), std::log1p(-p))), 1, std::numeric_limits<double>::infinity());
}

Tensor& drawn(const char* op, Tensor& t, Draw f, double a, double b, Generator* g) {
  autograd::check_inplace(t, op, false);  // before the generator moves on
  return copy_(t, f(rand(t.shape(), DType::float64, t.device(), g), a, b));
}
void check_floating(const char* op, const Tensor& t) {
  if (!is_floating(t.dtype()) || is_float8(t.dtype()))
    errors::dtype_not_supported(op, t.dtype(), "float16, bfloat16, float32 and float64");
}

Tensor& exponential_(Tensor& t, double lambd, Generator* g) {
  check_floating("exponential_", t);
  if (!(lambd > 0)) errors::fail("exponential_", "lambd must be positive; got ", lambd);
  return drawn("exponential_", t, &exponential, lambd, 0, g);
}
Tensor& cauchy_(Tensor& t, double median, double sigma, Generator* g) {
  check_floating("cauchy_", t);
  if (!(sigma > 0)) errors::fail("cauchy_", "sigma must be positive; got ", sigma);
  return drawn("cauchy_", t, &cauchy, median, sigma, g);
}
Tensor& log_normal_(Tensor& t, double mean, double std, Generator* g) {
  check_floating("log_normal_", t);
  if (!(std > 0)) errors::fail("log_normal_", "std must be positive; got ", std);
  autograd::check_inplace(t, "log_normal_", false);
  Tensor normal = empty(t.shape(), DType::float64, t.device());
  normal_(normal, mean, std, g);
  return copy_(t, exp(normal));
}
Tensor& geometric_(Tensor& t, double p, Generator* g) {
  if (!(p > 0 && p <= 1)) errors::fail("geometric_", "p must be in (0, 1]; got ", p);
  if (is_bool(t.dtype()) || is_complex(t.dtype()) || is_float8(t.dtype()))
    errors::dtype_not_supported("geometric_", t.dtype(), "integers and floats");
  return drawn("geometric_", t, &geometric, p, 0, g);
}

constexpr const char* kDrawnErrors =
    "TypeError for other dtypes, ValueError for a parameter out of range and for read-only memory, RuntimeError for a\n"
    "leaf that requires grad and for elements that share memory.\n\n";
std::string drawn_doc(const char* first, const char* parameters, const char* example) {
  return std::string(first) + "\n\n" + parameters + kDrawnErrors + example;
}

void def_drawn(Ops& ops) {
  ops.def("exponential_", &exponential_,
          drawn_doc("Overwrites the tensor with exponentially distributed numbers of rate lambd; returns it.",
                    "lambd: a positive number. ", ">>> bool((tenon.zeros(100).exponential_(2.0) >= 0).all())\nTrue")
              .c_str(),
          "input"_a, "lambd"_a = 1.0, kw_only, "generator"_a = none)
      .method_only();
  ops.def("cauchy_", &cauchy_,
          drawn_doc("Overwrites the tensor with numbers of a Cauchy distribution; returns it.",
                    "median: its centre. sigma: its half width, a positive number. ",
                    ">>> tenon.zeros(3).cauchy_().shape\n(3,)")
              .c_str(),
          "input"_a, "median"_a = 0.0, "sigma"_a = 1.0, kw_only, "generator"_a = none)
      .method_only();
  ops.def("log_normal_", &log_normal_,
          drawn_doc("Overwrites the tensor with numbers whose logarithms are normally distributed; returns it.",
                    "mean, std: of the logarithms; std is positive. ",
                    ">>> bool((tenon.zeros(100).log_normal_() > 0).all())\nTrue")
              .c_str(),
          "input"_a, "mean"_a = 1.0, "std"_a = 2.0, kw_only, "generator"_a = none)
      .method_only();
  ops.def("geometric_", &geometric_,
          drawn_doc("Overwrites the tensor with the numbers of trials up to the first success; returns it.",
                    "p: the probability of a success, in (0, 1]. ",
                    ">>> tenon.zeros(2).geometric_(1.0)\ntensor([1., 1.])")
              .c_str(),
          "input"_a, "p"_a, kw_only, "generator"_a = none)
      .method_only();
}

}  // namespace

void def_variates(Ops& ops) {
  def_drawn(ops);
  ops.def(
         "_standard_gamma", +[](const Tensor& t, Generator* g) { return standard_gamma(t, g); },
         "Gamma variables of the shapes in input, for tenon.distributions", "input"_a, kw_only, "generator"_a = none)
      .function_only()
      .long_work();
  ops.def(
         "poisson", +[](const Tensor& t, Generator* g) { return poisson(t, g); },
         "Numbers of events with the means that input gives (Poisson): a new tensor of input's shape and dtype.\n\n"
         "Without a gradient. By inversion for means below 10, else by transformed rejection (Hoermann 1993), in float64. "
         "ValueError for means that are negative or not finite, TypeError for other dtypes than float16, bfloat16, float32 "
         "and float64.\n\n"
         ">>> tenon.poisson(tenon.zeros(2))\n"
         "tensor([0., 0.])",
         "input"_a, "generator"_a = none)
      .function_only()
      .long_work();
  ops.def(
         "binomial", +[](const Tensor& n, const Tensor& p, Generator* g) { return binomial(n, p, g); },
         "Numbers of successes in so many trials of a probability (binomial): a new tensor of count's dtype.\n\n"
         "count: the numbers of trials, whole and not negative, in floats. prob: the probabilities; both broadcast. Without "
         "a gradient. By inversion for means below 10, else by transformed rejection (Hoermann 1993), in float64. "
         "ValueError for counts and probabilities out of range and for shapes that do not broadcast, TypeError for other "
         "dtypes than float16, bfloat16, float32 and float64.\n\n"
         ">>> tenon.binomial(tenon.tensor([5.0, 3.0]), tenon.tensor([1.0, 0.0]))\n"
         "tensor([5., 0.])",
         "count"_a, "prob"_a, "generator"_a = none)
      .function_only()
      .long_work();
}

}  // namespace tenon::py
