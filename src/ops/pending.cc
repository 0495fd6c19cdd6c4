#include "core/errors.h"
#include "tenon/ops.h"
namespace tenon {
#define P { errors::fail<NotImplemented>("pending", "not written yet"); }
bool equal(const Tensor&, const Tensor&) P
Tensor isclose(const Tensor&, const Tensor&, double, double, bool) P
bool allclose(const Tensor&, const Tensor&, double, double, bool) P
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
PrintOptions& print_options() P
std::string str(const Tensor&) P
}  // namespace tenon
