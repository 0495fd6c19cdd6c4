// Pools: shapes, the largest elements with their places, sums over windows and what is made of them.
#include "tenon/nn/pooling.h"

#include <algorithm>

#include "core/launch.h"
#include "nn/derivatives.h"
#include "nn/shapes.h"
#include "ops/composing.h"
#include "tenon/autograd.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/elementwise/math.h"
#include "tenon/ops.h"

namespace tenon::nn {
namespace {

using Size = std::int64_t;

constexpr const char* kMax[] = {"max_pool1d", "max_pool2d", "max_pool3d"};
constexpr const char* kAverage[] = {"avg_pool1d", "avg_pool2d", "avg_pool3d"};
constexpr const char* kPower[] = {"lp_pool1d", "lp_pool2d", "lp_pool3d"};
constexpr const char* kAdaptiveMax[] = {"adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d"};
constexpr const char* kAdaptiveAverage[] = {"adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d"};
constexpr const char* kUnpool[] = {"max_unpool1d", "max_unpool2d", "max_unpool3d"};

// ---- shapes ----

Size pieces(Size n, Size each) { return (n + each - 1) / each; }

Dims stride_of(const PoolOptions& o) { return o.stride.empty() ? o.kernel : o.stride; }

// Windows that move in steps.
Windows windows_of(const char* op, const Tensor& t, int dims, const PoolOptions& o) {
  Windows w;
  w.kernel = sizes_of(op, "kernel_size", o.kernel, dims, 1);
  w.stride = sizes_of(op, "stride", stride_of(o), dims, 1);
  w.dilation = sizes_of(op, "dilation", o.dilation, dims, 1);
  w.padding = sizes_of(op, "padding", o.padding, dims, 0);
  w.in = last_sizes(t, dims);
  for (int i = kWindowDims - dims; i < kWindowDims; ++i) {
    const Size span = span_of(w, i), room = w.in[i] + 2 * w.padding[i] - span, step = w.stride[i];
    if (w.padding[i] > w.kernel[i] / 2)
      errors::fail(op,
                   "padding must be at most half of the window, else some windows see none of the input; got padding=",
                   as_dims(w.padding, dims), ", kernel_size=", as_dims(w.kernel, dims));
    Size out = room >= 0 ? room / step + 1 : 0;
    if (o.ceil_mode && room > -step) {
      out = pieces(room, step) + 1;
      if ((out - 1) * step >= w.in[i] + w.padding[i]) --out;  // it would begin behind the input
    }
    if (w.in[i] == 0 || out < 1)
      errors::fail<ShapeError>(op, "windows of size ", as_dims(w.kernel, dims), " do not fit into an input of size ",
                               as_dims(w.in, dims), " with padding ", as_dims(w.padding, dims),
                               "; make the padding larger or the windows smaller");
    w.out[i] = out;
  }
  return w;
}

PoolShape shape_of(const char* op, const Tensor& t, const Windows& w, int dims) {
  return {op, w, t.shape(), with_last(t.shape(), w.out, dims), {}, {}};
}

// Windows that divide the input: in equal steps where that is possible, else with a list of their own.
PoolShape adaptive_shape(const char* op, const Tensor& t, int dims, const OutputSize& size) {
  if (size.size() != 1 && size.size() != static_cast<std::size_t>(dims))
    errors::fail(op, "output_size takes one int", dims > 1 ? errors::text(", or ", dims, " of them") : std::string(),
                 "; got ", static_cast<Size>(size.size()));
  Windows w;
  w.in = last_sizes(t, dims);
  bool equal = true;
  for (int i = 0; i < dims; ++i) {
    const int at = kWindowDims - dims + i;
    w.out[at] = size[size.size() == 1 ? 0 : static_cast<std::size_t>(i)].value_or(w.in[at]);
    if (w.out[at] < 0) errors::fail(op, "output_size must not be negative; got ", w.out[at]);
    if (w.in[at] == 0) errors::fail<ShapeError>(op, "an input without elements has no windows; got shape ", t.shape());
    if (w.out[at] == 0) continue;
    equal = equal && w.in[at] % w.out[at] == 0;
    w.kernel[at] = w.stride[at] = w.in[at] / w.out[at];
  }
  w.padding = WindowSizes{{0, 0, 0}};
  PoolShape s = shape_of(op, t, w, dims);
  for (int i = 0; i < kWindowDims && !equal; ++i)
    for (Size o = 0; o < w.out[i]; ++o) {
      s.begin[i].push_back(o * w.in[i] / w.out[i]);
      s.end[i].push_back(pieces((o + 1) * w.in[i], w.out[i]));
    }
  return s;
}

// ---- the kernels ----

PoolCall call_of(Pool kind, const Tensor& out, const Tensor& in, const PoolShape& s) {
  const Tensor& x = kind == Pool::sum_gradient ? out : in;
  PoolCall c{kind,      in.dtype(), out.data(), in.data(), nullptr, x.numel() / std::max<Size>(s.windows.in.numel(), 1),
             s.windows, {},         {}};
  for (int i = 0; i < kWindowDims; ++i) {
    c.begin[i] = s.begin[i].empty() ? nullptr : s.begin[i].data();
    c.end[i] = s.end[i].empty() ? nullptr : s.end[i].data();
  }
  return c;
}

ValuesIndices largest(const Tensor& t, int dims, const PoolShape& s, bool places) {
  errors::check_real(s.op, t);
  const Tensor in = contiguous(t), values = empty(s.y, t.dtype(), t.device());
  const bool grad = autograd::needs_grad(in);
  const Tensor at = places || grad ? empty(s.y, DType::int64, t.device()) : Tensor();
  if (values.numel() > 0) {
    PoolCall c = call_of(Pool::max, values, in, s);
    c.positions = at.defined() ? at.data<Size>() : nullptr;
    launch(s.op, t.device(), t.dtype(), &Backend::pool, c);
  }
  const Tensor outputs[] = {values}, inputs[] = {in};
  if (grad) autograd::attach(outputs, s.op, inputs, derive::max_pool(s.op, at, s.x, dims, t.dtype()));
  return {values, at};
}

// ---- means ----

// How many elements each window of a dimension divides by.
std::vector<double> counts_of(const PoolShape& s, int i, bool with_padding) {
  const Windows& w = s.windows;
  std::vector<double> n;
  for (Size o = 0; o < w.out[i]; ++o) {
    if (!s.begin[i].empty()) {
      n.push_back(static_cast<double>(s.end[i][static_cast<std::size_t>(o)] - s.begin[i][static_cast<std::size_t>(o)]));
      continue;
    }
    const Size first = o * w.stride[i] - w.padding[i], padding = with_padding ? w.padding[i] : 0;
    n.push_back(static_cast<double>(std::min(first + w.kernel[i], w.in[i] + padding) - std::max(first, -padding)));
  }
  return n;
}

// Sums over windows, divided by how many elements these have.
Tensor mean_of(const Tensor& t, int dims, const PoolShape& s, bool with_padding, std::optional<Size> divisor) {
  errors::check_real(s.op, t);
  return rounded_once(fractional(t), [&](const Tensor& x) {
    const Tensor sums = pool_sum(x, s);
    if (divisor) return div(sums, *divisor);
    double same = 1;
    Tensor by;
    for (int i = kWindowDims - dims; i < kWindowDims; ++i) {
      const std::vector<double> n = counts_of(s, i, with_padding);
      if (n.empty()) continue;
      if (std::all_of(n.begin(), n.end(), [&](double v) { return v == n[0]; })) {
        same *= n[0];
        continue;
      }
      Dims along(kWindowDims - i);
      for (auto& size : along) size = 1;
      along[0] = static_cast<Size>(n.size());
      const Tensor counts = reshape(to(vector_of(n, x.device()), x.dtype()), along);
      by = by.defined() ? mul(by, counts) : counts;
    }
    return div(sums, by.defined() ? Operand(mul(by, same)) : Operand(same));
  });
}

}  // namespace

Tensor pool_sum(const Tensor& x, const PoolShape& s) {
  const Tensor in = contiguous(x), out = empty(s.y, x.dtype(), x.device());
  if (out.numel() > 0) launch(s.op, x.device(), x.dtype(), &Backend::pool, call_of(Pool::sum, out, in, s));
  if (autograd::needs_grad(in)) autograd::attach(out, s.op, {&in, 1}, derive::pool_sum(s));
  return out;
}
Tensor pool_sum_gradient(const Tensor& y, const PoolShape& s) {
  const Tensor in = contiguous(y), out = empty(s.x, y.dtype(), y.device());
  if (out.numel() > 0) launch(s.op, y.device(), y.dtype(), &Backend::pool, call_of(Pool::sum_gradient, out, in, s));
  if (autograd::needs_grad(in)) autograd::attach(out, s.op, {&in, 1}, derive::pool_sum_gradient(s));
  return out;
}

ValuesIndices max_pool(int dims, const Tensor& t, const PoolOptions& o, bool places) {
  const char* op = name_of(kMax, dims);
  need_image(op, t, dims);
  return largest(t, dims, shape_of(op, t, windows_of(op, t, dims, o), dims), places);
}

Tensor avg_pool(int dims, const Tensor& t, const PoolOptions& o, bool count_include_pad, std::optional<Size> divisor) {
  const char* op = name_of(kAverage, dims);
  need_image(op, t, dims);
  if (divisor == 0) errors::fail(op, "divisor_override must not be 0");
  return mean_of(t, dims, shape_of(op, t, windows_of(op, t, dims, o), dims), count_include_pad, divisor);
}

Tensor lp_pool(int dims, const Tensor& t, double p, const PoolOptions& o) {
  const char* op = name_of(kPower, dims);
  need_image(op, t, dims);
  if (p == 0) errors::fail(op, "norm_type must not be 0");
  errors::check_real(op, t);
  const Windows w = windows_of(op, t, dims, o);
  return rounded_once(fractional(t), [&](const Tensor& x) {
    // The mean of what a window has, times a whole one's size: PyTorch's sum, also where the input ends.
    const Tensor sums =
        mul(mean_of(pow(x, p), dims, shape_of(op, t, w, dims), true, {}), static_cast<double>(w.kernel.numel()));
    return pow(sums, 1 / p);
  });
}

ValuesIndices adaptive_max_pool(int dims, const Tensor& t, const OutputSize& size, bool places) {
  const char* op = name_of(kAdaptiveMax, dims);
  need_image(op, t, dims);
  return largest(t, dims, adaptive_shape(op, t, dims, size), places);
}

Tensor adaptive_avg_pool(int dims, const Tensor& t, const OutputSize& size) {
  const char* op = name_of(kAdaptiveAverage, dims);
  need_image(op, t, dims);
  const PoolShape s = adaptive_shape(op, t, dims, size);
  if (s.windows.out.numel() == 1 && s.windows.in.numel() > 1) {  // one mean for each plane: a reduction is faster
    errors::check_real(op, t);
    Dims axes;
    for (int i = 1; i <= dims; ++i) axes.push_back(-i);
    return mean(fractional(t), axes, true);
  }
  return mean_of(t, dims, s, true, {});
}

Tensor max_unpool(int dims, const Tensor& t, const Tensor& places, const PoolOptions& o,
                  const std::optional<Dims>& size) {
  const char* op = name_of(kUnpool, dims);
  need_image(op, t, dims);
  if (places.shape() != t.shape())
    errors::fail<ShapeError>(op, "indices must have the input's shape ", t.shape(), "; got ", places.shape());
  if (places.dtype() != DType::int64) errors::indices_not_integers(op, places.dtype());
  const WindowSizes kernel = sizes_of(op, "kernel_size", o.kernel, dims, 1),
                    stride = sizes_of(op, "stride", stride_of(o), dims, 1),
                    padding = sizes_of(op, "padding", o.padding, dims, 0), in = last_sizes(t, dims);
  WindowSizes out;
  for (int i = kWindowDims - dims; i < kWindowDims; ++i) out[i] = (in[i] - 1) * stride[i] - 2 * padding[i] + kernel[i];
  if (size) {
    const int n = size->size();
    if (n != dims && n != t.ndim())
      errors::fail<ShapeError>(op, "output_size takes ", dims, dims == 1 ? " size" : " sizes",
                               ", or those of the whole result; got ", *size);
    for (int i = 0; i < dims; ++i) {
      const int at = kWindowDims - dims + i;
      const Size wanted = (*size)[n - dims + i];
      if (wanted <= out[at] - stride[at] || wanted >= out[at] + stride[at])
        errors::fail(op, "output_size ", *size, " is not near what these windows were pooled from, ",
                     as_dims(out, dims), ": less than a stride, ", as_dims(stride, dims), ", from it");
      out[at] = wanted;
    }
  }
  const Dims shape = with_last(t.shape(), out, dims);
  if (out.numel() < 1 && t.numel() > 0)
    errors::fail<ShapeError>(op, "an input of size ", as_dims(in, dims), " with padding ", as_dims(padding, dims),
                             " gives no output; make the padding smaller");
  Dims rows(std::span<const Size>(t.shape()).first(static_cast<std::size_t>(t.ndim() - dims)));
  const auto flat = [&](const Tensor& x, Size n) {
    Dims s = rows;
    s.push_back(n);
    return reshape(x, s);
  };
  const Tensor zero = zeros(shape, t.dtype(), t.device());
  return reshape(scatter(flat(zero, out.numel()), -1, flat(places, in.numel()), flat(t, in.numel())), shape);
}

}  // namespace tenon::nn
