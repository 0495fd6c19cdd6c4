// Random numbers.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "tenon/tensor.h"

namespace tenon {

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
// The same with one probability for all elements, in any dtype; no device is waited for.
TENON_API Tensor bernoulli(const Dims& shape, double p, DType dtype, Device device = kCpu, Generator* g = nullptr);
// n positions, drawn with probabilities in proportion to (k,) floating weights: int64, shape (n,); for (rows, k)
// weights a row each, (rows, n). Throws ShapeError, DtypeError; ValueError for weights that are negative, not finite
// or all 0, and without replacement (Efraimidis and Spirakis 2006) for fewer than n above 0.
TENON_API Tensor multinomial(const Tensor& weights, std::int64_t n, bool replacement = false, Generator* g = nullptr);
// Overwrites a floating tensor: uniform in [low, high), low where they are equal. Throws DtypeError, ValueError unless
// low <= high are finite, OverflowError if the interval is too large for the dtype.
TENON_API Tensor& uniform_(Tensor& t, double low = 0, double high = 1, Generator* g = nullptr);
// Overwrites a floating tensor. Throws DtypeError, ValueError for std < 0.
TENON_API Tensor& normal_(Tensor& t, double mean = 0, double std = 1, Generator* g = nullptr);

}  // namespace tenon
