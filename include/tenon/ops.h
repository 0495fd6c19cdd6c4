// The operations that are not uniform elementwise primitives. One source file a topic in src/ops.
//
// What holds for all of them, so that the comments need not say it:
// - A result is new memory on the inputs' device, in the dtype of t. "A view" shares t's bytes and read-only bit.
// - Names that end in _ change their first argument. Those that write its elements throw ReadOnlyError, RuntimeError
//   where elements share memory (expanded views), and GradError for a leaf that requires grad, or a view of one, while
//   gradients are recorded.
// - A negative dimension counts from the end; a tensor without dimensions takes 0 and -1. Out of range is IndexError,
//   twice in a list ValueError. Tensors on different devices: DeviceError, save a 0-d one that stands for a number.
// - A result with a negative size or more than kMaxDims dimensions is ShapeError, one of more bytes than can be
//   addressed ValueError; what a device's backend lacks is NotImplemented.
// - float8 is stored, moved, sorted and converted; arithmetic on it is DtypeError.
// - Gradients are recorded where an input requires one, unless the result is an integer or a bool.
// - Errors are thrown before anything is written. ShapeError is a ValueError, DtypeError a TypeError.
#pragma once

#include <cstdint>
#include <atomic>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "tenon/elementwise.h"
#include "tenon/tensor.h"

