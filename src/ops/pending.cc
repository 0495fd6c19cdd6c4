#include "core/errors.h"
#include "tenon/ops.h"
namespace tenon {
#define P { errors::fail<NotImplemented>("pending", "not written yet"); }
Tensor cat(std::span<const Tensor>, std::int64_t) P
Tensor stack(std::span<const Tensor>, std::int64_t) P
Tensor hstack(std::span<const Tensor>) P
Tensor vstack(std::span<const Tensor>) P
std::vector<Tensor> split(const Tensor&, std::int64_t, std::int64_t) P
std::vector<Tensor> split(const Tensor&, const Dims&, std::int64_t) P
std::vector<Tensor> chunk(const Tensor&, std::int64_t, std::int64_t) P
std::vector<Tensor> unbind(const Tensor&, std::int64_t) P
Tensor tile(const Tensor&, const Dims&) P
Tensor repeat_interleave(const Tensor&, std::int64_t, std::optional<std::int64_t>) P
Tensor repeat_interleave(const Tensor&, const Tensor&, std::optional<std::int64_t>) P
Tensor roll(const Tensor&, const Dims&, const Axes&) P
Tensor rot90(const Tensor&, std::int64_t, const Dims&) P
Tensor index(const Tensor&, std::span<const Index>) P
void index_put_(Tensor&, std::span<const Index>, const Tensor&, bool) P
Tensor take(const Tensor&, const Tensor&, std::optional<std::int64_t>) P
Tensor index_select(const Tensor&, std::int64_t, const Tensor&) P
Tensor gather(const Tensor&, std::int64_t, const Tensor&) P
Tensor scatter(const Tensor&, std::int64_t, const Tensor&, const Tensor&) P
Tensor scatter_add(const Tensor&, std::int64_t, const Tensor&, const Tensor&) P
Tensor masked_fill(const Tensor&, const Tensor&, const Operand&) P
Tensor masked_select(const Tensor&, const Tensor&) P
Tensor nonzero(const Tensor&) P
Tensor matmul(const Tensor&, const Tensor&) P
Tensor dot(const Tensor&, const Tensor&) P
Tensor mv(const Tensor&, const Tensor&) P
Tensor outer(const Tensor&, const Tensor&) P
std::uint64_t Generator::advance(std::int64_t) P
Generator& default_generator() P
Tensor rand(const Dims&, std::optional<DType>, Device, Generator*) P
Tensor randn(const Dims&, std::optional<DType>, Device, Generator*) P
Tensor randint(const Scalar&, const Scalar&, const Dims&, DType, Device, Generator*) P
Tensor randperm(std::int64_t, DType, Device, Generator*) P
Tensor normal(const Tensor&, const Tensor&, Generator*) P
Tensor bernoulli(const Tensor&, Generator*) P
Tensor multinomial(const Tensor&, std::int64_t, bool, Generator*) P
Tensor& uniform_(Tensor&, double, double, Generator*) P
Tensor& normal_(Tensor&, double, double, Generator*) P
}  // namespace tenon
