// Joining, splitting and repeating. Two functions copy (cat and stack); the rest are views of their work.
#include <algorithm>
#include <cstring>
#include <iterator>

#include "autograd/derivatives.h"
#include "core/errors.h"
#include "core/interrupt.h"
#include "ops/view.h"
#include "plan/loop.h"
#include "tenon/autograd.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

// Tensors of at least this size are copied by the backend, which has threads.
constexpr std::int64_t kLarge = 256 * 1024;

// Returns the device of the result.
Device check_inputs(const char* op, std::span<const Tensor> ts) {
  if (ts.empty()) errors::fail(op, "expected at least one tensor");
  Device d = ts[0].device();
  for (const Tensor& t : ts.subspan(1)) {
    if (t.device() != d) errors::device_mismatch(op, d, t.device());
    d = together(d, t.device());
  }
  return d;
}

DType common_dtype(std::span<const Tensor> ts) {
  DType d = ts[0].dtype();
  for (const Tensor& t : ts)
    if (t.dtype() != d) d = promote(d, t.dtype());
  return d;
}

bool all_dense(std::span<const Tensor> ts, DType dtype) {
  for (const Tensor& t : ts)
    if (!t.is_contiguous() || t.dtype() != dtype || t.nbytes() >= kLarge) return false;
  return ts[0].device().is_cpu();
}

// Small contiguous tensors, side by side in each of `rows` rows of the output.
void copy_dense(const Tensor& out, std::span<const Tensor> ts, std::int64_t rows) {
  char* to = out.data();
  for (std::int64_t r = 0; r < rows; ++r) {
    for (const Tensor& t : ts) {
      const std::int64_t bytes = t.nbytes() / rows;
      if (bytes > 0) std::memcpy(to, t.data() + r * bytes, static_cast<std::size_t>(bytes));
      to += bytes;
    }
  }
}

}  // namespace

Tensor cat(std::span<const Tensor> all, std::int64_t dim) {
  const Device device = check_inputs("cat", all);
  const DType dtype = common_dtype(all);
  // As PyTorch, an empty vector goes with any shape: what is appended to in a loop begins as one.
  std::vector<Tensor> filled;
  const auto is_nothing = [](const Tensor& t) { return t.ndim() == 1 && t.numel() == 0; };
  if (std::ranges::any_of(all, is_nothing)) std::ranges::remove_copy_if(all, std::back_inserter(filled), is_nothing);
  const std::span<const Tensor> ts = filled.empty() ? all : filled;
  const Dims& first = ts[0].shape();
  if (first.empty()) errors::fail<ShapeError>("cat", "tensors without dimensions cannot be joined; use stack()");
  const int d = normalize_axis("cat", dim, first.size());
  Dims shape = first;
  std::int64_t reference = -1;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Dims& s = all[i].shape();
    if (!filled.empty() && is_nothing(all[i])) continue;
    if (reference < 0) {
      reference = static_cast<std::int64_t>(i);
      continue;
    }
    bool same = s.size() == first.size();
    for (int k = 0; k < s.size() && same; ++k) same = k == d || s[k] == first[k];
    if (!same)
      errors::fail<ShapeError>("cat", "shapes agree in all dimensions but ", d, "; tensor ",
                               static_cast<std::int64_t>(i), " has shape ", s, ", tensor ", reference, " has ", first);
    shape[d] += s[d];
  }
  Tensor out = empty(shape, dtype, device);
  std::int64_t rows = 1;
  for (int k = 0; k < d; ++k) rows *= shape[k];
  if (out.numel() == 0) {
  } else if (all_dense(ts, dtype)) {
    copy_dense(out, ts, rows);
  } else {
    NoGrad guard;
    std::int64_t at = 0;
    for (const Tensor& t : ts) {
      Tensor part = narrow(out, d, at, t.shape()[d]);
      copy_(part, t);
      at += t.shape()[d];
    }
  }
  if (autograd::needs_grad(ts) && is_differentiable(dtype)) {
    std::vector<std::int64_t> sizes;
    for (const Tensor& t : ts) sizes.push_back(t.shape()[d]);
    autograd::attach(out, "cat", ts, derive::cat(std::move(sizes), d));
  }
  return out;
}

