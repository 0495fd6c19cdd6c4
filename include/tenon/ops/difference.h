// Differences and integrals along a dimension.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <numbers>
#include <optional>
#include <span>
#include <vector>

#include "tenon/operand.h"
#include "tenon/tensor.h"

namespace tenon {

// The differences of neighbours along dim, formed n times, with prepend and append joined to t before: 0-d ones count
// as one element along dim. Bools differ by !=. t itself for n = 0. Throws ValueError for n < 0.
TENON_API Tensor diff(const Tensor& t, std::int64_t n = 1, std::int64_t dim = -1, const Tensor& prepend = {},
                      const Tensor& append = {});
// The slopes along each of the dims by differences of second order, one-sided at the ends: of order edge_order, 1 or 2.
// spacing: none (1), one number, or for each dim a number or the coordinates, 1-d. In t's floating dtype, or the default
// float. Differentiable by t and by coordinates. Throws ValueError for another number of spacings, for coordinates of
// another size and for fewer than edge_order + 1 elements along a dim.
TENON_API std::vector<Tensor> gradient(const Tensor& t, std::span<const Operand> spacing = {}, const Axes& dims = {},
                                       std::int64_t edge_order = 1);
// The differences of neighbours in the flattened tensor, between to_begin and to_end, which are converted to t's dtype.
// Throws DtypeError where they are of a higher kind.
TENON_API Tensor ediff1d(const Tensor& t, const Tensor& to_begin = {}, const Tensor& to_end = {});
// The integral along dim by the trapezoidal rule, without the dimension, and the integrals up to each element but the
// first. x: the coordinates, 1-d or broadcast with y; otherwise they are dx apart. Integers count as the default float.
TENON_API Tensor trapezoid(const Tensor& y, const Tensor& x, std::int64_t dim = -1);
TENON_API Tensor trapezoid(const Tensor& y, const Scalar& dx = 1, std::int64_t dim = -1);
TENON_API Tensor cumulative_trapezoid(const Tensor& y, const Tensor& x, std::int64_t dim = -1);
TENON_API Tensor cumulative_trapezoid(const Tensor& y, const Scalar& dx = 1, std::int64_t dim = -1);
// The value at x of the lines between the points (xp, fp), 1-d, xp ascending; left and right of them the first and the
// last fp, unless given. With a period all coordinates are taken modulo it, and xp need not ascend. NaN for NaN. In the
// promoted floating dtype, the default float for integers. Differentiable by x, xp and fp. Throws ShapeError, ValueError
// for no points and for period 0, DtypeError for complex x and xp.
TENON_API Tensor interp(const Tensor& x, const Tensor& xp, const Tensor& fp, std::optional<Scalar> left = {},
                        std::optional<Scalar> right = {}, std::optional<double> period = {});
// Jumps between neighbours of more than discont, by default half a period, replaced by their complement to the period.
// Integers stay integers if the period is one. Throws DtypeError for complex.
TENON_API Tensor unwrap(const Tensor& t, std::optional<double> discont = {}, std::int64_t dim = -1,
                        const Scalar& period = 2 * std::numbers::pi);

}  // namespace tenon
