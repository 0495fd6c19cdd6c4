// Elements into memory that is there: what copies, conversions and moves between devices are made of. No gradients.
#pragma once

#include "tenon/tensor.h"

namespace tenon {

// Writes source's values into out: same shape (source may be repeated to it), same device, any dtypes.
void write(const Tensor& out, const Tensor& source);

// The same between devices. Returns when the values have arrived and source may be changed, on the CPU; non_blocking:
// where the CPU's side is page-locked, before that, in the order of the device's current stream. Storages stay alive.
void transfer(const char* op, const Tensor& out, const Tensor& source, bool non_blocking);

// Writes one value, which out's dtype can hold, into fresh memory.
void write(const char* op, const Tensor& out, const Scalar& value);

// Leading dimensions of size 1 that a target of ndim dimensions does not have are dropped, as in NumPy's assignments.
Tensor without_leading_ones(const Tensor& t, int ndim);

// Page-locks fresh memory for a transfer that returns early. False where the driver refuses.
bool try_pin(const Tensor& out);

}  // namespace tenon