Tensor stack(std::span<const Tensor> ts, std::int64_t dim) {
  const Device device = check_inputs("stack", ts);
  const Dims& first = ts[0].shape();
  if (first.size() == kMaxDims) errors::too_many_dims("stack", kMaxDims + 1);
  const int d = normalize_axis("stack", dim, first.size() + 1);
  for (std::size_t i = 1; i < ts.size(); ++i)
    if (ts[i].shape() != first)
      errors::fail<ShapeError>("stack", "all shapes are the same; tensor ", static_cast<std::int64_t>(i), " has shape ",
                               ts[i].shape(), ", tensor 0 has ", first);
  const DType dtype = common_dtype(ts);
  Dims shape = first;
  shape.insert(d, static_cast<std::int64_t>(ts.size()));
  Tensor out = empty(shape, dtype, device);
  std::int64_t rows = 1;
  for (int k = 0; k < d; ++k) rows *= shape[k];
  if (out.numel() == 0) {
  } else if (all_dense(ts, dtype)) {
    copy_dense(out, ts, rows);
  } else {
    NoGrad guard;
    for (std::size_t i = 0; i < ts.size(); ++i) {
      Tensor part = select(out, d, static_cast<std::int64_t>(i));
      copy_(part, ts[i]);
    }
  }
  if (autograd::needs_grad(ts) && is_differentiable(dtype))
    autograd::attach(out, "stack", ts, derive::stack(static_cast<std::int64_t>(ts.size()), d));
  return out;
}

Tensor hstack(std::span<const Tensor> ts) {
  check_inputs("hstack", ts);
  std::vector<Tensor> parts;
  for (const Tensor& t : ts) parts.push_back(at_least(t, 1));
  return cat(parts, parts[0].ndim() == 1 ? 0 : 1);
}

Tensor vstack(std::span<const Tensor> ts) {
  check_inputs("vstack", ts);
  std::vector<Tensor> parts;
  for (const Tensor& t : ts) parts.push_back(at_least(t, 2));
  return cat(parts, 0);
}

Tensor dstack(std::span<const Tensor> ts) {
  check_inputs("dstack", ts);
  std::vector<Tensor> parts;
  for (const Tensor& t : ts) parts.push_back(at_least(t, 3));
  return cat(parts, 2);
}

Tensor column_stack(std::span<const Tensor> ts) {
  check_inputs("column_stack", ts);
  std::vector<Tensor> parts;
  for (const Tensor& t : ts) parts.push_back(t.ndim() < 2 ? reshape(t, {-1, 1}) : t);
  return cat(parts, 1);
}

std::vector<Tensor> split(const Tensor& t, const Dims& sizes, std::int64_t dim) {
  if (t.ndim() == 0) errors::wrong_ndim("split", 0, "at least 1 dimension");
  const int d = normalize_axis("split", dim, t.ndim());
  std::int64_t total = 0;
  for (auto n : sizes) {
    if (n < 0) errors::negative_size("split", sizes);
    if (__builtin_add_overflow(total, n, &total)) errors::too_large("split", sizes, t.dtype());
  }
  if (total != t.shape()[d])
    errors::fail<ShapeError>("split", "sizes ", sizes, " add up to ", total, "; dimension ", d, " has size ",
                             t.shape()[d]);
  std::vector<Tensor> parts;
  parts.reserve(static_cast<std::size_t>(sizes.size()));
  std::int64_t at = 0;
  for (auto n : sizes) {
    Dims shape = t.shape();
    shape[d] = n;
    parts.push_back(alias(t, n > 0 ? at * t.strides()[d] : 0, shape, t.strides()));
    at += n;
  }
  return finish_views(t, std::move(parts), "split", [&] { return derive::split(t.shape(), sizes, d, t.dtype()); });
}

