// Connectionist temporal classification (Graves et al., "Connectionist Temporal Classification", 2006): forward and backward
// variables of each sample in logarithms. The states of a sample are its labels with blanks around each.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "backends/cpu/backend.h"
#include "backends/cpu/parallel.h"

namespace tenon::cpu {
namespace {

using Size = std::int64_t;

template <class T>
constexpr T kNever = -std::numeric_limits<T>::infinity();

template <class T>
T log_sum(T a, T b) {
  if (a < b) std::swap(a, b);
  return b == kNever<T> ? a : a + std::log1p(std::exp(b - a));
}
template <class T>
T log_sum(T a, T b, T c) {
  const T most = std::max({a, b, c});
  if (most == kNever<T>) return a + b + c;  // one of them may be NaN
  return most + std::log(std::exp(a - most) + std::exp(b - most) + std::exp(c - most));
}

template <class T>
struct Sample {
  const CtcCall& c;
  const Size n, steps = c.input_lengths[n], labels = c.target_lengths[n], states = 2 * labels + 1;
  const std::int64_t* target = c.targets + c.target_begin[n];

  Size at(Size t) const { return (t * c.batch + n) * c.classes; }
  const T* log_probs(Size t) const { return static_cast<const T*>(c.log_probs) + at(t); }
  Size label(Size s) const { return s % 2 ? target[s / 2] : c.blank; }
  // A label may follow the one two states before, past a blank, unless they are equal.
  bool skips(Size s) const { return s % 2 && s >= 3 && target[s / 2] != target[s / 2 - 1]; }

  // alpha[t]: the paths' sum up to step t that end in each state.
  void forward(T* alpha) const {
    for (Size s = 0; s < states; ++s) alpha[s] = s < 2 ? log_probs(0)[label(s)] : kNever<T>;
    for (Size t = 1; t < steps; ++t) {
      const T *before = alpha + (t - 1) * states, *p = log_probs(t);
      T* now = alpha + t * states;
      for (Size s = 0; s < states; ++s)
        now[s] =
            log_sum(before[s], s > 0 ? before[s - 1] : kNever<T>, skips(s) ? before[s - 2] : kNever<T>) + p[label(s)];
    }
  }
  T loss(const T* alpha) const {
    if (steps == 0) return labels == 0 ? T(0) : -kNever<T>;
    const T* last = alpha + (steps - 1) * states;
    return -log_sum(last[states - 1], states > 1 ? last[states - 2] : kNever<T>);
  }
  // Adds to the gradient, which is zeros, from the last step on. beta: of one step, without what the step itself emits.
  void backward(const T* alpha, T loss, T* beta) const {
    T* gradient = static_cast<T*>(c.gradient);
    for (Size s = 0; s < states; ++s) beta[s] = s + 2 >= states ? T(0) : kNever<T>;
    for (Size t = steps - 1; t >= 0; --t) {
      T* to = gradient + at(t);
      for (Size s = 0; s < states; ++s) to[label(s)] -= std::exp(alpha[t * states + s] + beta[s] + loss);
      const T* p = log_probs(t);
      for (Size s = 0; s < states; ++s) beta[s] += p[label(s)];
      for (Size s = 0; s < states; ++s)  // in place: only states behind s are read
        beta[s] = log_sum(beta[s], s + 1 < states ? beta[s + 1] : kNever<T>,
                          s + 2 < states && skips(s + 2) ? beta[s + 2] : kNever<T>);
    }
  }
};

template <class T>
void run(const CtcCall& c, Size begin, Size end) {
  std::vector<T> alpha, beta;
  for (Size n = begin; n < end; ++n) {
    const Sample<T> s{c, n};
    alpha.resize(static_cast<std::size_t>(std::max<Size>(s.steps * s.states, 1)));
    if (s.steps > 0) s.forward(alpha.data());
    const T loss = s.loss(alpha.data());
    static_cast<T*>(c.losses)[n] = loss;
    if (!c.gradient || loss == -kNever<T>) continue;  // what has no way has no gradient
    beta.resize(static_cast<std::size_t>(s.states));
    s.backward(alpha.data(), loss, beta.data());
  }
}

}  // namespace

Status ctc(const CtcCall& c) {
  if (c.dtype != DType::float32 && c.dtype != DType::float64) return Status::unavailable;
  if (c.batch == 0) return Status::ok;
  const auto all = [&]<class T>(T) {
    if (c.gradient) std::fill_n(static_cast<T*>(c.gradient), c.steps * c.batch * c.classes, T(0));
    const Size each = std::max<Size>(c.steps * (2 * c.labels / c.batch + 1) * 16, 1);
    parallel_for(c.batch, std::max<Size>(kGrain / each, 1), [&](Size begin, Size end) { run<T>(c, begin, end); });
  };
  if (c.dtype == DType::float32) all(float{});
  else all(double{});
  return Status::ok;
}

}  // namespace tenon::cpu
