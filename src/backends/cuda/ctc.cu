// Connectionist temporal classification (Graves et al., 2006): a block for each sample, whose threads have the states of a
// step; forward and backward variables in logarithms. The host says which labels are equal, so that of each class one
// thread adds up the states.
#include <algorithm>
#include <limits>
#include <map>
#include <vector>

#include "backends/cuda/group.cuh"
#include "backends/cuda/operations.h"
#include "backends/cuda/runtime.h"
#include "backends/scalar/elementwise.h"

namespace tenon::cuda {
namespace {

template <class T>
TENON_KERNEL T log_sum(T a, T b, T c) {
  const T most = a > b ? (a > c ? a : c) : b > c ? b : c;
  if (most == -scalar::kInf<T>) return a + b + c;  // one of them may be NaN
  return most + scalar::log(scalar::exp(a - most) + scalar::exp(b - most) + scalar::exp(c - most));
}

// Lists of the host, one behind the other.
struct CtcLists {
  const std::int64_t *input_lengths, *target_lengths, *target_begin;  // of each sample
  const std::int64_t* targets;
  // Of each label: where the next equal one of the sample is among its labels; -1 for none. And whether it is the first.
  const std::int64_t *next, *first;
};

template <class T>
struct Ctc {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = true;
  struct Shared {
    T warp[kThreads / kWarp];
  };
  CtcLists lists;
  std::int64_t steps, batch, classes, blank, most_states;
  const T* log_probs;
  T *losses, *gradient;
  T* alpha;  // [batch, steps, most_states]
  T* work;  // [batch, 3, most_states]

  // A sample's part.
  struct Sample {
    std::int64_t n, steps, labels, states;
    const std::int64_t* target;
  };
  TENON_KERNEL std::int64_t label(const Sample& s, std::int64_t i) const { return i % 2 ? s.target[i / 2] : blank; }
  // A label may follow the one two states before, past a blank, unless they are equal.
  TENON_KERNEL static bool skips(const Sample& s, std::int64_t i) {
    return i % 2 && i >= 3 && s.target[i / 2] != s.target[i / 2 - 1];
  }
  TENON_KERNEL std::int64_t at(const Sample& s, std::int64_t t) const { return (t * batch + s.n) * classes; }

  TENON_KERNEL void operator()(const Thread& t) const {
    const std::int64_t n = t.block();
    const Sample s{n, lists.input_lengths[n], lists.target_lengths[n], 2 * lists.target_lengths[n] + 1,
                   lists.targets + lists.target_begin[n]};
    T* own = alpha + n * steps * most_states;
    forward(t, s, own);
    const T loss = loss_of(s, own);
    if (t.thread() == 0) losses[n] = loss;
    if (!gradient || loss == scalar::kInf<T>) return;  // what has no way has no gradient
    backward(t, s, own, loss);
  }

