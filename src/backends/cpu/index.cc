// Gathers and scatters: the byte offsets of a block of positions are computed first, then used; a single index is its
// own offset.
#include <algorithm>
#include <cstring>

#include "backends/cpu/backend.h"
#include "backends/cpu/parallel.h"
#include "backends/scalar/convert.h"
#include "core/interrupt.h"

namespace tenon::cpu {
namespace {

constexpr std::int64_t kBlock = 512;

// The trailing part of the loop in which no index changes: the elements that one position moves.
struct Row {
  int outer;  // the dimensions before it
  std::int64_t n = 1;
  std::int64_t value_stride = 0, base_stride = 0;
};

bool is_indexed(const IndexCall& c, int d) {
  for (int i = 0; i < c.n_indices; ++i)
    if (c.indices[i].loop_strides[d] != 0) return true;
  return false;
}

Row row_of(const IndexCall& c) {
  Row r{c.ndim};
  const int last = r.outer - 1;
  if (last < 0 || is_indexed(c, last)) return r;
  r.outer = last;
  r.n = c.shape[last];
  r.value_stride = c.value_strides[last];
  r.base_stride = c.base_strides[last];
  return r;
}

// The CPU is given checked indices; this is for one that another thread has changed since.
std::int64_t bounded(std::int64_t index, std::int64_t size) {
  return static_cast<std::uint64_t>(index) < static_cast<std::uint64_t>(size) ? index : 0;
}

// A position in the outer dimensions.
class Walker {
 public:
  Walker(const IndexCall& c, int outer, std::int64_t position) : c_(c), inner_(outer - 1) {
    for (int i = 0; i < c.n_indices; ++i) index_[i] = reinterpret_cast<const char*>(c.indices[i].data);
    for (int d = inner_; d >= 0; --d) {
      at_[d] = position % c.shape[d];
      position /= c.shape[d];
      move(d, at_[d]);
    }
  }
  std::int64_t run() const { return inner_ < 0 ? 1 : c_.shape[inner_] - at_[inner_]; }
  char* values() const { return static_cast<char*>(c_.values) + value_; }
  // Where a single index tensor is contiguous along the innermost dimension, and the base only indexed: its positions.
  const std::int64_t* single() const {
    const bool fits = c_.n_indices == 1 && inner_ >= 0 && c_.indices[0].loop_strides[inner_] == 8;
    return fits && c_.base_strides[inner_] == 0 ? reinterpret_cast<const std::int64_t*>(index_[0]) : nullptr;
  }
  std::int64_t base_offset() const { return base_; }
  // The base's byte offsets at the next n positions of the innermost dimension.
  void offsets(std::int64_t n, std::int64_t* out) const {
    const std::int64_t step = inner_ < 0 ? 0 : c_.base_strides[inner_];
    std::int64_t constant = base_;
    bool varies = false;
    for (int i = 0; i < c_.n_indices; ++i) {
      const std::int64_t stride = inner_ < 0 ? 0 : c_.indices[i].loop_strides[inner_];
      const std::int64_t scale = c_.indices[i].base_stride, size = c_.indices[i].base_size;
      if (stride == 0) {
        constant += bounded(*reinterpret_cast<const std::int64_t*>(index_[i]), size) * scale;
        continue;
      }
      const char* p = index_[i];
      if (stride == 8 && !varies) {
        for (std::int64_t j = 0; j < n; ++j)
          out[j] = bounded(reinterpret_cast<const std::int64_t*>(p)[j], size) * scale;
      } else {
        for (std::int64_t j = 0; j < n; ++j)
          out[j] =
              (varies ? out[j] : 0) + bounded(*reinterpret_cast<const std::int64_t*>(p + j * stride), size) * scale;
      }
      varies = true;
    }
    if (!varies) std::fill(out, out + n, std::int64_t{0});
    for (std::int64_t j = 0; j < n; ++j) out[j] += constant + j * step;
  }
  // Moves on by n, which is at most run().
  void step(std::int64_t n) {
    if (inner_ < 0) return;
    at_[inner_] += n;
    move(inner_, n);
    for (int d = inner_; d > 0 && at_[d] == c_.shape[d]; --d) {
      move(d, -at_[d]);
      at_[d] = 0;
      ++at_[d - 1];
      move(d - 1, 1);
    }
  }