std::vector<Tensor> split(const Tensor& t, std::int64_t size, std::int64_t dim) {
  if (t.ndim() == 0) errors::wrong_ndim("split", 0, "at least 1 dimension");
  const int d = normalize_axis("split", dim, t.ndim());
  const std::int64_t n = t.shape()[d];
  if (size < 0 || (size == 0 && n > 0)) errors::fail("split", "the size of a part must be positive; got ", size);
  if (n <= size) return split(t, Dims{n}, d);
  Dims sizes((n - 1) / size + 1, size);
  if (n % size != 0) sizes[sizes.size() - 1] = n % size;
  return split(t, sizes, d);
}

std::vector<Tensor> chunk(const Tensor& t, std::int64_t chunks, std::int64_t dim) {
  if (t.ndim() == 0) errors::wrong_ndim("chunk", 0, "at least 1 dimension");
  const int d = normalize_axis("chunk", dim, t.ndim());
  if (chunks <= 0) errors::fail("chunk", "the number of chunks must be positive; got ", chunks);
  const std::int64_t n = t.shape()[d];
  // All of one size but the last: fewer chunks than asked for may do. An empty dimension gives as many as
  // asked.
  if (n == 0) return split(t, Dims(chunks, 0), d);
  return split(t, (n - 1) / chunks + 1, d);
}

std::vector<Tensor> unbind(const Tensor& t, std::int64_t dim) {
  if (t.ndim() == 0) errors::wrong_ndim("unbind", 0, "at least 1 dimension");
  const int d = normalize_axis("unbind", dim, t.ndim());
  Dims shape = t.shape(), strides = t.strides();
  const std::int64_t step = strides[d];
  shape.erase(d);
  strides.erase(d);
  std::vector<Tensor> parts;
  parts.reserve(static_cast<std::size_t>(t.shape()[d]));
  for (std::int64_t i = 0; i < t.shape()[d]; ++i) parts.push_back(alias(t, i * step, shape, strides));
  return finish_views(t, std::move(parts), "unbind", [&] { return derive::unbind(shape, d, t.dtype()); });
}

Tensor tile(const Tensor& t, const Dims& repeats) {
  for (auto n : repeats)
    if (n < 0) errors::fail("tile", "repeats must not be negative; got ", repeats);
  const int ndim = std::max(t.ndim(), repeats.size());
  if (ndim > kMaxDims) errors::too_many_dims("tile", ndim);
  // Each dimension that is repeated gets one of its own before it.
  Dims split_shape, repeated, shape;
  for (int d = 0; d < ndim; ++d) {
    const int i = d - (ndim - t.ndim()), r = d - (ndim - repeats.size());
    const std::int64_t n = i < 0 ? 1 : t.shape()[i], times = r < 0 ? 1 : repeats[r];
    if (times != 1) {
      split_shape.push_back(1);
      repeated.push_back(times);
    }
    split_shape.push_back(n);
    repeated.push_back(n);
    shape.push_back(n * times);
  }
  if (repeated.size() > kMaxDims) errors::too_many_dims("tile", repeated.size());
  return reshape(clone(expand(reshape(t, split_shape), repeated)), shape);
}

Tensor repeat_interleave(const Tensor& t, std::int64_t repeats, std::optional<std::int64_t> dim) {
  if (repeats < 0) errors::fail("repeat_interleave", "repeats must not be negative; got ", repeats);
  if (!dim || t.ndim() == 0) {
    if (dim) normalize_axis("repeat_interleave", *dim, 0);
    const Tensor flat = reshape(t, {-1});
    return reshape(clone(expand(unsqueeze(flat, {1}), {flat.numel(), repeats})), {flat.numel() * repeats});
  }
  const int d = normalize_axis("repeat_interleave", *dim, t.ndim());
  Dims repeated = t.shape(), shape = t.shape();
  repeated.insert(d + 1, repeats);
  shape[d] *= repeats;
  return reshape(clone(expand(unsqueeze(t, {d + 1}), repeated)), shape);
}

