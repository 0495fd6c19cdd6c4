// Normalization: a warp or a block for each slab, or several blocks for a long one; sums in float64. The gradients of weights are summed in chunks that follow
// from the shape alone, by neighbouring threads for neighbouring weights or by a block for each of them.
#include <algorithm>

#include "backends/cuda/folds.cuh"
#include "backends/cuda/group.cuh"
#include "backends/cuda/layout.h"
#include "backends/cuda/operations.h"
#include "backends/scalar/math.h"

namespace tenon::cuda {
namespace {

template <class T>
struct Slabs {
  const T *x, *weight, *bias, *g;
  T *out, *mean, *rstd, *dx;
  std::int64_t slabs, slab_stride, row_stride, groups, slab_weights, row_weights;
  std::uint32_t n;  // elements of a slab
  Divisor columns;
  bool centred;
  double eps;

  explicit Slabs(const NormalizationCall& c)
      : x(static_cast<const T*>(c.x)),
        weight(static_cast<const T*>(c.weight)),
        bias(static_cast<const T*>(c.bias)),
        g(static_cast<const T*>(c.g)),
        out(static_cast<T*>(c.out)),
        mean(static_cast<T*>(c.mean)),
        rstd(static_cast<T*>(c.rstd)),
        dx(static_cast<T*>(c.dx)),
        slabs(c.slabs),
        slab_stride(c.slab_stride),
        row_stride(c.row_stride),
        groups(c.groups),
        slab_weights(c.slab_weights),
        row_weights(c.row_weights),
        n(static_cast<std::uint32_t>(c.rows * c.columns)),
        columns(static_cast<std::uint32_t>(c.columns)),
        centred(c.centred),
        eps(c.eps) {}

  struct Place {
    std::int64_t element, weight;
  };
  TENON_KERNEL Place at(std::int64_t slab, std::uint32_t i) const {
    const std::uint32_t row = columns.quotient(i);
    return {slab * slab_stride + row * row_stride + (i - row * columns.d),
            slab % groups * slab_weights + row * row_weights};
  }
  TENON_KERNEL T weight_at(std::int64_t i) const { return weight ? weight[i] : T(1); }
  TENON_KERNEL T mean_at(std::int64_t slab) const { return centred ? mean[slab] : T(0); }
};

// A long slab has parts, each with a block: these leave what they know of the slab (gather), and then apply what all of
// them know. Others are done at once (whole).
enum class Phase : std::uint8_t { whole, gather, apply };

struct Parts {
  Phase phase;
  std::uint32_t count, size;  // parts of a slab, elements of a part

  explicit Parts(std::int64_t n)
      : phase(Phase::whole),
        count(static_cast<std::uint32_t>(std::min(blocks_for(n, kLeast), kMost))),
        size(static_cast<std::uint32_t>((n + count - 1) / count)) {}

 private:
  static constexpr std::int64_t kMost = 256;
  static constexpr unsigned kLeast = 16384;
};

// The elements that a group of lanes works on.
template <class T>
struct SlabPart {
  std::int64_t slab;
  std::uint32_t part, begin, end, step;  // of this lane
  bool first;  // writes what the group knows

  TENON_KERNEL SlabPart(const Thread& t, const Slabs<T>& s, const Parts& parts, const LineGroup& group)
      : slab(static_cast<std::int64_t>(group.line(t) / parts.count)),
        part(static_cast<std::uint32_t>(group.line(t) % parts.count)),
        begin(part * parts.size + group.lane(t)),
        end(slab >= s.slabs                        ? 0
            : s.n - part * parts.size < parts.size ? s.n
                                                   : (part + 1) * parts.size),
        step(group.lanes()),
        first(slab < s.slabs && group.lane(t) == 0) {}
};

template <class T>
struct Normalize {
  static constexpr unsigned kThreads = kLineThreads;
  static constexpr bool kTogether = true;
  using State = Variance::State;
  struct Shared {
    double warp[kThreads / kWarp];
  };
  Slabs<T> s;
  LineGroup group;
  Parts parts;
  State* states;  // [slabs, parts]

  TENON_KERNEL void operator()(const Thread& t) const {
    const SlabPart<T> p(t, s, parts, group);
    State state = Variance::identity();
    if (parts.phase == Phase::apply)
      for (std::uint32_t i = 0; i < parts.count; ++i) state = Variance::merge(state, states[p.slab * parts.count + i]);
    else state = moments(t, p);
    if (parts.phase == Phase::gather) {
      if (p.first) states[p.slab * parts.count + p.part] = state;
      return;
    }
    const T mean = static_cast<T>(state.mean), rstd = static_cast<T>(1 / scalar::sqrt(state.squares / s.n + s.eps));
    for (std::uint32_t i = p.begin; i < p.end; i += p.step) {
      const auto at = s.at(p.slab, i);
      s.out[at.element] =
          (s.x[at.element] - mean) * rstd * s.weight_at(at.weight) + (s.bias ? s.bias[at.weight] : T(0));
    }
    if (!p.first || p.part != 0) return;
    if (s.centred) s.mean[p.slab] = mean;
    s.rstd[p.slab] = rstd;
  }

