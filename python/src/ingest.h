// Any array-like object to a tensor: the one rule behind tensor, as_tensor, asarray and operands.
#pragma once

#include <optional>

#include "convert.h"
#include "tenon/ops/layout.h"

namespace tenon::py {

// copy: true for fresh memory always, false for sharing or ValueError, none for sharing where possible.
struct IngestOptions {
  std::optional<DType> dtype;
  std::optional<Device> device;
  std::optional<bool> copy;
  Layout order = Layout::c;  // of a copy without a conversion
};

// Tensors, ndarrays, NumPy scalars, objects with DLPack, the array interface, the buffer protocol, Arrow or
// __array__, Python numbers and (nested) sequences of any of these.
Tensor ingest(PyObject* o, const char* op, const IngestOptions& options);

// Whether o, no tensor or ndarray, offers its elements by a protocol: what may stand as an operand and in a sequence.
// Not bytes, which are text there.
bool is_array_like(PyObject* o);

// What is read element by element.
inline bool is_sequence(PyObject* o) { return PyList_Check(o) || PyTuple_Check(o) || PyRange_Check(o); }

// Numbers and sequences of numbers, arrays and tensors: always fresh memory.
Tensor from_sequence(PyObject* o, const char* op, std::optional<DType> dtype);

// ---- the policies of the border, set by tenon.numpy_policy, no_copies and record_copies ----
// Called for each copy that the border makes on its own account; raises under no_copies, counts under record_copies.
void note_copy(const char* op, const char* reason, std::int64_t bytes);
extern std::atomic<bool> copies_watched;

}  // namespace tenon::py