Tensor repeat_interleave(const Tensor& t, const Tensor& repeats, std::optional<std::int64_t> dim) {
  const char* op = "repeat_interleave";
  if (!is_integral(repeats.dtype())) errors::dtype_not_supported(op, repeats.dtype(), "integers as repeats");
  if (repeats.ndim() > 1) errors::wrong_ndim(op, repeats.ndim(), "repeats of at most 1 dimension");
  if (repeats.numel() == 1) return repeat_interleave(t, repeats.item<std::int64_t>(), dim);
  if (!dim || t.ndim() == 0) return repeat_interleave(reshape(t, {-1}), repeats, 0);
  const int d = normalize_axis(op, *dim, t.ndim());
  if (repeats.numel() != t.shape()[d])
    errors::fail<ShapeError>(op, "one number of repeats for each of ", t.shape()[d], " elements along dimension ", d,
                             "; got ", repeats.numel());
  // How long the result becomes has to be known on the host.
  // A copy: what is added up must be what is filled in, even if others write the repeats meanwhile.
  const Tensor counts = to(repeats.detach(), DType::int64, kCpu, true);
  const auto* n = counts.data<std::int64_t>();
  std::int64_t total = 0;
  for (std::int64_t i = 0; i < counts.numel(); ++i) {
    if (n[i] < 0) errors::fail(op, "repeats must not be negative; got ", n[i], " at ", i);
    if (__builtin_add_overflow(total, n[i], &total))
      errors::fail(op, "repeats add up to more elements than can be addressed");
  }
  const Tensor positions = empty({total}, DType::int64);
  auto* p = positions.data<std::int64_t>();
  Pace pace;
  for (std::int64_t i = 0; i < counts.numel(); ++i) {
    p = std::fill_n(p, n[i], i);
    pace.did(n[i] + 1);
  }
  return index_select(t, d, to(positions, {}, t.device()));
}

Tensor roll(const Tensor& t, const Dims& shifts, const Axes& dims) {
  if (!dims) return reshape(roll(reshape(t, {-1}), shifts, Dims{0}), t.shape());
  if (shifts.size() != dims->size() && shifts.size() != 1 && dims->size() != 1)
    errors::fail("roll", "as many shifts as dimensions; got ", shifts, " and ", *dims);
  // Shifts of one dimension add up.
  Dims by(t.ndim(), 0);
  for (int i = 0; i < std::max(shifts.size(), dims->size()) && !shifts.empty() && !dims->empty(); ++i) {
    const int d = normalize_axis("roll", (*dims)[dims->size() == 1 ? 0 : i], t.ndim());
    if (t.numel() > 0 && t.ndim() > 0) by[d] += shifts[shifts.size() == 1 ? 0 : i] % t.shape()[d];
  }
  Tensor out = t;
  for (int d = 0; d < t.ndim(); ++d) {
    const std::int64_t n = t.shape()[d];
    if (n == 0) continue;
    const std::int64_t first = ((-by[d] % n) + n) % n;  // the element that comes first
    if (first == 0) continue;
    const Tensor parts[] = {narrow(out, d, first, n - first), narrow(out, d, 0, first)};
    out = cat(parts, d);
  }
  return out.is_same(t) ? clone(t) : out;
}

Tensor rot90(const Tensor& t, std::int64_t k, const Dims& dims) {
  if (dims.size() != 2) errors::fail("rot90", "a plane of two dimensions; got ", dims);
  if (t.ndim() < 2) errors::wrong_ndim("rot90", t.ndim(), "at least 2 dimensions");
  const Dims d = normalize_axes("rot90", dims, t.ndim());
  switch (((k % 4) + 4) % 4) {
    case 1: return flip(transpose(t, d[0], d[1]), Dims{d[0]});
    case 2: return flip(t, d);
    case 3: return flip(transpose(t, d[0], d[1]), Dims{d[1]});
    default: return view(t, t.shape());
  }
}

}  // namespace tenon
