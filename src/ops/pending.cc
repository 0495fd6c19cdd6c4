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
bool equal(const Tensor&, const Tensor&) P
Tensor isclose(const Tensor&, const Tensor&, double, double, bool) P
bool allclose(const Tensor&, const Tensor&, double, double, bool) P
PrintOptions& print_options() P
std::string str(const Tensor&) P
}  // namespace tenon