 private:
  // Not centred: around 0.
  TENON_KERNEL State moments(const Thread& t, const SlabPart<T>& p) const {
    double* shared = t.shared<Shared>().warp;
    const std::uint32_t from = p.part * parts.size, n = p.end - from;
    double sum = 0, squares = 0;
    for (std::uint32_t i = p.begin; s.centred && i < p.end; i += p.step)
      sum += static_cast<double>(s.x[s.at(p.slab, i).element]);
    const double mean = s.centred ? group.sum(t, sum, shared) / n : 0;
    for (std::uint32_t i = p.begin; i < p.end; i += p.step) {
      const double d = static_cast<double>(s.x[s.at(p.slab, i).element]) - mean;
      squares += d * d;
    }
    return {static_cast<double>(n), mean, group.sum(t, squares, shared)};
  }
};

// The sums of what is multiplied by x, normalized, and of the same alone.
struct GradientSums {
  double with_x, plain;
  TENON_KERNEL friend GradientSums operator+(GradientSums a, GradientSums b) {
    return {a.with_x + b.with_x, a.plain + b.plain};
  }
};

// dx = g * weight * rstd - (x - mean) * slope - offset, from the sums of g * weight.
template <class T>
struct NormalizeGradient {
  static constexpr unsigned kThreads = kLineThreads;
  static constexpr bool kTogether = true;
  using State = GradientSums;
  struct Shared {
    GradientSums warp[kThreads / kWarp];
  };
  Slabs<T> s;
  LineGroup group;
  Parts parts;
  State* states;  // [slabs, parts]

  TENON_KERNEL void operator()(const Thread& t) const {
    const SlabPart<T> p(t, s, parts, group);
    const bool works = p.slab < s.slabs;
    const T mean = works ? s.mean_at(p.slab) : T(0), rstd = works ? s.rstd[p.slab] : T(0);
    GradientSums sums{0, 0};
    if (parts.phase == Phase::apply) {
      for (std::uint32_t i = 0; i < parts.count; ++i) sums = sums + states[p.slab * parts.count + i];
    } else {
      for (std::uint32_t i = p.begin; i < p.end; i += p.step) {
        const auto at = s.at(p.slab, i);
        const T weighted = s.g[at.element] * s.weight_at(at.weight);
        sums = sums + GradientSums{static_cast<double>(weighted * ((s.x[at.element] - mean) * rstd)),
                                   static_cast<double>(weighted)};
      }
      sums = group.sum(t, sums, t.shared<Shared>().warp);
    }
    if (parts.phase == Phase::gather) {
      if (p.first) states[p.slab * parts.count + p.part] = sums;
      return;
    }
    const auto r = static_cast<double>(rstd);
    const T slope = static_cast<T>(sums.with_x * r * r / s.n),
            offset = s.centred ? static_cast<T>(sums.plain * r / s.n) : T(0);
    for (std::uint32_t i = p.begin; i < p.end; i += p.step) {
      const auto at = s.at(p.slab, i);
      s.dx[at.element] = s.g[at.element] * s.weight_at(at.weight) * rstd - (s.x[at.element] - mean) * slope - offset;
    }
  }
};

// ---- the weights' gradients: for each weight the sums over the elements that it scales ----

template <class T>
struct WeightChunks {
  Slabs<T> s;
  GradientSums* sums;  // [chunks][weights]
  std::int64_t weights;
  std::uint32_t n, chunk, chunks;  // elements of a weight, and of a chunk
  Divisor each_slab;  // a weight's elements in one slab

  TENON_KERNEL GradientSums sum(std::int64_t weight, std::uint32_t begin, std::uint32_t end, std::uint32_t step) const {
    const std::int64_t group = weight / s.slab_weights, row = weight - group * s.slab_weights;
    GradientSums total{0, 0};
    for (std::uint32_t i = begin; i < end; i += step) {
      const std::uint32_t k = each_slab.quotient(i);
      const std::int64_t slab = k * s.groups + group;
      const auto in_slab = static_cast<std::uint32_t>(s.row_weights ? row * s.columns.d : 0) + (i - k * each_slab.d);
      const std::int64_t at = s.at(slab, in_slab).element;
      total.with_x += static_cast<double>(s.g[at] * ((s.x[at] - s.mean_at(slab)) * s.rstd[slab]));
      total.plain += static_cast<double>(s.g[at]);
    }
    return total;
  }
  TENON_KERNEL std::uint32_t end_of(std::uint32_t begin) const { return n - begin < chunk ? n : begin + chunk; }
};

template <class T>
struct SumWeightsBeside {
  static constexpr unsigned kThreads = 128;
  static constexpr bool kTogether = false;
  WeightChunks<T> c;