namespace tenon {

using Axes = std::optional<Dims>;  // none: all of them; an empty list: not one

// ---- copy.cc: moving values ----
// t's values, row-major.
TENON_API Tensor clone(const Tensor& t);
// t itself where it is row-major without gaps, otherwise clone(t).
TENON_API Tensor contiguous(const Tensor& t);
// t itself where nothing changes (unless copy), otherwise converted or moved, with the dimensions in the same order in
// memory if only the dtype changes. Complex to real drops the imaginary part, float to integer the fraction.
TENON_API Tensor to(const Tensor& t, std::optional<DType> dtype, std::optional<Device> device = {}, bool copy = false);
// Writes source, broadcast to self's shape and converted as by to(), into self; it may live on another device. Throws
// ShapeError, DtypeError for complex into real, GradError for a source that requires grad into integers or bools.
TENON_API Tensor& copy_(Tensor& self, const Tensor& source);
// Throws OverflowError for an integer out of the dtype's bounds, DtypeError for a complex value into another dtype.
TENON_API Tensor& fill_(Tensor& self, const Scalar& value);
// Changes the shape in place, keeping the common elements in row-major order; new ones are unset. Throws BufferError
// while the storage is exported or other tensors view it, RuntimeError if it is borrowed, mapped or shared with
// processes, GradError if self requires grad, ReadOnlyError.
TENON_API Tensor& resize_(Tensor& self, const Dims& shape);
// Moves the bytes to memory that other processes can map, too; nothing where they lie there, or on a device. Throws
// BufferError while the storage is exported or other tensors view it, RuntimeError if it is borrowed or mapped.
TENON_API Tensor& share_memory_(Tensor& self);
// Page-locks self's storage where it is, borrowed bytes too, until unpin_() or the storage's end, so that a device
// copies at the bus's full speed. Throws DeviceError without a device, for a tensor that is on one, where the driver
// refuses, and where another storage has pinned a part of the bytes.
TENON_API Tensor& pin_(Tensor& self);
// Undoes pin_(); nothing where it was not called. Bytes that another storage has pinned, too, stay so.
TENON_API Tensor& unpin_(Tensor& self);
// self where its bytes are page-locked, otherwise a row-major copy whose bytes are. Throws as pin_().
TENON_API Tensor pin_memory(const Tensor& self);
// Whether all bytes that self reaches are page-locked, by any storage; false on a device and without elements.
TENON_API bool is_pinned(const Tensor& self);

// ---- creation.cc: new, row-major tensors ----
// value, 0 or 1 everywhere. full's dtype is by default the value's own (Scalar::default_dtype); otherwise the value is
// converted as by to(), but OverflowError for an integer out of bounds, DtypeError for a complex one in another dtype.
TENON_API Tensor full(const Dims& shape, const Scalar& value, std::optional<DType> dtype = {}, Device device = kCpu);
TENON_API Tensor zeros(const Dims& shape, DType dtype = default_float(), Device device = kCpu);
TENON_API Tensor ones(const Dims& shape, DType dtype = default_float(), Device device = kCpu);
// ceil((stop - start) / step) numbers start + i * step, 1-d: int64 where the three are integers, otherwise the default
// float, formed in float64. Throws TypeError for complex numbers, ValueError for step 0 and for what is no finite
// number of elements, OverflowError for integers beyond int64 or the integer dtype.
TENON_API Tensor arange(const Scalar& start, const Scalar& stop, const Scalar& step = 1,
                        std::optional<DType> dtype = {}, Device device = kCpu);
inline Tensor arange(const Scalar& stop) { return arange(0, stop); }
// `steps` numbers at equal distances from start to stop, which comes last exactly, or is left out without endpoint:
// 1-d, the default float or complex; integers truncated. ValueError for steps < 0, DtypeError for complex into real.
TENON_API Tensor linspace(const Scalar& start, const Scalar& stop, std::int64_t steps, bool endpoint = true,
                          std::optional<DType> dtype = {}, Device device = kCpu);
// base to the powers linspace(start, stop, steps), formed in float64 or complex128; dtype and errors as its.
TENON_API Tensor logspace(const Scalar& start, const Scalar& stop, std::int64_t steps, double base = 10,
                          std::optional<DType> dtype = {}, Device device = kCpu);
// Shape (n, m), m = n by default: 1 where column - row == k, 0 elsewhere. The default float.
TENON_API Tensor eye(std::int64_t n, std::optional<std::int64_t> m = {}, std::int64_t k = 0,
                     std::optional<DType> dtype = {}, Device device = kCpu);
// t with 0 where column - row > k (tril) or < k (triu), for the matrices of its last two dimensions. The dtype
// is t's. Throws ShapeError for fewer than two dimensions, DtypeError for float8.
TENON_API Tensor tril(const Tensor& t, std::int64_t k = 0);
TENON_API Tensor triu(const Tensor& t, std::int64_t k = 0);
// Views of n tensors of at most one dimension, each repeated along the others' dimensions to their n-d grid: dimension
// i has the size of tensor i ("ij"), or the first two change places ("xy"). Throws ShapeError, ValueError.
TENON_API std::vector<Tensor> meshgrid(std::span<const Tensor> ts, const std::string& indexing = "ij");

// ---- view.cc: other geometries over the same bytes. All are views, but for what reshape, flatten and real say ----
// Any geometry; strides and the offset count elements, the offset from t's first one (Python's counts from the
// storage's). Throws ValueError if it reaches outside the storage, or if strides and shape differ in length.
TENON_API Tensor as_strided(const Tensor& t, const Dims& shape, const Dims& strides, std::int64_t element_offset);
// The dimensions in this order. Throws ShapeError unless there are as many as t has.
TENON_API Tensor permute(const Tensor& t, const Dims& axes);
// Two dimensions swapped.
TENON_API Tensor transpose(const Tensor& t, std::int64_t a, std::int64_t b);
// The source dimensions at the destinations, the others in their order. ValueError if the lists differ in length.
TENON_API Tensor movedim(const Tensor& t, const Dims& source, const Dims& destination);
TENON_API Tensor T(const Tensor& t);   // all dimensions reversed
TENON_API Tensor mT(const Tensor& t);  // the last two swapped; ShapeError for fewer
// The elements in row-major order in another shape: a view where the strides allow it, otherwise a copy. One size may
// be -1: what remains. Throws ShapeError if the numbers of elements differ.
TENON_API Tensor reshape(const Tensor& t, const Dims& shape);
// The same as a view always; ValueError where that needs a copy.
TENON_API Tensor view(const Tensor& t, const Dims& shape);
// The same bytes as another dtype. Where the sizes of items differ the last dimension grows or shrinks: ValueError if
// it is not contiguous or bytes do not divide, or for misaligned data. GradError where a gradient is recorded.
TENON_API Tensor view(const Tensor& t, DType dtype);
// Dimensions start to end, both included, as one, by reshape: a view or a copy. Shape (1,) for a tensor without
// dimensions. Throws ValueError if start lies after end.
TENON_API Tensor flatten(const Tensor& t, std::int64_t start = 0, std::int64_t end = -1);
// One of t's dimensions as several, whose sizes multiply to its own; one of them may be -1. Throws ShapeError.
TENON_API Tensor unflatten(const Tensor& t, std::int64_t dim, const Dims& sizes);
// Without those of the dimensions that have size 1.
TENON_API Tensor squeeze(const Tensor& t, const Axes& dims = {});
// With new dimensions of size 1, at these places of the result.
TENON_API Tensor unsqueeze(const Tensor& t, const Dims& dims);
// The same with self's own geometry: its history goes on, its bytes stay where they are. Counts as a write for what
// backward has saved; GradError for leaves, as for writes. t_ is T, with ShapeError for more than 2 dimensions.
TENON_API Tensor& transpose_(Tensor& self, std::int64_t a, std::int64_t b);
TENON_API Tensor& t_(Tensor& self);
TENON_API Tensor& squeeze_(Tensor& self, const Axes& dims = {});
TENON_API Tensor& unsqueeze_(Tensor& self, const Dims& dims);
// Dimensions of size 1, and new ones at the front, repeated with stride 0; -1 keeps a size. Throws ShapeError.
TENON_API Tensor expand(const Tensor& t, const Dims& shape);
// [start:stop:step] along dim by Python's rules: bounds are clipped, the step may be negative. Throws ValueError for
// step 0, IndexError for a tensor without dimensions.
TENON_API Tensor slice(const Tensor& t, std::int64_t dim, std::optional<std::int64_t> start,
                       std::optional<std::int64_t> stop, std::int64_t step = 1);
// `length` elements along dim from start, which may count from the end. Throws IndexError unless all of them exist.
TENON_API Tensor narrow(const Tensor& t, std::int64_t dim, std::int64_t start, std::int64_t length);
// One element along dim, which goes; the index may count from the end. Throws IndexError.
TENON_API Tensor select(const Tensor& t, std::int64_t dim, std::int64_t index);
// The elements where index[dim2] - index[dim1] == offset, as the last dimension, in place of the two. May be empty.
// Throws ShapeError for fewer than two dimensions.
TENON_API Tensor diagonal(const Tensor& t, std::int64_t offset = 0, std::int64_t dim1 = 0, std::int64_t dim2 = 1);
// Windows of `size` elements, a step apart: dim counts them, a new last dimension holds them, and they may overlap.
// Throws ValueError if size is negative or more than the dimension's, or step < 1.
TENON_API Tensor unfold(const Tensor& t, std::int64_t dim, std::int64_t size, std::int64_t step);
// The order of the elements reversed, by negative strides.
TENON_API Tensor flip(const Tensor& t, const Axes& dims = {});
// The parts of complex numbers, in the dtype of the components. real(t) is t itself for others, imag DtypeError.
TENON_API Tensor real(const Tensor& t);
TENON_API Tensor imag(const Tensor& t);
// Complex numbers as pairs in a new last dimension of size 2. Throws DtypeError for others.
TENON_API Tensor view_as_real(const Tensor& t);
// Pairs of the last dimension as complex numbers. Throws DtypeError unless float32 or float64, ValueError unless the
// last dimension has size 2 and stride 1 and the other strides are even.
TENON_API Tensor view_as_complex(const Tensor& t);

// ---- join.cc: joining, splitting, repeating ----
// cat: end to end along dim; the other sizes agree. stack: side by side along a new dimension; all shapes agree. In
// the promoted dtype. Throw ShapeError (cat also for tensors without dimensions), ValueError for no tensors.
TENON_API Tensor cat(std::span<const Tensor> ts, std::int64_t dim = 0);
TENON_API Tensor stack(std::span<const Tensor> ts, std::int64_t dim = 0);
// As cat: hstack along dimension 1, or 0 for 1-d tensors, 0-d ones counting as 1-d; vstack along dimension 0, where
// 1-d tensors count as rows (1, n).
TENON_API Tensor hstack(std::span<const Tensor> ts);
TENON_API Tensor vstack(std::span<const Tensor> ts);
// Views of consecutive parts along dim: of `size` elements, but for the last (ValueError unless positive); of these
// sizes (ShapeError unless they add up); `chunks` or fewer of equal size, but for the last (ValueError unless
// positive). Throw ShapeError for a tensor without dimensions.
TENON_API std::vector<Tensor> split(const Tensor& t, std::int64_t size, std::int64_t dim = 0);
TENON_API std::vector<Tensor> split(const Tensor& t, const Dims& sizes, std::int64_t dim = 0);
TENON_API std::vector<Tensor> chunk(const Tensor& t, std::int64_t chunks, std::int64_t dim = 0);
// Views of each element along dim, which goes. Throws ShapeError for a tensor without dimensions.
TENON_API std::vector<Tensor> unbind(const Tensor& t, std::int64_t dim = 0);
// All of t, `repeats` times along each dimension; the shorter of shape and repeats is filled up with 1 at the front.
// Throws ValueError for negative repeats.
TENON_API Tensor tile(const Tensor& t, const Dims& repeats);
// Each element (along dim; of the flattened tensor without one) `repeats` times in a row; a tensor of repeats holds
// integers, one or one for each element. Throws ValueError for negative ones, ShapeError, DtypeError.
TENON_API Tensor repeat_interleave(const Tensor& t, std::int64_t repeats, std::optional<std::int64_t> dim = {});
TENON_API Tensor repeat_interleave(const Tensor& t, const Tensor& repeats, std::optional<std::int64_t> dim = {});
// Each element moved on by a shift along each dim, from the end to the front; without dims by one shift in the
// flattened tensor, whose shape stays. One shift serves all dims; a dim that is named twice moves twice. Throws
// ValueError if the lists do not match.
TENON_API Tensor roll(const Tensor& t, const Dims& shifts, const Axes& dims = {});
// A view turned k times by 90 degrees in the plane of two dimensions, from the first towards the second. Throws
// ValueError unless there are two, ShapeError for a tensor of fewer.
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
// Index tensors are integers (in index and index_put_ bools, too) on t's device; negative ones count from the end.
// TypeError for another dtype, IndexError out of range.
//
// t[indices] as NumPy's: a view for ints, slices, `...` and None, a copy where there is a tensor. Index tensors
// broadcast together; the result has their dimensions where they stood, or first where something stood between. A bool
// tensor, of t's sizes, selects where it is true. Too many indices and shapes that do not fit are IndexErrors, too.
TENON_API Tensor index(const Tensor& t, std::span<const Index> indices);
// t[indices] = values, or += with accumulate, where equal indices add up. Values broadcast to the selection, less
// leading sizes of 1, and are converted to t's dtype. Throws as index and copy_; DtypeError if added to a lower kind.
TENON_API void index_put_(Tensor& t, std::span<const Index> indices, const Tensor& values, bool accumulate = false);
// Elements along dim, which the indices' dimensions replace; without dim of the flattened tensor, in their shape.
TENON_API Tensor take(const Tensor& t, const Tensor& indices, std::optional<std::int64_t> dim = {});
// Elements along dim, which gets the number of indices as its size. ShapeError for indices of more than 1 dimension.
TENON_API Tensor index_select(const Tensor& t, std::int64_t dim, const Tensor& indices);
// out[i][j] = t[indices[i][j]][j] for dim 0 of 2, in the indices' shape. Throws ShapeError unless the indices have t's
// number of dimensions and, but for dim, at most its sizes.
TENON_API Tensor gather(const Tensor& t, std::int64_t dim, const Tensor& indices);
// A copy of t with out[indices[i][j]][j] = source[i][j] for dim 0 of 2, or += where equal indices add up. source,
// converted to t's dtype, has the indices' shape, a larger one, or no dimensions. Throws ShapeError as gather,
// DtypeError for complex into real, and in scatter_add for a source of a higher kind than t.
TENON_API Tensor scatter(const Tensor& t, std::int64_t dim, const Tensor& indices, const Tensor& source);
TENON_API Tensor scatter_add(const Tensor& t, std::int64_t dim, const Tensor& indices, const Tensor& source);
// t, broadcast with the mask, with a number or 0-d tensor where it is true. Throws DtypeError if the mask is not bool
// or the value's kind is above t's, OverflowError for an integer out of bounds, ShapeError unless it is 0-d.
TENON_API Tensor masked_fill(const Tensor& t, const Tensor& mask, const Operand& value);
// The elements of t, broadcast with the mask, where it is true: 1-d, in row-major order. DtypeError if it is not bool.
TENON_API Tensor masked_select(const Tensor& t, const Tensor& mask);
// The indices of the elements that are not zero, in row-major order: int64, shape (their number, ndim).
TENON_API Tensor nonzero(const Tensor& t);

// ---- reduce.cc ----
// The reduced dimensions go, or stay with size 1 with keepdim.
//
// Without dtype, bools and signed integers are added and multiplied in int64, unsigned ones in uint64, others in their
// own dtype; with it the elements are converted to it first, float8 too. Of no elements 0 and 1.
TENON_API Tensor sum(const Tensor& t, const Axes& dims = {}, bool keepdim = false, std::optional<DType> dtype = {});
TENON_API Tensor prod(const Tensor& t, const Axes& dims = {}, bool keepdim = false, std::optional<DType> dtype = {});
// sum / n in dtype, a float or complex one; by default t's, or the default float for integers and bools, which are
// added in float64. NaN of no elements. DtypeError for float8, without a dtype, and for other dtypes.
TENON_API Tensor mean(const Tensor& t, const Axes& dims = {}, bool keepdim = false, std::optional<DType> dtype = {});
// The sum of |x - mean|^2 / max(n - correction, 0), and its square root: NumPy's ddof. In t's floating dtype, that of
// the components for complex numbers, the default float for integers and bools.
TENON_API Tensor var(const Tensor& t, const Axes& dims = {}, double correction = 1, bool keepdim = false);
TENON_API Tensor std(const Tensor& t, const Axes& dims = {}, double correction = 1, bool keepdim = false);
// NaN if there is one; equal extrema share the gradient. Throws DtypeError for complex, ValueError of no elements.
TENON_API Tensor amin(const Tensor& t, const Axes& dims = {}, bool keepdim = false);
TENON_API Tensor amax(const Tensor& t, const Axes& dims = {}, bool keepdim = false);
// The position along dim, or in the flattened tensor, as int64: the first of equal elements (the first NaN, if there
// is one). Throws as amin.
TENON_API Tensor argmin(const Tensor& t, std::optional<std::int64_t> dim = {}, bool keepdim = false);
TENON_API Tensor argmax(const Tensor& t, std::optional<std::int64_t> dim = {}, bool keepdim = false);
// By truth value (NaN is true), of any dtype: bool, and the number of true elements as int64. false, true, 0 of none.
TENON_API Tensor any(const Tensor& t, const Axes& dims = {}, bool keepdim = false);
TENON_API Tensor all(const Tensor& t, const Axes& dims = {}, bool keepdim = false);
TENON_API Tensor count_nonzero(const Tensor& t, const Axes& dims = {}, bool keepdim = false);
// log(sum(exp(t))), shifted by the maximum so that nothing overflows; in the default float for integers and bools.
// Throws DtypeError for complex. -inf of no elements.
TENON_API Tensor logsumexp(const Tensor& t, const Axes& dims = {}, bool keepdim = false);
// sum(|x|^p)^(1/p), of all the elements as one vector; the largest and smallest |x| for p = +-inf, the number that are
// not 0 for p = 0. Dtype as var. Throws ValueError for p = +-inf of no elements. DtypeError for float8.
TENON_API Tensor norm(const Tensor& t, double p = 2, const Axes& dims = {}, bool keepdim = false);
// Sums and products of the elements so far, along dim: t's shape, dtypes as sum.
TENON_API Tensor cumsum(const Tensor& t, std::int64_t dim, std::optional<DType> dtype = {});
TENON_API Tensor cumprod(const Tensor& t, std::int64_t dim, std::optional<DType> dtype = {});
// exp(x) / sum(exp(x)) along dim, and its logarithm, without overflow: t's shape, the default float for integers and
// bools. Throw DtypeError for complex.
TENON_API Tensor softmax(const Tensor& t, std::int64_t dim);
TENON_API Tensor log_softmax(const Tensor& t, std::int64_t dim);

// ---- compare.cc: no gradients ----
// Same shape and values, whatever the dtypes, float8 too; NaN equals nothing. Integers and floats meet in float64.
TENON_API bool equal(const Tensor& a, const Tensor& b);
// numpy.isclose: |a - b| <= atol + rtol * |b|, formed in float32 at least (float64 for integers); infinities are close
// to themselves, NaNs with equal_nan only. Bool; a and b broadcast.
TENON_API Tensor isclose(const Tensor& a, const Tensor& b, double rtol = 1e-5, double atol = 1e-8,
                         bool equal_nan = false);
// Whether all elements are close; true of none.
TENON_API bool allclose(const Tensor& a, const Tensor& b, double rtol = 1e-5, double atol = 1e-8,
                        bool equal_nan = false);

// ---- sort.cc ----
// Along one dimension, NaNs above all numbers, complex numbers by their real parts first; equal elements keep their
// order, in both directions. argsort and the indices are int64: positions along the dimension.
TENON_API Tensor sort(const Tensor& t, std::int64_t dim = -1, bool descending = false);
TENON_API Tensor argsort(const Tensor& t, std::int64_t dim = -1, bool descending = false);
struct Sorted {
  Tensor values, indices;
};
TENON_API Sorted sort_with_indices(const Tensor& t, std::int64_t dim = -1, bool descending = false);
// What sorting the last dimension would put at these ranks, in its place; NaNs if there is one. Throws IndexError
// unless the ranks ascend strictly within the dimension.
TENON_API Tensor order_statistics(const Tensor& t, const Dims& ranks);

// ---- linalg.cc: in the promoted dtype ----
// (..., m, k) @ (..., k, n) is (..., m, n), with the dimensions before broadcast; a vector is a row on the left, a
// column on the right, and its dimension of size 1 goes. Integers wrap around, bools are joined by and, or. Throws
// ShapeError, also for tensors without dimensions.
TENON_API Tensor matmul(const Tensor& a, const Tensor& b);
// matmul of (n,) and (n,), nothing conjugated: shape (). Throws ShapeError for other shapes, as do the next two.
TENON_API Tensor dot(const Tensor& a, const Tensor& b);
TENON_API Tensor mv(const Tensor& a, const Tensor& b);     // matmul of (m, n) and (n,): shape (m,)
TENON_API Tensor outer(const Tensor& a, const Tensor& b);  // a[i] * b[j] of (m,) and (n,): shape (m, n)

// ---- random.cc ----
// A stream of random numbers: Philox4x32-10 (Salmon et al. 2011). They depend on the seed and on how many were drawn
// before, not on threads or devices. Not synchronised: one thread at a time draws from a generator.
class TENON_API Generator {
 public:
  explicit Generator(std::uint64_t seed = 0x853c49e6748fea9bULL) : seed_(seed) {}
  // Starts the stream of another seed.
  void manual_seed(std::uint64_t seed) {
    seed_ = seed;
    offset_ = 0;
  }
  // The state: the seed, and how many positions were taken.
  std::uint64_t seed() const { return seed_; }
  std::uint64_t offset() const { return offset_; }
  void set_state(std::uint64_t seed, std::uint64_t offset) {
    seed_ = seed;
    offset_ = offset;
  }
  // Reserves n positions of the stream, for one thread; the first of them.
  std::uint64_t advance(std::int64_t n) { return offset_.fetch_add(static_cast<std::uint64_t>(n)); }

