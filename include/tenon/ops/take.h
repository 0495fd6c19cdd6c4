// Elements by their places or by masks, under NumPy's rules: bounds that wrap or clip, and values that repeat.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tenon/casting.h"
#include "tenon/operand.h"
#include "tenon/tensor.h"

namespace tenon {

// What becomes of an index beyond the end.
enum class Bounds : std::uint8_t {
  strict,  // IndexError; negative ones count from the end
  wrap,    // it goes round
  clip     // the first or the last element; negative ones are the first
};
// Throws ValueError for another name than "raise", "wrap" and "clip".
TENON_API Bounds bounds(const std::string& name);

// Elements at integer indices, along dim, which the indices' dimensions replace, or of the flattened tensor. IndexError
// for an index that is not there and for one where there are no elements.
TENON_API Tensor take(const Tensor& t, const Tensor& indices, std::optional<std::int64_t> dim, Bounds bounds);
// Writes values, repeated as needed, at indices of the flattened tensor; nothing without values. Throws as copy_.
TENON_API Tensor& put_values_(Tensor& self, const Tensor& indices, const Tensor& values,
                              Bounds bounds = Bounds::strict);
// gather() along dim after the other dimensions of both are broadcast; of the flattened tensors without dim.
TENON_API Tensor take_along_dim(const Tensor& t, const Tensor& indices, std::optional<std::int64_t> dim = {});
// Writes values, broadcast, where take_along_dim reads; without dim as put_values_. Throws as index_put_.
TENON_API Tensor& put_along_dim_(Tensor& self, const Tensor& indices, const Tensor& values,
                                 std::optional<std::int64_t> dim);
// Writes values, repeated as needed, where a mask of self's size holds: the first value at the first such place.
// Throws ValueError for a mask of another size and without values, DtypeError unless promotion leads to self's dtype.
TENON_API Tensor& place_(Tensor& self, const Tensor& mask, const Tensor& values);
// The same with each value at its own place: self[i] = values[i] where mask[i]. Nothing without values.
TENON_API Tensor& putmask_(Tensor& self, const Tensor& mask, const Tensor& values);
// self = source, broadcast, where a bool mask holds (everywhere if it is undefined). Throws DtypeError where casting
// forbids the conversion, and as copy_.
TENON_API Tensor& copyto_(Tensor& self, const Operand& source, const Tensor& mask = {},
                          Casting casting = Casting::same_kind);
// The entries along dim (of the flattened tensor without one) where a 1-d condition, which may be shorter, holds.
TENON_API Tensor compress(const Tensor& t, const Tensor& condition, std::optional<std::int64_t> dim = {});
// For each element i of indices the element of choices[i] at its place; all broadcast. Throws ValueError for an
// index that is not there and without choices.
TENON_API Tensor choose(const Tensor& indices, std::span<const Tensor> choices, Bounds bounds = Bounds::strict);
// The places along each dimension that indices of the flattened tensor mean. Throws IndexError.
TENON_API std::vector<Tensor> unravel_index(const Tensor& indices, const Dims& shape);

}  // namespace tenon
