// The operations that are not uniform elementwise primitives. One source file a topic in src/ops.
// Every operation broadcasts and promotes as described in docs/design.md, records its gradient where an input
// requires one, and throws the errors of error.h before anything is written.
#pragma once

#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "tenon/elementwise.h"
#include "tenon/tensor.h"

namespace tenon {

using Axes = std::optional<Dims>;  // none: all of them

// ---- copy.cc: moving values ----
// A new, contiguous tensor with t's values (the gradient passes through).
TENON_API Tensor clone(const Tensor& t);
// t itself where it is row-major without gaps, otherwise a copy.
TENON_API Tensor contiguous(const Tensor& t);
// t itself where nothing changes (unless copy), otherwise converted or moved.
TENON_API Tensor to(const Tensor& t, std::optional<DType> dtype, std::optional<Device> device = {}, bool copy = false);
// Writes source, broadcast and converted, into self. Source may live on another device.
TENON_API Tensor& copy_(Tensor& self, const Tensor& source);
TENON_API Tensor& fill_(Tensor& self, const Scalar& value);
// Changes the shape in place, keeping the common elements in row-major order; new ones are unset.
// Throws BufferError while the storage is exported or shared.
TENON_API Tensor& resize_(Tensor& self, const Dims& shape);
// Moves the bytes to memory that other processes can map, too; nothing where they lie there, or on a device.
// Throws BufferError while the storage is exported or other tensors view it, RuntimeError if it is borrowed.
TENON_API Tensor& share_memory_(Tensor& self);
// Page-locks self's storage where it is, borrowed bytes too, until unpin_() or the storage's end, so that a device
// copies at the bus's full speed. Throws DeviceError without a device, and for a tensor that is on one.
TENON_API Tensor& pin_(Tensor& self);
TENON_API Tensor& unpin_(Tensor& self);
// self where its bytes are page-locked, otherwise a copy whose bytes are.
TENON_API Tensor pin_memory(const Tensor& self);
TENON_API bool is_pinned(const Tensor& self);

// ---- creation.cc ----
TENON_API Tensor full(const Dims& shape, const Scalar& value, std::optional<DType> dtype = {}, Device device = kCpu);
TENON_API Tensor zeros(const Dims& shape, DType dtype = default_float(), Device device = kCpu);
TENON_API Tensor ones(const Dims& shape, DType dtype = default_float(), Device device = kCpu);
// start, start + step, ... below (above, for a negative step) stop.
TENON_API Tensor arange(const Scalar& start, const Scalar& stop, const Scalar& step = 1,
                        std::optional<DType> dtype = {}, Device device = kCpu);
inline Tensor arange(const Scalar& stop) { return arange(0, stop); }
TENON_API Tensor linspace(const Scalar& start, const Scalar& stop, std::int64_t steps, bool endpoint = true,
                          std::optional<DType> dtype = {}, Device device = kCpu);
TENON_API Tensor logspace(const Scalar& start, const Scalar& stop, std::int64_t steps, double base = 10,
                          std::optional<DType> dtype = {}, Device device = kCpu);
TENON_API Tensor eye(std::int64_t n, std::optional<std::int64_t> m = {}, std::int64_t k = 0,
                     std::optional<DType> dtype = {}, Device device = kCpu);
TENON_API Tensor tril(const Tensor& t, std::int64_t k = 0);
TENON_API Tensor triu(const Tensor& t, std::int64_t k = 0);
TENON_API std::vector<Tensor> meshgrid(std::span<const Tensor> ts, const std::string& indexing = "ij");

// ---- view.cc: other geometries over the same bytes ----
// element_offset counts from t's first element, not from the storage's as Python's argument does.
TENON_API Tensor as_strided(const Tensor& t, const Dims& shape, const Dims& strides, std::int64_t element_offset);
TENON_API Tensor permute(const Tensor& t, const Dims& axes);
TENON_API Tensor transpose(const Tensor& t, std::int64_t a, std::int64_t b);
TENON_API Tensor movedim(const Tensor& t, const Dims& source, const Dims& destination);
TENON_API Tensor T(const Tensor& t);   // all axes reversed
TENON_API Tensor mT(const Tensor& t);  // the last two swapped
// A view where the strides allow it, otherwise a copy. One size may be -1.
TENON_API Tensor reshape(const Tensor& t, const Dims& shape);
// A view, or ValueError.
TENON_API Tensor view(const Tensor& t, const Dims& shape);
// The same bytes as another dtype. Sizes of items may differ where the last dimension allows it.
TENON_API Tensor view(const Tensor& t, DType dtype);
TENON_API Tensor flatten(const Tensor& t, std::int64_t start = 0, std::int64_t end = -1);
TENON_API Tensor unflatten(const Tensor& t, std::int64_t dim, const Dims& sizes);
TENON_API Tensor squeeze(const Tensor& t, const Axes& dims = {});
TENON_API Tensor unsqueeze(const Tensor& t, const Dims& dims);
// The same with self's own geometry: its history goes on, its bytes stay where they are.
TENON_API Tensor& transpose_(Tensor& self, std::int64_t a, std::int64_t b);
TENON_API Tensor& t_(Tensor& self);
TENON_API Tensor& squeeze_(Tensor& self, const Axes& dims = {});
TENON_API Tensor& unsqueeze_(Tensor& self, const Dims& dims);
// -1 keeps a size.
TENON_API Tensor expand(const Tensor& t, const Dims& shape);
TENON_API Tensor slice(const Tensor& t, std::int64_t dim, std::optional<std::int64_t> start,
                       std::optional<std::int64_t> stop, std::int64_t step = 1);
TENON_API Tensor narrow(const Tensor& t, std::int64_t dim, std::int64_t start, std::int64_t length);
TENON_API Tensor select(const Tensor& t, std::int64_t dim, std::int64_t index);
TENON_API Tensor diagonal(const Tensor& t, std::int64_t offset = 0, std::int64_t dim1 = 0, std::int64_t dim2 = 1);
TENON_API Tensor unfold(const Tensor& t, std::int64_t dim, std::int64_t size, std::int64_t step);
TENON_API Tensor flip(const Tensor& t, const Axes& dims = {});  // a view with negative strides
TENON_API Tensor real(const Tensor& t);
TENON_API Tensor imag(const Tensor& t);
TENON_API Tensor view_as_real(const Tensor& t);
TENON_API Tensor view_as_complex(const Tensor& t);

// ---- join.cc: joining, splitting, repeating ----
TENON_API Tensor cat(std::span<const Tensor> ts, std::int64_t dim = 0);
TENON_API Tensor stack(std::span<const Tensor> ts, std::int64_t dim = 0);
TENON_API Tensor hstack(std::span<const Tensor> ts);
TENON_API Tensor vstack(std::span<const Tensor> ts);
TENON_API std::vector<Tensor> split(const Tensor& t, std::int64_t size, std::int64_t dim = 0);
TENON_API std::vector<Tensor> split(const Tensor& t, const Dims& sizes, std::int64_t dim = 0);
TENON_API std::vector<Tensor> chunk(const Tensor& t, std::int64_t chunks, std::int64_t dim = 0);
TENON_API std::vector<Tensor> unbind(const Tensor& t, std::int64_t dim = 0);
TENON_API Tensor tile(const Tensor& t, const Dims& repeats);
TENON_API Tensor repeat_interleave(const Tensor& t, std::int64_t repeats, std::optional<std::int64_t> dim = {});
TENON_API Tensor repeat_interleave(const Tensor& t, const Tensor& repeats, std::optional<std::int64_t> dim = {});
TENON_API Tensor roll(const Tensor& t, const Dims& shifts, const Axes& dims = {});
TENON_API Tensor rot90(const Tensor& t, std::int64_t k = 1, const Dims& dims = {0, 1});

// ---- index.cc ----
struct Slice {
  std::optional<std::int64_t> start, stop;
  std::int64_t step = 1;
};
struct Ellipsis {};
struct NewAxis {};
// An int, a slice, `...`, None, or an integer or bool tensor.
using Index = std::variant<std::int64_t, Slice, Ellipsis, NewAxis, Tensor>;
// As NumPy: views for ints and slices, a copy where a tensor is among the indices.
TENON_API Tensor index(const Tensor& t, std::span<const Index> indices);
TENON_API void index_put_(Tensor& t, std::span<const Index> indices, const Tensor& values, bool accumulate = false);
TENON_API Tensor take(const Tensor& t, const Tensor& indices, std::optional<std::int64_t> dim = {});
TENON_API Tensor index_select(const Tensor& t, std::int64_t dim, const Tensor& indices);
TENON_API Tensor gather(const Tensor& t, std::int64_t dim, const Tensor& indices);
TENON_API Tensor scatter(const Tensor& t, std::int64_t dim, const Tensor& indices, const Tensor& source);
TENON_API Tensor scatter_add(const Tensor& t, std::int64_t dim, const Tensor& indices, const Tensor& source);
TENON_API Tensor masked_fill(const Tensor& t, const Tensor& mask, const Operand& value);
TENON_API Tensor masked_select(const Tensor& t, const Tensor& mask);
// One column per dimension: shape (number of non-zero elements, ndim).
TENON_API Tensor nonzero(const Tensor& t);

// ---- reduce.cc ----
TENON_API Tensor sum(const Tensor& t, const Axes& dims = {}, bool keepdim = false, std::optional<DType> dtype = {});
TENON_API Tensor prod(const Tensor& t, const Axes& dims = {}, bool keepdim = false, std::optional<DType> dtype = {});
TENON_API Tensor mean(const Tensor& t, const Axes& dims = {}, bool keepdim = false, std::optional<DType> dtype = {});
TENON_API Tensor var(const Tensor& t, const Axes& dims = {}, double correction = 1, bool keepdim = false);
TENON_API Tensor std(const Tensor& t, const Axes& dims = {}, double correction = 1, bool keepdim = false);
TENON_API Tensor amin(const Tensor& t, const Axes& dims = {}, bool keepdim = false);
TENON_API Tensor amax(const Tensor& t, const Axes& dims = {}, bool keepdim = false);
// The first of equal elements (the first NaN, if there is one).
TENON_API Tensor argmin(const Tensor& t, std::optional<std::int64_t> dim = {}, bool keepdim = false);
TENON_API Tensor argmax(const Tensor& t, std::optional<std::int64_t> dim = {}, bool keepdim = false);
TENON_API Tensor any(const Tensor& t, const Axes& dims = {}, bool keepdim = false);
TENON_API Tensor all(const Tensor& t, const Axes& dims = {}, bool keepdim = false);
TENON_API Tensor count_nonzero(const Tensor& t, const Axes& dims = {}, bool keepdim = false);
TENON_API Tensor logsumexp(const Tensor& t, const Axes& dims = {}, bool keepdim = false);
TENON_API Tensor norm(const Tensor& t, double p = 2, const Axes& dims = {}, bool keepdim = false);
TENON_API Tensor cumsum(const Tensor& t, std::int64_t dim, std::optional<DType> dtype = {});
TENON_API Tensor cumprod(const Tensor& t, std::int64_t dim, std::optional<DType> dtype = {});
TENON_API Tensor softmax(const Tensor& t, std::int64_t dim);
TENON_API Tensor log_softmax(const Tensor& t, std::int64_t dim);

// ---- compare.cc ----
// Same shape and values, whatever the dtypes; NaN equals nothing. Integers and floats meet in float64.
TENON_API bool equal(const Tensor& a, const Tensor& b);
// |a - b| <= atol + rtol * |b|, formed in float32 at least (float64 for integers).
TENON_API Tensor isclose(const Tensor& a, const Tensor& b, double rtol = 1e-5, double atol = 1e-8,
                         bool equal_nan = false);
TENON_API bool allclose(const Tensor& a, const Tensor& b, double rtol = 1e-5, double atol = 1e-8,
                        bool equal_nan = false);

// ---- sort.cc ----
// Along one dimension, NaNs above all numbers; equal elements keep their order.
TENON_API Tensor sort(const Tensor& t, std::int64_t dim = -1, bool descending = false);
TENON_API Tensor argsort(const Tensor& t, std::int64_t dim = -1, bool descending = false);
struct Sorted {
  Tensor values, indices;
};
TENON_API Sorted sort_with_indices(const Tensor& t, std::int64_t dim = -1, bool descending = false);
// What sorting the last dimension would put at these ranks, in a new last dimension. NaN where there is any.
TENON_API Tensor order_statistics(const Tensor& t, const Dims& ranks);

// ---- linalg.cc ----
TENON_API Tensor matmul(const Tensor& a, const Tensor& b);
TENON_API Tensor dot(const Tensor& a, const Tensor& b);
TENON_API Tensor mv(const Tensor& a, const Tensor& b);
TENON_API Tensor outer(const Tensor& a, const Tensor& b);

// ---- random.cc ----
// Philox4x32-10: the numbers depend on the seed and on how many were drawn before, not on threads or devices.
class TENON_API Generator {
 public:
  explicit Generator(std::uint64_t seed = 0x853c49e6748fea9bULL) : seed_(seed) {}
  void manual_seed(std::uint64_t seed) {
    seed_ = seed;
    offset_ = 0;
  }
  std::uint64_t seed() const { return seed_; }
  std::uint64_t offset() const { return offset_; }
  void set_state(std::uint64_t seed, std::uint64_t offset) {
    seed_ = seed;
    offset_ = offset;
  }
  // Reserves n positions of the stream; the first of them.
  std::uint64_t advance(std::int64_t n);