 private:
  std::atomic<std::uint64_t> seed_, offset_{0};
};
// The one that is drawn from where g is null; every process begins with the same seed.
TENON_API Generator& default_generator();
// Uniform in [0, 1), and standard normal. dtype: floating or complex, the default float by default; complex numbers
// have uniform parts, or normal ones of variance 1/2. Throws DtypeError.
TENON_API Tensor rand(const Dims& shape, std::optional<DType> dtype = {}, Device device = kCpu, Generator* g = nullptr);
TENON_API Tensor randn(const Dims& shape, std::optional<DType> dtype = {}, Device device = kCpu,
                       Generator* g = nullptr);
// Integers from low to below high. Throws TypeError unless both are integers, ValueError unless low < high, DtypeError
// unless dtype is bool or integer, OverflowError if it does not hold them.
TENON_API Tensor randint(const Scalar& low, const Scalar& high, const Dims& shape, DType dtype = DType::int64,
                         Device device = kCpu, Generator* g = nullptr);
// 0 to n - 1 in random order (Fisher and Yates), 1-d. Throws ValueError for n < 0, DtypeError unless dtype is integer
// or floating, OverflowError if it does not hold them.
TENON_API Tensor randperm(std::int64_t n, DType dtype = DType::int64, Device device = kCpu, Generator* g = nullptr);
// Normal with these means and standard deviations, broadcast: the promoted dtype, the default float for integers and
// bools. Differentiable by both. Throws ValueError for negative deviations, DtypeError for complex.
TENON_API Tensor normal(const Tensor& mean, const Tensor& std, Generator* g = nullptr);
// 1 with probability p, otherwise 0, in p's shape and floating dtype, without a gradient. Throws DtypeError,
// ValueError for p outside [0, 1].
TENON_API Tensor bernoulli(const Tensor& p, Generator* g = nullptr);
// n positions, drawn with probabilities in proportion to (k,) floating weights: int64, shape (n,); for (rows, k)
// weights a row each, (rows, n). Throws ShapeError, DtypeError; ValueError for weights that are negative, not finite
// or all 0, and without replacement (Efraimidis and Spirakis 2006) for fewer than n above 0.
TENON_API Tensor multinomial(const Tensor& weights, std::int64_t n, bool replacement = false, Generator* g = nullptr);
// Overwrites a floating tensor: uniform in [low, high), low where they are equal. Throws DtypeError, ValueError unless
// low <= high are finite, OverflowError if the interval is too large for the dtype.
TENON_API Tensor& uniform_(Tensor& t, double low = 0, double high = 1, Generator* g = nullptr);
// Overwrites a floating tensor. Throws DtypeError, ValueError for std < 0.
TENON_API Tensor& normal_(Tensor& t, double mean = 0, double std = 1, Generator* g = nullptr);

// ---- format.cc ----
struct PrintOptions {
  int precision = 4;              // digits after the point
  std::int64_t threshold = 1000;  // more elements are summarised
  std::int64_t edgeitems = 3;     // shown at each end of a summarised dimension
  int linewidth = 80;
  std::optional<bool> sci_mode;   // none: by the range of the values
};
// The process's, to be changed in place.
TENON_API PrintOptions& print_options();
// "tensor([99.,  2.,  3.])": PyTorch's form. Reads the elements that are shown, to the host where need be;
// "tensor(undefined)" for an undefined tensor.
TENON_API std::string str(const Tensor& t);
TENON_API std::ostream& operator<<(std::ostream& out, const Tensor& t);

}  // namespace tenon

#include "tenon/ops/difference.h"
#include "tenon/ops/histogram.h"
#include "tenon/ops/nan.h"
#include "tenon/ops/order.h"
#include "tenon/ops/quantile.h"
#include "tenon/ops/search.h"
#include "tenon/ops/set.h"
#include "tenon/ops/statistics.h"
