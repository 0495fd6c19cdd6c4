// The calls of neural networks' layers; calls.h says what they have in common. All memory is contiguous and row-major
// where nothing else is said.
#pragma once

#include <cstdint>

#include "tenon/dtype.h"
#include "tenon/named_enum.h"
#include "tenon/reach.h"

namespace tenon {

inline constexpr int kWindowDims = 3;

// Sizes along the dimensions that windows move over; what has fewer begins with ones.
struct WindowSizes {
  std::int64_t size[kWindowDims] = {1, 1, 1};

  std::int64_t& operator[](int i) { return size[i]; }
  std::int64_t operator[](int i) const { return size[i]; }
  std::int64_t numel() const { return size[0] * size[1] * size[2]; }
};

// How windows lie over the input: output o sees the elements o * stride - padding + k * dilation, for k below `kernel`.
// Those outside of the input are zeros of convolutions, and no elements of pools. What lies behind the last window is
// not seen; the output's size says how many windows there are, so that padding may differ on the two sides.
struct Windows {
  WindowSizes in, out, kernel, stride, dilation, padding;
};

// With x [batch, groups * in_channels, in...], w [groups * out_channels, in_channels, kernel...] and
// y [batch, groups * out_channels, out...]:
//   output  y[n, o] = bias[o] + the sum over channels and taps of w * x      (a: x, b: w)
//   input   x[n, c] = the gradient of the input from that of the output, which is the transposed convolution (a: y, b: w)
//   weight  w[o, c] = the gradient of the weight                             (a: y, b: x)
#define TENON_CONVOLUTIONS(X) X(output) X(input) X(weight)
TENON_NAMED_ENUM(Convolution, TENON_CONVOLUTIONS)

struct ConvolutionCall {
  Convolution kind;
  DType dtype;
  void* out;
  const void *a, *b;
  const void* bias;  // [groups * out_channels], of `output` alone; null for none
  std::int64_t batch, groups, in_channels, out_channels;  // channels of one group
  Windows windows;

  template <class F>
  void operands(F&& f) {
    const std::int64_t x = batch * groups * in_channels * windows.in.numel();
    const std::int64_t y = batch * groups * out_channels * windows.out.numel();
    const std::int64_t w = groups * out_channels * in_channels * windows.kernel.numel();
    f("the output", out, Reach(dtype, kind == Convolution::output ? y : kind == Convolution::input ? x : w));
    f("operand 1", a, Reach(dtype, kind == Convolution::output ? x : y));
    f("operand 2", b, Reach(dtype, kind == Convolution::weight ? x : w));
    if (bias) f("the bias", bias, Reach(dtype, groups * out_channels));
  }
  void clear() { groups = batch = 0; }
};

// Of windows over each of `planes` planes: the largest element and its position in the plane (of equal ones the first;
// a NaN is above all numbers), or the sum; and for sums the gradient of the input, which adds up.
#define TENON_POOLS(X) X(max) X(sum) X(sum_gradient)
TENON_NAMED_ENUM(Pool, TENON_POOLS)

struct PoolCall {
  Pool kind;
  DType dtype;
  void* out;  // [planes, out...]; of sum_gradient [planes, in...]
  const void* in;  // [planes, in...]; of sum_gradient [planes, out...]
  std::int64_t* positions;  // of max: [planes, out...]
  std::int64_t planes;
  Windows windows;
  // Adaptive pools: window o of dimension i is [begin[i][o], end[i][o]) instead; null for the others.
  const std::int64_t* begin[kWindowDims];
  const std::int64_t* end[kWindowDims];

  template <class F>
  void operands(F&& f) {
    const std::int64_t x = planes * windows.in.numel(), y = planes * windows.out.numel();
    f("the output", out, Reach(dtype, kind == Pool::sum_gradient ? x : y));
    f("the input", in, Reach(dtype, kind == Pool::sum_gradient ? y : x));
    if (positions) f("the positions", positions, Reach(DType::int64, y));
  }
  template <class F>
  void arrays(F&& f) {
    for (int i = 0; i < kWindowDims; ++i) {
      f(begin[i], begin[i] ? windows.out[i] : 0);
      f(end[i], end[i] ? windows.out[i] : 0);
    }
  }
  void clear() { planes = 0; }
};

// [batch, heads, rows, columns] with strides in elements; columns lie next to each other. data is null where there is
// none.
struct Heads {
  void* data = nullptr;
  std::int64_t strides[3] = {};  // of the batch, a head, a row
};

// Scaled dot-product attention: softmax(q @ k.T * scale + mask) @ v for each head, in blocks: the scores are never in
// memory at once. The query's head h reads the key's head h / (heads / key_heads).
//   forward   out and lse, the logarithm of each row's sum of exponentials (float32; float64 for float64)
//   backward  dq, dk, dv from the gradient g of out, and what forward read and wrote
#define TENON_ATTENTIONS(X) X(forward) X(backward)
TENON_NAMED_ENUM(Attention, TENON_ATTENTIONS)

struct AttentionCall {
  Attention kind;
  DType dtype;
  std::int64_t batch, heads, key_heads, queries, keys, width, value_width;
  double scale;
  bool causal;  // query i sees the keys up to i
  // A weight is dropped where the uniform number of its place, counted row-major over [batch, heads, queries, keys], is below
  // `dropout`; the others are divided by 1 - dropout. The numbers are those of RandomCall, of dtype. 0: none is dropped.
  double dropout;
  std::uint64_t seed, offset;
  const std::uint64_t* state;  // as RandomCall's
  DType mask_dtype;  // bool (true: is seen), or dtype (is added)
  Heads q, k, v, out, g, dq, dk, dv;
  Heads mask;  // of [queries, keys]; strides of 0 where it is broadcast
  std::int64_t mask_column;  // its columns' stride
  void* lse;  // [batch, heads, queries]