 private:
  std::uint64_t seed_;
  std::uint64_t offset_ = 0;
};
TENON_API Generator& default_generator();
TENON_API Tensor rand(const Dims& shape, std::optional<DType> dtype = {}, Device device = kCpu, Generator* g = nullptr);
TENON_API Tensor randn(const Dims& shape, std::optional<DType> dtype = {}, Device device = kCpu,
                       Generator* g = nullptr);
TENON_API Tensor randint(const Scalar& low, const Scalar& high, const Dims& shape, DType dtype = DType::int64,
                         Device device = kCpu, Generator* g = nullptr);
TENON_API Tensor randperm(std::int64_t n, DType dtype = DType::int64, Device device = kCpu, Generator* g = nullptr);
TENON_API Tensor normal(const Tensor& mean, const Tensor& std, Generator* g = nullptr);
TENON_API Tensor bernoulli(const Tensor& p, Generator* g = nullptr);
TENON_API Tensor multinomial(const Tensor& weights, std::int64_t n, bool replacement = false, Generator* g = nullptr);
TENON_API Tensor& uniform_(Tensor& t, double low = 0, double high = 1, Generator* g = nullptr);
TENON_API Tensor& normal_(Tensor& t, double mean = 0, double std = 1, Generator* g = nullptr);

// ---- format.cc ----
struct PrintOptions {
  int precision = 4;              // digits after the point
  std::int64_t threshold = 1000;  // more elements are summarised
  std::int64_t edgeitems = 3;     // shown at each end of a summarised dimension
  int linewidth = 80;
  std::optional<bool> sci_mode;   // none: by the range of the values
};
TENON_API PrintOptions& print_options();
// "tensor([99.,  2.,  3.])": PyTorch's form. Reads the elements that are shown, to the host where need be.
TENON_API std::string str(const Tensor& t);
TENON_API std::ostream& operator<<(std::ostream& out, const Tensor& t);

}  // namespace tenon
