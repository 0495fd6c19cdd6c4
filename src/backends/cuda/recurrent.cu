// Recurrent layers: for each step a matrix product of the state and one pass of gates.
#include <algorithm>

#include "backends/cuda/kernel.h"
#include "backends/cuda/operations.h"
#include "backends/scalar/elementwise.h"

namespace tenon::cuda {
namespace {

template <class T>
const T* at(const void* p, std::int64_t i) {
  return p ? static_cast<const T*>(p) + i : nullptr;
}
template <class T>
T* at(void* p, std::int64_t i) {
  return p ? static_cast<T*>(p) + i : nullptr;
}

// One step of m rows, forwards. Pointers are to its first row; those of what is not kept are null.
template <class T>
struct Gates {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = false;
  Cell cell;
  std::int64_t m, hidden, parts;
  const T *x, *sums, *b_ih, *b_hh;  // projections of the input and of the state, and their biases
  T *h, *c, *next, *y;  // next: where h' goes
  T *kept, *h_before, *c_before, *c_tanh, *h_part;

  TENON_KERNEL static T or_zero(const T* p, std::int64_t i) { return p ? p[i] : T(0); }
  TENON_KERNEL void operator()(const Thread& t) const {
    for (std::uint64_t i = t.index(); i < static_cast<std::uint64_t>(m * hidden); i += t.stride()) {
      const auto place = static_cast<std::int64_t>(i), row = place / hidden, j = place - row * hidden;
      const std::int64_t gates = row * parts * hidden + j;
      const auto total = [&](std::int64_t part) {
        const std::int64_t k = part * hidden;
        return x[gates + k] + (sums[gates + k] + (or_zero(b_ih, j + k) + or_zero(b_hh, j + k)));
      };
      const auto keep = [&](std::int64_t part, T value) {
        if (kept) kept[gates + part * hidden] = value;
      };
      const T before = h_before || cell == Cell::gru ? h[place] : T(0);
      T now;
      if (cell == Cell::lstm) {
        const T i_ = scalar::sigmoid(total(0)), f = scalar::sigmoid(total(1)), g = scalar::tanh(total(2)),
                o = scalar::sigmoid(total(3));
        const T was = c[place], state = f * was + i_ * g, tanh = scalar::tanh(state);
        keep(0, i_), keep(1, f), keep(2, g), keep(3, o);
        if (c_before) c_before[place] = was;
        if (c_tanh) c_tanh[place] = tanh;
        c[place] = state;
        now = o * tanh;
      } else if (cell == Cell::gru) {
        const std::int64_t k = 2 * hidden;
        const T r = scalar::sigmoid(total(0)), z = scalar::sigmoid(total(1));
        const T of_h = sums[gates + k] + or_zero(b_hh, j + k);
        const T n = scalar::tanh(x[gates + k] + or_zero(b_ih, j + k) + r * of_h);
        keep(0, r), keep(1, z), keep(2, n);
        if (h_part) h_part[place] = of_h;
        now = z * (before - n) + n;
      } else {
        const T v = total(0);
        now = cell == Cell::rnn_tanh ? scalar::tanh(v) : v < 0 ? T(0) : v;
      }
      if (h_before) h_before[place] = before;
      next[place] = now;
      if (y) y[place] = now;
    }
  }
};

// One step backwards. dh: the gradient of h', to which dy adds.
template <class T>
struct GateGradients {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = false;
  Cell cell;
  std::int64_t m, hidden, parts;
  const T *gates, *c_before, *c_tanh, *h_part, *h_before, *y, *dy;
  T *dh, *dc, *d, *d_x;

  TENON_KERNEL void operator()(const Thread& t) const {
    for (std::uint64_t i = t.index(); i < static_cast<std::uint64_t>(m * hidden); i += t.stride()) {
      const auto place = static_cast<std::int64_t>(i), row = place / hidden;
      const std::int64_t at = row * parts * hidden + (place - row * hidden);
      const T of_h = dh[place] + (dy ? dy[place] : T(0));
      if (cell == Cell::lstm) {
        const T i_ = gates[at], f = gates[at + hidden], g = gates[at + 2 * hidden], o = gates[at + 3 * hidden];
        const T tanh = c_tanh[place], of_c = of_h * o * (1 - tanh * tanh) + dc[place];
        d[at] = of_c * g * (i_ * (1 - i_));
        d[at + hidden] = of_c * c_before[place] * (f * (1 - f));
        d[at + 2 * hidden] = of_c * i_ * (1 - g * g);
        d[at + 3 * hidden] = of_h * tanh * (o * (1 - o));
        dc[place] = of_c * f;
      } else if (cell == Cell::gru) {
        const T r = gates[at], z = gates[at + hidden], n = gates[at + 2 * hidden];
        const T of_n = of_h * (1 - z) * (1 - n * n);
        d[at] = d_x[at] = of_n * h_part[place] * (r * (1 - r));
        d[at + hidden] = d_x[at + hidden] = of_h * (h_before[place] - n) * (z * (1 - z));
        d[at + 2 * hidden] = of_n * r;
        d_x[at + 2 * hidden] = of_n;
        dh[place] = of_h * z;  // what goes past the product
      } else {
        d[at] = cell == Cell::rnn_tanh ? of_h * (1 - y[place] * y[place]) : y[place] > 0 ? of_h : T(0);
      }
    }
  }
};

// to += x, where there is x; and a copy of it.
template <class T>
struct AddRows {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = false;
  T* to;
  const T* x;
  T* copy;
  std::int64_t n;