 private:
  TENON_KERNEL void forward(const Thread& t, const Sample& s, T* own) const {
    for (std::int64_t step = 0; step < s.steps; ++step) {
      const T *before = own + (step - 1) * most_states, *p = log_probs + at(s, step);
      T* now = own + step * most_states;
      for (std::int64_t i = t.thread(); i < s.states; i += kThreads) {
        if (step == 0) now[i] = i < 2 ? p[label(s, i)] : -scalar::kInf<T>;
        else
          now[i] = log_sum(before[i], i > 0 ? before[i - 1] : -scalar::kInf<T>,
                           skips(s, i) ? before[i - 2] : -scalar::kInf<T>) +
                   p[label(s, i)];
      }
      t.sync();
    }
  }
  TENON_KERNEL T loss_of(const Sample& s, const T* own) const {
    if (s.steps == 0) return s.labels == 0 ? T(0) : scalar::kInf<T>;
    const T* last = own + (s.steps - 1) * most_states;
    return -log_sum(last[s.states - 1], s.states > 1 ? last[s.states - 2] : -scalar::kInf<T>, -scalar::kInf<T>);
  }
  // From the last step on. beta: of one step, without what the step itself emits.
  TENON_KERNEL void backward(const Thread& t, const Sample& s, const T* own, T loss) const {
    T *beta = work + s.n * 3 * most_states, *emitted = beta + most_states, *share = emitted + most_states;
    const std::int64_t *next = lists.next + (s.target - lists.targets),
                       *first = lists.first + (s.target - lists.targets);
    for (std::int64_t i = t.thread(); i < s.states; i += kThreads)
      beta[i] = i + 2 >= s.states ? T(0) : -scalar::kInf<T>;
    for (std::int64_t step = s.steps - 1; step >= 0; --step) {
      const T* p = log_probs + at(s, step);
      T* to = gradient + at(s, step);
      T of_blank = 0;
      for (std::int64_t i = t.thread(); i < s.states; i += kThreads) {
        share[i] = scalar::exp(own[step * most_states + i] + beta[i] + loss);
        emitted[i] = beta[i] + p[label(s, i)];
        if (i % 2 == 0) of_blank += share[i];
      }
      t.sync();
      for (std::int64_t i = t.thread(); i < s.states; i += kThreads)
        beta[i] = log_sum(emitted[i], i + 1 < s.states ? emitted[i + 1] : -scalar::kInf<T>,
                          i + 2 < s.states && skips(s, i + 2) ? emitted[i + 2] : -scalar::kInf<T>);
      for (std::int64_t i = t.thread(); i < s.labels; i += kThreads) {
        if (!first[i]) continue;
        T sum = 0;
        for (std::int64_t k = i; k >= 0; k = next[k]) sum += share[2 * k + 1];
        to[s.target[i]] = -sum;
      }
      of_blank = over_block(t, of_blank, t.shared<Shared>().warp, Plus());
      if (t.thread() == 0) to[blank] = -of_blank;
    }
  }
};

// Which labels of each sample are equal: `next` and `first` of CtcLists, one behind the other.
std::vector<std::int64_t> equal_labels(const CtcCall& c) {
  std::vector<std::int64_t> next(static_cast<std::size_t>(2 * c.labels), -1);
  std::int64_t* first = next.data() + c.labels;
  for (std::int64_t n = 0; n < c.batch; ++n) {
    std::map<std::int64_t, std::int64_t> last;
    const std::int64_t begin = c.target_begin[n];
    for (std::int64_t i = 0; i < c.target_lengths[n]; ++i) {
      const auto [known, is_new] = last.try_emplace(c.targets[begin + i], i);
      first[begin + i] = is_new;
      if (!is_new) next[static_cast<std::size_t>(begin + known->second)] = i;
      known->second = i;
    }
  }
  return next;
}

template <class T>
void run(const Context& context, const CtcCall& c) {
  const auto size = static_cast<std::int64_t>(sizeof(T));
  const std::int64_t states = 2 * *std::max_element(c.target_lengths, c.target_lengths + c.batch) + 1;
  const std::int64_t of_alpha = c.batch * c.steps * states;
  const Scratch memory(context, (of_alpha + c.batch * 3 * states) * size),
      numbers(context, 8 * (3 * c.batch + 3 * c.labels));
  auto* to = numbers.get<std::int64_t>();
  const auto list = [&](const std::int64_t* from, std::int64_t n) {
    upload(context, to, from, 8 * n);
    to += n;
    return to - n;
  };
  CtcLists lists{list(c.input_lengths, c.batch),
                 list(c.target_lengths, c.batch),
                 list(c.target_begin, c.batch),
                 list(c.targets, c.labels),
                 nullptr,
                 nullptr};
  const std::vector<std::int64_t> equal = equal_labels(c);
  lists.next = list(equal.data(), 2 * c.labels);
  lists.first = lists.next + c.labels;
  if (c.gradient) check(runtime::fill_zero(context.stream, c.gradient, c.steps * c.batch * c.classes * size));
  launch(context, c.batch,
         Ctc<T>{lists, c.steps, c.batch, c.classes, c.blank, states, static_cast<const T*>(c.log_probs),
                static_cast<T*>(c.losses), static_cast<T*>(c.gradient), memory.get<T>(), memory.get<T>() + of_alpha});
}

}  // namespace

Status ctc(const Context& context, const CtcCall& c) {
  if (c.dtype != DType::float32 && c.dtype != DType::float64) return Status::unavailable;
  if (c.batch == 0) return Status::ok;
  if (c.dtype == DType::float64) run<double>(context, c);
  else run<float>(context, c);
  return Status::ok;
}

}  // namespace tenon::cuda
