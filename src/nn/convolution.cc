// Convolutions: shapes, dtypes, and the three products that are each other's derivatives.
#include "tenon/nn/convolution.h"

#include "core/launch.h"
#include "nn/derivatives.h"
#include "nn/shapes.h"
#include "tenon/autograd.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops.h"

namespace tenon::nn {
namespace {

constexpr const char* kConv[] = {"conv1d", "conv2d", "conv3d"};
constexpr const char* kTransposed[] = {"conv_transpose1d", "conv_transpose2d", "conv_transpose3d"};

// ---- the products ----

Tensor product(Convolution kind, const Tensor& a, const Tensor& b, const Tensor& bias, const ConvolutionShape& s) {
  const Dims& shape = kind == Convolution::output ? s.y : kind == Convolution::input ? s.x : s.w;
  const std::int64_t batch = s.x[0];
  // No image gives a weight no gradient.
  if (kind == Convolution::weight && batch == 0) return zeros(shape, a.dtype(), a.device());
  const Tensor out = empty(shape, a.dtype(), together(a.device(), b.device())), left = contiguous(a),
               right = contiguous(b), offset = bias.defined() ? contiguous(bias) : bias;
  if (out.numel() == 0) return out;
  const ConvolutionCall call{
      kind,  a.dtype(), out.data(), left.data(),       right.data(), bias.defined() ? offset.data() : nullptr,
      batch, s.groups,  s.w[1],     s.w[0] / s.groups, s.windows};
  launch(s.op, a.device(), a.dtype(), &Backend::convolution, call);
  return out;
}

// ---- shapes ----

// Throws ShapeError unless w is a kernel of this many dimensions; its sizes.
WindowSizes kernel_of(const char* op, const Tensor& w, int dims, bool transposed) {
  static constexpr const char* wanted[2][3] = {
      {"(O, C / groups, L)", "(O, C / groups, H, W)", "(O, C / groups, D, H, W)"},
      {"(C, O / groups, L)", "(C, O / groups, H, W)", "(C, O / groups, D, H, W)"}};
  if (w.ndim() != dims + 2)
    errors::fail<ShapeError>(op, "the weight must be ", wanted[transposed][dims - 1], "; got shape ", w.shape());
  const WindowSizes k = last_sizes(w, dims);
  if (k.numel() == 0)
    errors::fail<ShapeError>(op, "a kernel has one element at least; got a weight of shape ", w.shape());
  return k;
}

void need_groups(const char* op, const Tensor& w, std::int64_t groups) {
  if (groups < 1) errors::fail(op, "groups must be positive; got ", groups);
  if (w.size(0) % groups != 0)
    errors::fail(op, "the first size of the weight, shape ", w.shape(),
                 ", must be a multiple of groups; got groups=", groups);
}
void need_channels(const char* op, const Tensor& x, const Tensor& w, std::int64_t channels, std::int64_t groups) {
  if (x.size(1) != channels)
    errors::fail<ShapeError>(op, "a weight of shape ", w.shape(), " with groups=", groups, " takes ", channels,
                             channels == 1 ? " channel" : " channels", "; got an input of shape ", x.shape());
}
void need_bias(const char* op, const Tensor& bias, std::int64_t channels) {
  if (bias.defined() && bias.shape() != Dims{channels})
    errors::fail<ShapeError>(op, "the bias must have shape ", Dims{channels},
                             ", one element for each channel of the output; got ", bias.shape());
}

// All operands in the dtype that they promote to.
struct Operands {
  Tensor x, w, bias;
};
Operands promoted(const char* op, const Tensor& x, const Tensor& w, const Tensor& bias) {
  for (const Tensor* t : {&w, &bias})
    if (t->defined() && t->device() != x.device()) errors::device_mismatch(op, x.device(), t->device());
  DType d = promote(x.dtype(), w.dtype());
  if (bias.defined()) d = promote(d, bias.dtype());
  if (!is_floating(d) || is_float8(d))
    errors::dtype_not_supported(op, d, "real floats; convert the input or the weight with .float()");
  return {to(x, d), to(w, d), bias.defined() ? to(bias, d) : bias};
}

Windows windows_of(const char* op, const Tensor& w, int dims, const ConvolutionOptions& o, bool transposed) {
  Windows v;
  v.kernel = kernel_of(op, w, dims, transposed);
  v.stride = sizes_of(op, "stride", o.stride, dims, 1);
  v.dilation = sizes_of(op, "dilation", o.dilation, dims, 1);
  v.padding = sizes_of(op, "padding", o.padding, dims, 0);
  return v;
}

Tensor as_batch(const Tensor& x, int dims) { return is_batched(x, dims) ? x : unsqueeze(x, {0}); }
Tensor as_given(const Tensor& y, const Tensor& x, int dims) { return is_batched(x, dims) ? y : squeeze(y, Dims{0}); }

// The outputs' sizes, in v.
void fit(const char* op, Windows& v, int dims, bool same) {
  for (int i = kWindowDims - dims; i < kWindowDims; ++i) {
    const std::int64_t span = span_of(v, i);
    if (same) {
      if (v.stride[i] != 1)
        errors::fail(op, "padding='same' keeps the size only with stride=1; got stride=", as_dims(v.stride, dims));
      v.padding[i] = (span - 1) / 2;
      v.out[i] = v.in[i];
      continue;
    }
    const std::int64_t padded = v.in[i] + 2 * v.padding[i];
    if (padded < span)
      errors::fail<ShapeError>(op, "a kernel of size ", as_dims(v.kernel, dims), " with dilation ",
                               as_dims(v.dilation, dims), " does not fit into an input of size ", as_dims(v.in, dims),
                               " with padding ", as_dims(v.padding, dims),
                               "; make the padding larger or the kernel smaller");
    v.out[i] = (padded - span) / v.stride[i] + 1;
  }
}

}  // namespace

Tensor convolution_output(const Tensor& x, const Tensor& w, const Tensor& bias, const ConvolutionShape& s) {
  const Tensor y = product(Convolution::output, x, w, bias, s);
  const Tensor inputs[] = {x, w, bias};
  const auto given = std::span(inputs).first(bias.defined() ? 3 : 2);
  if (autograd::needs_grad(given)) autograd::attach(y, s.op, given, derive::convolution_output(x, w, bias, s));
  return y;
}
Tensor convolution_input(const Tensor& y, const Tensor& w, const ConvolutionShape& s) {
  const Tensor x = product(Convolution::input, y, w, {}, s), inputs[] = {y, w};
  if (autograd::needs_grad(inputs)) autograd::attach(x, s.op, inputs, derive::convolution_input(y, w, s));
  return x;
}
Tensor convolution_weight(const Tensor& y, const Tensor& x, const ConvolutionShape& s) {
  const Tensor w = product(Convolution::weight, y, x, {}, s), inputs[] = {y, x};
  if (autograd::needs_grad(inputs)) autograd::attach(w, s.op, inputs, derive::convolution_weight(y, x, s));
  return w;
}

Tensor convolution(int dims, const Tensor& x, const Tensor& w, const Tensor& bias, const ConvolutionOptions& o) {
  const char* op = name_of(kConv, dims);
  need_image(op, x, dims);
  Windows v = windows_of(op, w, dims, o, false);
  const Tensor batch = as_batch(x, dims);
  need_groups(op, w, o.groups);
  need_channels(op, batch, w, w.size(1) * o.groups, o.groups);
  need_bias(op, bias, w.size(0));
  v.in = last_sizes(x, dims);
  fit(op, v, dims, o.same);
  const Operands p = promoted(op, batch, w, bias);
  Dims shape = with_last(batch.shape(), v.out, dims);
  shape[1] = w.size(0);
  return as_given(convolution_output(p.x, p.w, p.bias, {op, v, o.groups, batch.shape(), w.shape(), shape}), x, dims);
}

Tensor convolution_transpose(int dims, const Tensor& x, const Tensor& w, const Tensor& bias,
                             const ConvolutionOptions& o) {
  const char* op = name_of(kTransposed, dims);
  need_image(op, x, dims);
  Windows v = windows_of(op, w, dims, o, true);
  const WindowSizes more = sizes_of(op, "output_padding", o.output_padding, dims, 0);
  const Tensor batch = as_batch(x, dims);
  need_groups(op, w, o.groups);
  need_channels(op, batch, w, w.size(0), o.groups);
  need_bias(op, bias, w.size(1) * o.groups);
  v.out = last_sizes(x, dims);
  for (int i = kWindowDims - dims; i < kWindowDims; ++i) {
    if (more[i] >= v.stride[i] && more[i] >= v.dilation[i])
      errors::fail(op, "output_padding must be smaller than the stride or the dilation; got output_padding=",
                   as_dims(more, dims), ", stride=", as_dims(v.stride, dims), ", dilation=", as_dims(v.dilation, dims));
    v.in[i] = (v.out[i] - 1) * v.stride[i] - 2 * v.padding[i] + span_of(v, i) + more[i];
    if (v.out[i] == 0 || v.in[i] < 1)
      errors::fail<ShapeError>(op, "an input of size ", as_dims(v.out, dims), " with padding ",
                               as_dims(v.padding, dims), " gives no output; make the padding smaller");
  }
  const Operands p = promoted(op, batch, w, bias);
  Dims shape = with_last(batch.shape(), v.in, dims);
  shape[1] = w.size(1) * o.groups;
  Tensor y = convolution_input(p.x, p.w, {op, v, o.groups, shape, w.shape(), batch.shape()});
  if (bias.defined()) {
    Dims along(dims + 1);
    for (auto& n : along) n = 1;
    along[0] = shape[1];
    y = add(y, reshape(p.bias, along));
  }
  return as_given(y, x, dims);
}

}  // namespace tenon::nn
