#include <algorithm>
#include <cmath>

#include "core/launch.h"
#include "ops/composing.h"
#include "ops/copy.h"
#include "ops/exact_compare.h"
#include "plan/loop.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

Tensor filled(const char* op, const Dims& shape, const Scalar& value, DType d, Device device) {
  errors::require_number(op, value, d);
  Tensor out = make_empty(op, shape, d, device);
  write(op, out, value);
  return out;
}

Tensor iota(const char* op, std::int64_t n, const IotaCall& values, DType dtype, Device device) {
  Tensor out = make_empty(op, {n}, dtype, device);
  if (n == 0) return out;
  IotaCall c = values;
  c.dtype = dtype;
  c.out = out.data();
  c.n = n;
  launch(op, device, dtype, &Backend::iota, c);
  return out;
}

}  // namespace

Tensor full(const Dims& shape, const Scalar& value, std::optional<DType> dtype, Device device) {
  return filled("full", shape, value, dtype.value_or(value.default_dtype()), device);
}
Tensor zeros(const Dims& shape, DType dtype, Device device) { return filled("zeros", shape, 0, dtype, device); }
Tensor ones(const Dims& shape, DType dtype, Device device) { return filled("ones", shape, 1, dtype, device); }

Tensor arange(const Scalar& start, const Scalar& stop, const Scalar& step, std::optional<DType> dtype, Device device) {
  if (start.is_complex() || stop.is_complex() || step.is_complex())
    errors::fail<TypeError>("arange", "start, stop and step must be real numbers");
  const bool integers = !start.is_floating() && !stop.is_floating() && !step.is_floating();
  const DType d = dtype.value_or(integers ? DType::int64 : default_float());
  IotaCall c{};
  std::int64_t n;
  if (integers) {
    for (const Scalar* v : {&start, &stop, &step})
      if (!v->fits(DType::int64)) errors::scalar_out_of_bounds("arange", *v, DType::int64);
    const std::int64_t a = start.to<std::int64_t>(), b = stop.to<std::int64_t>(), s = step.to<std::int64_t>();
    if (s == 0) errors::fail("arange", "the step must not be 0");
    const __int128 length = (static_cast<__int128>(b) - a + (s > 0 ? s - 1 : s + 1)) / s;
    if (length > INT64_MAX) errors::fail("arange", "from ", a, " to ", b, " by ", s, " are too many elements");
    n = length > 0 ? static_cast<std::int64_t>(length) : 0;
    c.integers = true;
    c.istart = a;
    c.istep = s;
    if (n > 0) {
      for (const std::int64_t v : {a, a + (n - 1) * s})
        if (!Scalar(v).fits(d)) errors::scalar_out_of_bounds("arange", v, d);
    }
  } else {
    const double a = start.to<double>(), b = stop.to<double>(), s = step.to<double>();
    if (s == 0) errors::fail("arange", "the step must not be 0");
    const double length = std::ceil((b - a) / s);
    if (!(length < 9e18)) errors::fail("arange", "from ", a, " to ", b, " by ", s, " is no finite range");
    n = length > 0 ? static_cast<std::int64_t>(length) : 0;
    c.start = a;
    c.step = s;
    if (n > 0) {
      for (const double v : {a, a + static_cast<double>(n - 1) * s})
        if (!whole_number(v).fits(d)) errors::scalar_out_of_bounds("arange", v, d);
    }
  }
  return iota("arange", n, c, d, device);
}

Tensor iota(const char* op, std::int64_t n, double start, double step, DType dtype, Device device) {
  IotaCall c{};
  c.start = start;
  c.step = step;
  return iota(op, n, c, dtype, device);
}

Tensor eye(std::int64_t n, std::optional<std::int64_t> m, std::int64_t k, std::optional<DType> dtype, Device device) {
  const std::int64_t columns = m.value_or(n);
  if (n < 0 || columns < 0) errors::negative_size("eye", {n, columns});
  Tensor out = zeros({n, columns}, dtype.value_or(default_float()), device);
  if (k < columns && k > -n) {
    Tensor d = diagonal(out, k);
    fill_(d, 1);
  }
  return out;
}

namespace {

// Whether column - row <= k, for matrices of t's last two dimensions; a vector is every row of a square one.
Tensor triangle(const char* op, const Tensor& t, std::int64_t k) {
  if (t.ndim() < 1) errors::wrong_ndim(op, t.ndim(), "at least 1 dimension");
  const std::int64_t height = t.size(t.ndim() == 1 ? -1 : -2);
  k = std::clamp(k, -height, t.size(-1));  // no sum overflows
  const Tensor rows = arange(0, height, 1, DType::int64, t.device()),
               columns = arange(0, t.size(-1), 1, DType::int64, t.device());
  return le(columns, add(unsqueeze(rows, {-1}), k));
}

}  // namespace

// The number false changes no dtype.
Tensor tril(const Tensor& t, std::int64_t k) { return where(triangle("tril", t, k), t, false); }
Tensor triu(const Tensor& t, std::int64_t k) {
  return where(triangle("triu", t, std::max(k, -INT64_MAX) - 1), false, t);
}

Tensor tri(std::int64_t n, std::optional<std::int64_t> m, std::int64_t k, std::optional<DType> dtype, Device device) {
  const std::int64_t columns = m.value_or(n);
  if (n < 0 || columns < 0) errors::negative_size("tri", {n, columns});
  return tril(ones({n, columns}, dtype.value_or(default_float()), device), k);
}

std::vector<Tensor> meshgrid(std::span<const Tensor> ts, const std::string& indexing, bool sparse) {
  if (indexing != "ij" && indexing != "xy")
    errors::fail("meshgrid", "indexing must be 'ij' or 'xy'; got '", indexing, "'");
  const bool xy = indexing == "xy" && ts.size() >= 2;
  Dims shape;
  for (const Tensor& t : ts) {
    if (t.ndim() > 1) errors::wrong_ndim("meshgrid", t.ndim(), "tensors of at most 1 dimension");
    shape.push_back(t.numel());
  }
  if (xy) std::swap(shape[0], shape[1]);
  std::vector<Tensor> out;
  for (int i = 0; i < static_cast<int>(ts.size()); ++i) {
    Dims one(shape.size(), 1);
    one[xy && i < 2 ? 1 - i : i] = ts[static_cast<std::size_t>(i)].numel();
    const Tensor grid = reshape(ts[static_cast<std::size_t>(i)], one);
    out.push_back(sparse ? grid : expand(grid, shape));
  }
  return out;
}

}  // namespace tenon