  template <class F>
  void operands(F&& f) {
    const auto size = [](DType d) { return static_cast<std::int64_t>(itemsize(d)); };
    const auto of = [&](const char* what, Heads& h, DType d, std::int64_t n_heads, std::int64_t rows,
                        std::int64_t columns, std::int64_t column_stride) {
      if (!h.data) return;
      f(what, h.data,
        Reach(d)
            .along(batch, h.strides[0] * size(d))
            .along(n_heads, h.strides[1] * size(d))
            .along(rows, h.strides[2] * size(d))
            .along(columns, column_stride * size(d)));
    };
    of("the output", out, dtype, heads, queries, value_width, 1);
    of("the query", q, dtype, heads, queries, width, 1);
    of("the key", k, dtype, key_heads, keys, width, 1);
    of("the value", v, dtype, key_heads, keys, value_width, 1);
    of("the mask", mask, mask_dtype, heads, queries, keys, mask_column);
    of("the gradient", g, dtype, heads, queries, value_width, 1);
    of("the query's gradient", dq, dtype, heads, queries, width, 1);
    of("the key's gradient", dk, dtype, key_heads, keys, width, 1);
    of("the value's gradient", dv, dtype, key_heads, keys, value_width, 1);
    f("the sums", lse, Reach(dtype == DType::float64 ? DType::float64 : DType::float32, batch * heads * queries));
    if (state) f("the generator's state", state, Reach(DType::uint64, 2));
  }
  void clear() { batch = 0; }
};

// Normalization of slabs of `rows` rows of `columns` elements: mean 0 (where centred) and variance 1 in each. Row r of
// slab s begins at element s * slab_stride + r * row_stride and has weight and bias [s % groups * slab_weights +
// r * row_weights] of n_weights, which are null for 1 and 0.
//   forward   out, and each slab's mean (null unless centred) and 1 / sqrt(variance + eps)
//   backward  dx, dweight and dbias (each null where nobody needs it) from the gradient g of out, and what forward read
//             and wrote
#define TENON_NORMALIZATIONS(X) X(forward) X(backward)
TENON_NAMED_ENUM(NormalizationPass, TENON_NORMALIZATIONS)

struct NormalizationCall {
  NormalizationPass kind;
  DType dtype;  // of all
  std::int64_t slabs, rows, columns, slab_stride, row_stride;
  std::int64_t groups, slab_weights, row_weights, n_weights;
  bool centred;
  double eps;
  const void *x, *weight, *bias, *g;
  void *out, *mean, *rstd, *dx, *dweight, *dbias;