 private:
  void move(int d, std::int64_t n) {
    value_ += n * c_.value_strides[d];
    base_ += n * c_.base_strides[d];
    for (int i = 0; i < c_.n_indices; ++i) index_[i] += n * c_.indices[i].loop_strides[d];
  }
  const IndexCall& c_;
  int inner_;
  std::int64_t value_ = 0, base_ = 0;
  std::int64_t at_[kMaxDims];
  const char* index_[kMaxDims];
};

// Which part of the work a thread does.
struct Part {
  std::int64_t begin, end;  // positions
  std::int64_t first, last;  // columns of each row
};

// Calls each(value, base) for the positions of a part. N: the bytes of what each() moves, if that is known: then elements
// that lie next to each other are found without a multiplication (take of 1e5 from 84 us to 75).
template <std::int64_t N = 0, class Each>
void walk(const IndexCall& c, const Row& row, const Part& part, Each&& each) {
  std::int64_t offset[kBlock];
  char* base = static_cast<char*>(c.base) + part.first * row.base_stride;
  const std::int64_t value_shift = part.first * row.value_stride;
  const std::int64_t stride = row.outer == 0 ? 0 : c.value_strides[row.outer - 1];
  Walker w(c, row.outer, part.begin);
  Pace pace;
  for (std::int64_t at = part.begin; at < part.end;) {
    const std::int64_t n = std::min({w.run(), kBlock, part.end - at});
    char* values = w.values() + value_shift;
    if (const std::int64_t* index = w.single()) {
      char* from = base + w.base_offset();
      const std::int64_t scale = c.indices[0].base_stride, size = c.indices[0].base_size;
      if (N > 0 && stride == N && scale == N)
        for (std::int64_t j = 0; j < n; ++j) each(values + j * N, from + bounded(index[j], size) * N);
      else
        for (std::int64_t j = 0; j < n; ++j) each(values + j * stride, from + bounded(index[j], size) * scale);
    } else {
      w.offsets(n, offset);
      for (std::int64_t j = 0; j < n; ++j) each(values + j * stride, base + offset[j]);
    }
    w.step(n);
    at += n;
    pace.did(n * (part.last - part.first));
  }
}

template <std::size_t N>
struct Bytes {
  static void copy(char* to, const char* from) { std::memcpy(to, from, N); }
};

// Moves rows, reading (get) or writing (put) the base.
template <bool Get>
void move_rows(const IndexCall& c, const Row& row, const Part& part) {
  const auto item = static_cast<std::int64_t>(itemsize(c.dtype));
  const std::int64_t n = part.last - part.first;
  const bool dense = n == 1 || (row.value_stride == item && row.base_stride == item);
  auto with = [&]<std::size_t N>() {
    if (dense) {
      walk<N>(c, row, part, [](char* v, char* b) { Get ? Bytes<N>::copy(v, b) : Bytes<N>::copy(b, v); });
    } else {
      walk(c, row, part, [&](char* v, char* b) {
        for (std::int64_t j = 0; j < n; ++j) {
          char* to = Get ? v + j * row.value_stride : b + j * row.base_stride;
          Bytes<N>::copy(to, Get ? b + j * row.base_stride : v + j * row.value_stride);
        }
      });
    }
  };
  switch (dense ? n * item : item) {
    case 1: return with.template operator()<1>();
    case 2: return with.template operator()<2>();
    case 4: return with.template operator()<4>();
    case 8: return with.template operator()<8>();
    case 16: return with.template operator()<16>();
    case 32: return with.template operator()<32>();
    default: break;
  }
  const auto bytes = static_cast<std::size_t>(n * item);
  walk(c, row, part, [&](char* v, char* b) { Get ? std::memcpy(v, b, bytes) : std::memcpy(b, v, bytes); });
}

template <class T>
using Element = std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, T>;  // any byte but 0 is true
template <class T>
Element<T> plus(Element<T> a, Element<T> b) {
  if constexpr (std::is_same_v<T, bool>) return (a | b) != 0;
  else if constexpr (std::is_arithmetic_v<T> || requires { a.im; }) return static_cast<T>(a + b);
  else return scalar::convert<T>(scalar::convert<float>(a) + scalar::convert<float>(b));
}

void add_rows(const IndexCall& c, const Row& row, const Part& part) {
  const auto item = static_cast<std::int64_t>(itemsize(c.dtype));
  const std::int64_t n = part.last - part.first;
  dispatch(c.dtype, [&]<class T>() {
    using E = Element<T>;
    if (n == 1) {
      walk(c, row, part, [](char* v, char* b) {
        E* to = reinterpret_cast<E*>(b);
        *to = plus<T>(*to, *reinterpret_cast<const E*>(v));
      });
    } else if (row.value_stride == item && row.base_stride == item) {
      walk(c, row, part, [n](char* v, char* b) {
        E* to = reinterpret_cast<E*>(b);
        const E* from = reinterpret_cast<const E*>(v);
#pragma GCC ivdep
        for (std::int64_t j = 0; j < n; ++j) to[j] = plus<T>(to[j], from[j]);
      });
    } else {
      walk(c, row, part, [&](char* v, char* b) {
        for (std::int64_t j = 0; j < n; ++j) {
          E* to = reinterpret_cast<E*>(b + j * row.base_stride);
          *to = plus<T>(*to, *reinterpret_cast<const E*>(v + j * row.value_stride));
        }
      });
    }
  });
}

void run(const IndexCall& c, const Row& row, const Part& part) {
  if (c.mode == IndexMode::get) move_rows<true>(c, row, part);
  else if (c.mode == IndexMode::put) move_rows<false>(c, row, part);
  else add_rows(c, row, part);
}

}  // namespace

// Writes are divided so that each element of the base is written by one thread, in the order of the
// positions: of equal indices the last wins, and sums have the same bits for any number of threads.
Status index(const IndexCall& c) {
  if (c.numel == 0) return Status::ok;
  const Row row = row_of(c);
  const std::int64_t positions = c.numel / row.n;
  const bool get = c.mode == IndexMode::get;
  if (c.numel < kGrain / 2 || max_threads() == 1) {
    run(c, row, {0, positions, 0, row.n});
  } else if (get && positions >= 1024) {
    parallel_for(positions, std::max<std::int64_t>(64, kGrain / 4 / row.n),
                 [&](std::int64_t begin, std::int64_t end) { run(c, row, {begin, end, 0, row.n}); });
  } else if (row.n >= 128) {
    parallel_for(row.n, std::max<std::int64_t>(64, kGrain / 2 / positions),
                 [&](std::int64_t first, std::int64_t last) { run(c, row, {0, positions, first, last}); });
  } else if (row.outer > 1 && !is_indexed(c, 0)) {
    const std::int64_t each = positions / c.shape[0];
    parallel_for(c.shape[0], std::max<std::int64_t>(1, kGrain / 4 / (each * row.n)),
                 [&](std::int64_t begin, std::int64_t end) { run(c, row, {begin * each, end * each, 0, row.n}); });
  } else {
    // Two threads that each pick their own elements were slower than one that writes them all.
    run(c, row, {0, positions, 0, row.n});
  }
  return Status::ok;
}

}  // namespace tenon::cpu