  TENON_KERNEL void operator()(const Thread& t) const {
    for (std::uint64_t k = t.index(); k < static_cast<std::uint64_t>(c.weights) * c.chunks; k += t.stride()) {
      const std::uint64_t i = k / static_cast<std::uint64_t>(c.weights);
      const std::uint32_t begin = static_cast<std::uint32_t>(i) * c.chunk;
      c.sums[k] =
          c.sum(static_cast<std::int64_t>(k - i * static_cast<std::uint64_t>(c.weights)), begin, c.end_of(begin), 1);
    }
  }
};

template <class T>
struct SumWeightsByBlocks {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = true;
  struct Shared {
    GradientSums warp[kThreads / kWarp];
  };
  WeightChunks<T> c;

  TENON_KERNEL void operator()(const Thread& t) const {
    const auto weights = static_cast<std::uint32_t>(c.weights);
    const std::uint32_t i = t.block() / weights, begin = i * c.chunk;
    const GradientSums mine = c.sum(t.block() - i * weights, begin + t.thread(), c.end_of(begin), kThreads);
    const GradientSums all = over_block(t, mine, t.shared<Shared>().warp, Plus());
    if (t.thread() == 0) c.sums[t.block()] = all;
  }
};

template <class T>
struct AddWeightChunks {
  static constexpr unsigned kThreads = 128;
  static constexpr bool kTogether = false;
  const GradientSums* sums;
  T *dweight, *dbias;
  std::int64_t weights;
  std::uint32_t chunks;

  TENON_KERNEL void operator()(const Thread& t) const {
    for (std::uint64_t w = t.index(); w < static_cast<std::uint64_t>(weights); w += t.stride()) {
      GradientSums total{0, 0};
      for (std::uint32_t i = 0; i < chunks; ++i) total = total + sums[i * static_cast<std::uint64_t>(weights) + w];
      if (dweight) dweight[w] = static_cast<T>(total.with_x);
      if (dbias) dbias[w] = static_cast<T>(total.plain);
    }
  }
};

constexpr std::int64_t kMostChunks = 256, kLeastBeside = 32, kLeastByBlocks = 4096;

template <class T>
void sum_weights(const Context& context, const NormalizationCall& c) {
  const std::int64_t each_slab = c.row_weights ? c.columns : c.rows * c.columns;
  const std::int64_t n = c.slabs / c.groups * each_slab;
  const bool beside = each_slab == 1;
  const std::int64_t chunk = std::max(beside ? kLeastBeside : kLeastByBlocks, blocks_for(n, kMostChunks)),
                     chunks = (n + chunk - 1) / chunk;
  const Scratch sums(context, chunks * c.n_weights * static_cast<std::int64_t>(sizeof(GradientSums)));
  const WeightChunks<T> w{Slabs<T>(c),
                          sums.get<GradientSums>(),
                          c.n_weights,
                          static_cast<std::uint32_t>(n),
                          static_cast<std::uint32_t>(chunk),
                          static_cast<std::uint32_t>(chunks),
                          Divisor(static_cast<std::uint32_t>(each_slab))};
  const std::int64_t items = chunks * c.n_weights;
  if (beside) launch(context, blocks_for(items, SumWeightsBeside<T>::kThreads), SumWeightsBeside<T>{w});
  else launch(context, items, SumWeightsByBlocks<T>{w});
  const AddWeightChunks<T> add{sums.get<GradientSums>(), static_cast<T*>(c.dweight), static_cast<T*>(c.dbias),
                               c.n_weights, static_cast<std::uint32_t>(chunks)};
  launch(context, blocks_for(c.n_weights, add.kThreads), add);
}

// K: Normalize or its gradient.
template <class K, class T>
void launch_slabs(const Context& context, const Slabs<T>& slabs) {
  using State = typename K::State;
  const LineGroup group(slabs.n);
  Parts parts(slabs.n);
  const std::int64_t items = slabs.slabs * parts.count;
  const Scratch states(context, parts.count > 1 ? items * static_cast<std::int64_t>(sizeof(State)) : 0);
  const auto run = [&](Phase phase) {
    parts.phase = phase;
    launch(context, group.blocks(items), K{slabs, group, parts, states.get<State>()});
  };
  if (parts.count == 1) return run(Phase::whole);
  run(Phase::gather);
  run(Phase::apply);
}

template <class T>
void run(const Context& context, const NormalizationCall& c) {
  const Slabs<T> slabs(c);
  if (c.kind == NormalizationPass::forward) return launch_slabs<Normalize<T>>(context, slabs);
  if (c.dx) launch_slabs<NormalizeGradient<T>>(context, slabs);
  if (c.dweight || c.dbias) sum_weights<T>(context, c);
}

}  // namespace

Status normalization(const Context& context, const NormalizationCall& c) {
  if (c.dtype != DType::float32 && c.dtype != DType::float64) return Status::unavailable;
  const std::int64_t n = c.slabs * c.rows * c.columns;
  // A slab's elements, and those of a weight, are positions of 32 bits.
  if (c.rows * c.columns >= kMostPositions || (c.slabs / c.groups) * c.rows * c.columns >= kMostPositions)
    return Status::unavailable;
  if (n == 0) return Status::ok;
  if (c.dtype == DType::float64) run<double>(context, c);
  else run<float>(context, c);
  return Status::ok;
}

}  // namespace tenon::cuda