  template <class F>
  void operands(F&& f) {
    const std::int64_t n = slabs * rows * columns, affine = n_weights;
    const auto of = [&](const char* what, auto& p, std::int64_t elements) {
      if (p) f(what, p, Reach(dtype, elements));
    };
    of("the output", out, n);
    of("the input", x, n);
    of("the gradient", g, n);
    of("the input's gradient", dx, n);
    of("the weight", weight, affine);
    of("the bias", bias, affine);
    of("the weight's gradient", dweight, affine);
    of("the bias's gradient", dbias, affine);
    of("the means", mean, slabs);
    of("the deviations", rstd, slabs);
  }
  void clear() { slabs = 0; }
};

// What a step of a recurrent layer does with the projections of its input x and of the state h (each w @ v + b, in parts of
// the hidden size):
//   lstm      i, f, g, o: c' = sigmoid(f) c + sigmoid(i) tanh(g), h' = sigmoid(o) tanh(c')
//   gru       r, z, n: n' = tanh(x_n + sigmoid(r) h_n), h' = (1 - sigmoid(z)) n' + sigmoid(z) h
//   rnn_tanh, rnn_relu  h' = tanh(x + h), relu(x + h)
#define TENON_CELLS(X) X(lstm) X(gru) X(rnn_tanh) X(rnn_relu)
TENON_NAMED_ENUM(Cell, TENON_CELLS)

// All steps of a recurrent layer in one direction. Step i has the rows from begin[i] of `elements`, for the first sizes[i]
// of the batch.
//   forward   from `gates`, which holds x @ w_ih.T: y, and the states after the last step in h and c. Where gates_out is
//             given (it may be `gates`), it and what stands below it get what backward reads.
//   backward  from what forward kept and dy: the gradients of both projections, and in dh and dc those of the states before
//             the first step. The steps are given in reverse.
// w_hh is null where there is one step alone: forward finds its product with the state in `of_state`, and backward leaves
// it to the caller; of a gru dh holds what goes past the product.
#define TENON_RECURRENT_PASSES(X) X(forward) X(backward)
TENON_NAMED_ENUM(RecurrentPass, TENON_RECURRENT_PASSES)

struct RecurrentCall {
  RecurrentPass kind;
  Cell cell;
  DType dtype;  // of all
  std::int64_t steps, elements, batch, parts, hidden, width;  // width: of h, that of w_hr if there is one, else hidden
  const std::int64_t *begin, *sizes;  // [steps]
  const void *w_hh, *w_hr;  // [parts * hidden, width], [width, hidden] or null
  const void *b_ih, *b_hh;  // [parts * hidden] or null
  const void* gates;  // [elements, parts * hidden]; of backward what forward left in gates_out
  const void* of_state;  // [batch, parts * hidden]
  void *h, *c;  // [batch, width], [batch, hidden]; of backward their gradients
  void* y;  // [elements, width]; backward reads it for an rnn alone
  void* gates_out;  // after their functions; none of an rnn
  void *h_before, *c_before, *c_tanh;  // the states that each step read, and tanh(c'); c of an lstm alone
  void* h_part;  // [elements, hidden], gru: h_n with its bias
  void* unprojected;  // [elements, hidden], of w_hr: h' before it
  const void* dy;  // [elements, width] or null
  void *d_state, *d_x;  // [elements, parts * hidden]; d_x of a gru alone, elsewhere they are the same
  void* d_out;  // [elements, width], of w_hr: the gradient of what it makes

  template <class F>
  void operands(F&& f) {
    const auto of = [&](const char* what, auto& p, std::int64_t n) {
      if (p) f(what, p, Reach(dtype, n));
    };
    of("the weight of h", w_hh, parts * hidden * width);
    of("the projection's weight", w_hr, width * hidden);
    of("the bias of x", b_ih, parts * hidden);
    of("the bias of h", b_hh, parts * hidden);
    of("the gates", gates, elements * parts * hidden);
    of("the state's projection", of_state, batch * parts * hidden);
    of("h", h, batch * width);
    of("c", c, batch * hidden);
    of("the output", y, elements * width);
    of("the kept gates", gates_out, elements * parts * hidden);
    of("the kept h", h_before, elements * width);
    of("the kept c", c_before, elements * hidden);
    of("the kept tanh of c", c_tanh, elements * hidden);
    of("the kept part of h", h_part, elements * hidden);
    of("the unprojected h", unprojected, elements * hidden);
    of("the output's gradient", dy, elements * width);
    of("the gradient of h's projection", d_state, elements * parts * hidden);
    of("the gradient of x's projection", d_x, elements * parts * hidden);
    of("the projection's gradient", d_out, elements * width);
  }
  template <class F>
  void arrays(F&& f) {
    f(begin, steps);
    f(sizes, steps);
  }
  void clear() { steps = elements = batch = 0; }
};

// Connectionist temporal classification (Graves et al., 2006): of each sample the negative logarithm of the sum over all
// ways to spread its labels over its steps, by forward and backward variables in logarithms. Infinite where there is none.
struct CtcCall {
  DType dtype;
  std::int64_t steps, batch, classes, blank;
  const void* log_probs;  // [steps, batch, classes]
  const std::int64_t *input_lengths, *target_lengths, *target_begin;  // [batch]
  const std::int64_t* targets;  // the labels of all samples, that of a sample from target_begin on
  std::int64_t labels;  // how many there are
  void* losses;  // [batch]
  void* gradient;  // [steps, batch, classes]: of each loss by log_probs; null where nobody needs it

  template <class F>
  void operands(F&& f) {
    f("the log probabilities", log_probs, Reach(dtype, steps * batch * classes));
    f("the losses", losses, Reach(dtype, batch));
    if (gradient) f("the gradient", gradient, Reach(dtype, steps * batch * classes));
  }
  template <class F>
  void arrays(F&& f) {
    f(input_lengths, batch);
    f(target_lengths, batch);
    f(target_begin, batch);
    f(targets, labels);
  }
  void clear() { batch = 0; }
};

}  // namespace tenon