  TENON_KERNEL void operator()(const Thread& t) const {
    for (std::uint64_t i = t.index(); i < static_cast<std::uint64_t>(n); i += t.stride()) {
      if (x) to[i] += x[i];
      if (copy) copy[i] = to[i];
    }
  }
};

template <class T>
class Layer {
 public:
  Layer(const Context& context, const RecurrentCall& call)
      : context_(context),
        c(call),
        gates(call.parts * call.hidden),
        sums_(context, bytes(call.batch * std::max(gates, call.width))),
        rows_(context, call.w_hr ? bytes(call.batch * call.hidden) : 0) {}

  void forward(std::int64_t m, std::int64_t e) const {
    const bool projects = c.w_hr != nullptr;
    T* h = at<T>(c.h, 0);
    if (projects && c.h_before) copy(at<T>(c.h_before, e * c.width), h, m * c.width);
    if (c.w_hh) multiply(sums_.get<T>(), h, c.w_hh, m, gates, c.width, true);
    T* unprojected = c.unprojected ? at<T>(c.unprojected, e * c.hidden) : rows_.get<T>();
    const Gates<T> k{c.cell,
                     m,
                     c.hidden,
                     c.parts,
                     at<T>(c.gates, e * gates),
                     c.w_hh ? sums_.get<T>() : at<T>(c.of_state, 0),
                     at<T>(c.b_ih, 0),
                     at<T>(c.b_hh, 0),
                     h,
                     at<T>(c.c, 0),
                     projects ? unprojected : h,
                     projects ? nullptr : at<T>(c.y, e * c.width),
                     at<T>(c.gates_out, e * gates),
                     projects ? nullptr : at<T>(c.h_before, e * c.width),
                     at<T>(c.c_before, e * c.hidden),
                     at<T>(c.c_tanh, e * c.hidden),
                     at<T>(c.h_part, e * c.hidden)};
    launch(context_, blocks_for(m * c.hidden, k.kThreads), k);
    if (!projects) return;
    multiply(h, unprojected, c.w_hr, m, c.width, c.hidden, true);
    copy(at<T>(c.y, e * c.width), h, m * c.width);
  }

  void backward(std::int64_t m, std::int64_t e) const {
    const bool projects = c.w_hr != nullptr;
    T* dh = at<T>(c.h, 0);
    const T* dy = at<T>(static_cast<const void*>(c.dy), e * c.width);
    if (projects) {
      add(dh, dy, at<T>(c.d_out, e * c.width), m * c.width);
      multiply(rows_.get<T>(), dh, c.w_hr, m, c.hidden, c.width, false);
    }
    const GateGradients<T> k{c.cell,
                             m,
                             c.hidden,
                             c.parts,
                             at<T>(c.gates, e * gates),
                             at<T>(c.c_before, e * c.hidden),
                             at<T>(c.c_tanh, e * c.hidden),
                             at<T>(c.h_part, e * c.hidden),
                             at<T>(c.h_before, e * c.width),
                             at<T>(c.y, e * c.width),
                             projects ? nullptr : dy,
                             projects ? rows_.get<T>() : dh,
                             at<T>(c.c, 0),
                             at<T>(c.d_state, e * gates),
                             at<T>(c.d_x, e * gates)};
    launch(context_, blocks_for(m * c.hidden, k.kThreads), k);
    if (!c.w_hh) return;
    const bool adds = c.cell == Cell::gru;
    multiply(adds ? sums_.get<T>() : dh, k.d, c.w_hh, m, c.width, gates, false);
    if (adds) add(dh, sums_.get<T>(), nullptr, m * c.width);
  }

 private:
  static std::int64_t bytes(std::int64_t n) { return n * static_cast<std::int64_t>(sizeof(T)); }
  const Context& context_;
  const RecurrentCall& c;
  const std::int64_t gates;
  const Scratch sums_, rows_;

  // to [m, n] = a [m, k] @ b, which is [n, k] if it is transposed, else [k, n].
  void multiply(T* to, const T* a, const void* b, std::int64_t m, std::int64_t n, std::int64_t k,
                bool transposed) const {
    MatmulCall call{c.dtype, to, a, b, m, n, k, {k, 1}, {transposed ? 1 : n, transposed ? k : 1}, {n, 1}, {}};
    call.batch.ndim = 0;
    call.batch.numel = 1;
    (void)matmul(context_, call);
  }
  void add(T* to, const T* x, T* copied, std::int64_t n) const {
    launch(context_, blocks_for(n, AddRows<T>::kThreads), AddRows<T>{to, x, copied, n});
  }
  void copy(T* to, const T* from, std::int64_t n) const { copy_bytes(context_, to, from, bytes(n)); }
};

template <class T>
void run(const Context& context, const RecurrentCall& c) {
  const Layer<T> layer(context, c);
  for (std::int64_t s = 0; s < c.steps; ++s) {
    if (c.sizes[s] <= 0) continue;
    if (c.kind == RecurrentPass::forward) layer.forward(c.sizes[s], c.begin[s]);
    else layer.backward(c.sizes[s], c.begin[s]);
  }
}

}  // namespace

Status recurrent(const Context& context, const RecurrentCall& c) {
  if (c.dtype != DType::float32 && c.dtype != DType::float64) return Status::unavailable;
  if (c.steps == 0 || c.batch == 0) return Status::ok;
  if (c.dtype == DType::float64) run<double>(context, c);
  else run<float>(context, c);
  return Status::ok;
}

}  // namespace tenon::cuda
