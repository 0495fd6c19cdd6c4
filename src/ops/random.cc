// Random tensors. Each draw takes as many positions of the generator's stream as it has numbers.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "core/interrupt.h"
#include "core/launch.h"
#include "ops/draws.h"
#include "plan/loop.h"
#include "tenon/autograd.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops.h"

namespace tenon {

namespace {

// Fills a contiguous tensor.
void draw(const char* op, RandomCall& c, const Tensor& out, const Draws& from) {
  if (out.numel() == 0) return;
  c.dtype = out.dtype();
  c.seed = from.seed;
  c.offset = from.offset;
  c.state = from.in_memory();
  c.out = out.data();
  c.n = out.numel();
  launch(op, out.device(), out.dtype(), &Backend::random, c);
}
void draw(const char* op, RandomCall& c, const Tensor& out, Generator* g) {
  if (out.numel() > 0) draw(op, c, out, take_draws(op, g, out.numel(), out.device()));
}

void draw(const char* op, Random kind, const Tensor& out, double a, double b, Generator* g) {
  RandomCall c{};
  c.kind = kind;
  c.a = a;
  c.b = b;
  draw(op, c, out, g);
}

void check_dtype(const char* op, DType d, bool complex) {
  if (is_float8(d) || !(is_floating(d) || (complex && is_complex(d))))
    errors::dtype_not_supported(op, d,
                                complex ? "float16, bfloat16, float32, float64, complex64 and complex128"
                                        : "float16, bfloat16, float32 and float64");
}

Tensor make(const char* op, Random kind, const Dims& shape, std::optional<DType> dtype, Device device, double b,
            Generator* g) {
  const DType d = dtype.value_or(default_float());
  check_dtype(op, d, true);
  Tensor out = make_empty(op, shape, d, device);
  // A complex number is two; the variance of a normal one is shared between its parts.
  if (is_complex(d)) draw(op, kind, view_as_real(out), 0, kind == Random::normal ? b * std::sqrt(0.5) : b, g);
  else draw(op, kind, out, 0, b, g);
  return out;
}

// Overwrites t: the old values and their history play no part.
void overwrite(const char* op, Tensor& t, Random kind, double a, double b, Generator* g) {
  check_dtype(op, t.dtype(), false);
  autograd::check_inplace(t, op, false);
  if (t.is_contiguous() && !autograd::needs_grad(t)) {
    draw(op, kind, t, a, b, g);
    autograd::after_inplace(t, op);
    return;
  }
  const Tensor fresh = empty(t.shape(), t.dtype(), t.device());
  draw(op, kind, fresh, a, b, g);
  copy_(t, fresh);
}

// Throws naming the first value that is not good, which is looked for where the values lie.
void check_values(const char* op, const char* what, const Tensor& t, const Tensor& good) {
  if (t.numel() == 0 || all(good).item<bool>()) return;
  const Tensor flat = reshape(t, {-1});
  const auto at = argmin(reshape(good, {-1})).item<std::int64_t>();
  errors::fail(op, what, "; got ", select(flat, 0, at).item<double>(), " at element ", at);
}

}  // namespace

Tensor rand(const Dims& shape, std::optional<DType> dtype, Device device, Generator* g) {
  return make("rand", Random::uniform, shape, dtype, device, 1, g);
}

Tensor uniform_at(const Draws& from, const Dims& shape, DType dtype, Device device) {
  const Tensor out = empty(shape, dtype, device);
  RandomCall c{};
  c.kind = Random::uniform;
  c.b = 1;
  draw("rand", c, out, from);
  return out;
}

Tensor randn(const Dims& shape, std::optional<DType> dtype, Device device, Generator* g) {
  return make("randn", Random::normal, shape, dtype, device, 1, g);
}

Tensor randint(const Scalar& low, const Scalar& high, const Dims& shape, DType dtype, Device device, Generator* g) {
  if (!(low.is_integral() || low.is_bool()) || !(high.is_integral() || high.is_bool()))
    errors::fail<TypeError>("randint", "low and high must be integers; got ", low.str().c_str(), " and ",
                            high.str().c_str());
  if (!is_integral(dtype) && !is_bool(dtype))
    errors::dtype_not_supported("randint", dtype, "bool and integers; draw those and convert with .to(dtype)");
  const bool all = high.tag() == Scalar::Tag::huge_integer && high.to<double>() == 0x1p64;  // of uint64
  for (const Scalar* v : {&low, &high})
    if (!(all && v == &high) && !v->fits(DType::int64) && !v->fits(DType::uint64))
      errors::scalar_out_of_bounds("randint", *v, dtype);
  auto exact = [](const Scalar& s) {
    return s.tag() == Scalar::Tag::unsigned_integer ? static_cast<__int128>(s.to<std::uint64_t>())
                                                    : static_cast<__int128>(s.to<std::int64_t>());
  };
  const __int128 a = exact(low), b = all ? static_cast<__int128>(1) << 64 : exact(high);
  if (a >= b)
    errors::fail("randint", "low must be less than high, which is excluded; got ", low.str().c_str(), " and ",
                 high.str().c_str());
  __int128 least = 0, most = 1;
  if (!is_bool(dtype)) {
    const int bits = static_cast<int>(itemsize(dtype)) * 8;
    const bool is_signed = kind(dtype) == Kind::signed_integer;
    least = is_signed ? -(static_cast<__int128>(1) << (bits - 1)) : 0;
    most = (static_cast<__int128>(1) << (is_signed ? bits - 1 : bits)) - 1;
  }
  if (a < least || b - 1 > most)
    errors::fail<OverflowError>("randint", "numbers from ", low.str().c_str(), " to below ", high.str().c_str(),
                                " do not fit into ", dtype, "; pass another dtype");
  Tensor out = make_empty("randint", shape, dtype, device);
  RandomCall c{};
  c.kind = Random::integers;
  c.low = static_cast<std::int64_t>(static_cast<std::uint64_t>(a));
  c.range = static_cast<std::uint64_t>(b - a);  // 2^64 becomes 0
  draw("randint", c, out, g);
  return out;
}

Tensor randperm(std::int64_t n, DType dtype, Device device, Generator* g) {
  if (n < 0) errors::fail("randperm", "the number of elements must not be negative; got ", n);
  if (is_bool(dtype) || is_complex(dtype) || is_float8(dtype))
    errors::dtype_not_supported("randperm", dtype, "integers and floats");
  // The largest number up to which all integers exist.
  const std::int64_t most = dispatch(dtype, []<class T>() -> std::int64_t {
    if constexpr (std::is_integral_v<T>)
      return static_cast<std::int64_t>(std::min<std::uint64_t>(std::numeric_limits<T>::max(), INT64_MAX));
    else if constexpr (requires(T t) { t.im; }) return 0;
    else return std::int64_t{1} << std::numeric_limits<T>::digits;
  });
  refuse_in_capture("randperm", current_stream(device));  // it is drawn on the host
  if (n - 1 > most)
    errors::fail<OverflowError>("randperm", n, " elements do not fit into ", dtype, "; pass dtype=int64");
  Tensor out = make_empty("randperm", {n}, DType::int64, kCpu);
  const Tensor words = empty({n}, DType::uint64);
  RandomCall c{};
  c.kind = Random::integers;  // of the full range: 64 random bits for each exchange
  draw("randperm", c, words, g);
  std::int64_t* p = out.data<std::int64_t>();
  const std::uint64_t* w = words.data<std::uint64_t>();
  // Fisher and Yates, from the inside out.
  Pace pace;
  for (std::int64_t i = 0; i < n; ++i) {
    pace.did(1);
    const auto j =
        static_cast<std::int64_t>((static_cast<unsigned __int128>(w[i]) * static_cast<std::uint64_t>(i + 1)) >> 64);
    p[i] = p[j];
    p[j] = i;
  }
  return to(to(out, dtype), {}, device);
}

Tensor normal(const Tensor& mean, const Tensor& std, Generator* g) {
  if (mean.device() != std.device()) errors::device_mismatch("normal", mean.device(), std.device());
  const Dims shape = broadcast_shapes("normal", mean.shape(), std.shape());
  DType d = promote(mean.dtype(), std.dtype());
  if (is_integral(d) || is_bool(d)) d = default_float();
  check_dtype("normal", d, false);
  if (is_complex(std.dtype())) errors::dtype_not_supported("normal", std.dtype(), "real numbers");
  {
    NoGrad guard;
    check_values("normal", "standard deviations must not be negative", std, logical_not(lt(std, 0)));
  }
  // Differentiable with respect to both: the noise is a constant.
  return to(add(mean, mul(std, randn(shape, is_half(d) ? DType::float32 : d, mean.device(), g))), d);  // rounded once
}

Tensor bernoulli(const Tensor& p, Generator* g) {
  check_dtype("bernoulli", p.dtype(), false);
  NoGrad guard;
  check_values("bernoulli", "probabilities must lie between 0 and 1", p, logical_and(ge(p, 0), le(p, 1)));
  // In at least float32, so that small probabilities are not rounded away.
  const DType d = p.dtype() == DType::float64 ? DType::float64 : DType::float32;
  return to(lt(rand(p.shape(), d, p.device(), g), to(p, d)), p.dtype());
}

Tensor bernoulli(const Dims& shape, double p, DType dtype, Device device, Generator* g) {
  if (!(p >= 0 && p <= 1)) errors::fail("bernoulli", "the probability must lie between 0 and 1; got ", p);
  NoGrad guard;
  return to(lt(rand(shape, DType::float64, device, g), p), dtype);
}

Tensor multinomial(const Tensor& weights, std::int64_t n, bool replacement, Generator* g) {
  if (weights.ndim() != 1 && weights.ndim() != 2)
    errors::wrong_ndim("multinomial", weights.ndim(), "1-D weights, or 2-D ones with a distribution in each row");
  if (!is_floating(weights.dtype()) || is_float8(weights.dtype())) check_dtype("multinomial", weights.dtype(), false);
  if (n < 0) errors::fail("multinomial", "the number of draws must not be negative; got ", n);
  refuse_in_capture("multinomial", current_stream(weights.device()));
  NoGrad guard;
  check_values("multinomial", "weights must be finite and not negative", weights,
               logical_and(ge(weights, 0), isfinite(weights)));
  // Drawn on the host, so that each device gives the same numbers.
  const Tensor w = contiguous(to(weights, DType::float64, kCpu));
  const std::int64_t categories = weights.shape().back(), rows = weights.ndim() == 2 ? weights.shape()[0] : 1;
  for (std::int64_t r = 0; r < rows; ++r) {
    const double* row = w.data<double>() + r * categories;
    const std::int64_t possible = std::count_if(row, row + categories, [](double v) { return v > 0; });
    if (possible == 0 && n > 0) errors::fail("multinomial", "the weights of row ", r, " add up to zero");
    if (!replacement && possible < n)
      errors::fail("multinomial", n, " draws without replacement need as many weights above zero; row ", r, " has ",
                   possible, "; pass replacement=True");
  }
  Dims shape = weights.shape();
  shape[shape.size() - 1] = n;
  Tensor out = empty(shape, DType::int64);
  std::int64_t* next = out.data<std::int64_t>();
  const Tensor u = rand({rows, replacement ? n : categories}, DType::float64, kCpu, g);
  const double* draws = u.data<double>();
  std::vector<double> scratch(static_cast<std::size_t>(categories));
  std::vector<std::int64_t> order(static_cast<std::size_t>(categories));
  Pace pace;
  for (std::int64_t r = 0; r < rows; ++r) {
    const double* row = w.data<double>() + r * categories;
    pace.did(categories);
    if (replacement) {
      std::partial_sum(row, row + categories, scratch.begin());
      for (std::int64_t i = 0; i < n; ++i, ++next) {
        pace.did(1);
        // The first sum above the draw: categories without weight are never met. Rounding may reach the
        // total.
        const double x = *draws++ * scratch.back();
        auto hit = std::upper_bound(scratch.begin(), scratch.end(), x);
        if (hit == scratch.end()) hit = std::lower_bound(scratch.begin(), scratch.end(), scratch.back());
        *next = hit - scratch.begin();
      }
    } else {
      // The first n arrivals of independent exponential clocks with these rates are such draws, in their
      // order (Efraimidis and Spirakis 2006).
      for (std::int64_t i = 0; i < categories; ++i, ++draws)
        scratch[static_cast<std::size_t>(i)] =
            row[i] > 0 ? -std::log1p(-*draws) / row[i] : std::numeric_limits<double>::infinity();
      std::iota(order.begin(), order.end(), 0);
      std::partial_sort(order.begin(), order.begin() + n, order.end(), [&](std::int64_t a, std::int64_t b) {
        const double x = scratch[static_cast<std::size_t>(a)], y = scratch[static_cast<std::size_t>(b)];
        return x < y || (x == y && a < b);
      });
      next = std::copy_n(order.begin(), n, next);
    }
  }
  return to(out, {}, weights.device());
}

Tensor& uniform_(Tensor& t, double low, double high, Generator* g) {
  check_dtype("uniform_", t.dtype(), false);
  if (!(low <= high) || !std::isfinite(high - low))
    errors::fail("uniform_", "low must not be above high, and both finite; got ", low, " and ", high);
  const double most = dispatch(t.dtype(), []<class T>() {
    if constexpr (requires(T v) { v.im; }) return 0.0;
    else return static_cast<double>(std::numeric_limits<T>::max());
  });
  if (std::max(std::fabs(low), std::fabs(high)) > most || high - low > most)
    errors::fail<OverflowError>("uniform_", "the interval from ", low, " to ", high, " does not fit into ", t.dtype());
  overwrite("uniform_", t, Random::uniform, low, high, g);
  return t;
}

Tensor& normal_(Tensor& t, double mean, double std, Generator* g) {
  if (!(std >= 0)) errors::fail("normal_", "the standard deviation must not be negative; got ", std);
  overwrite("normal_", t, Random::normal, mean, std, g);
  return t;
}

}  // namespace tenon
