// The Arrow C data interface: columns lent to and borrowed from pandas, Polars, pyarrow, DuckDB.
// The structs have the layout of the published C ABI (arrow.apache.org/docs/format/CDataInterface.html).
#pragma once

#include <cstddef>
#include <cstdint>

#include "tenon/tensor.h"

namespace tenon::arrow {

struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  std::int64_t flags;
  std::int64_t n_children;
  ArrowSchema** children;
  ArrowSchema* dictionary;
  void (*release)(ArrowSchema*);  // null once released or moved away
  void* private_data;
};

struct ArrowArray {
  std::int64_t length;
  std::int64_t null_count;  // -1: not counted yet
  std::int64_t offset;
  std::int64_t n_buffers;
  std::int64_t n_children;
  const void** buffers;
  ArrowArray** children;
  ArrowArray* dictionary;
  void (*release)(ArrowArray*);
  void* private_data;
};

// Columns that come in chunks. Functions return 0 or an errno value; a released array ends the stream.
struct ArrowArrayStream {
  int (*get_schema)(ArrowArrayStream*, ArrowSchema* out);
  int (*get_next)(ArrowArrayStream*, ArrowArray* out);
  const char* (*get_last_error)(ArrowArrayStream*);
  void (*release)(ArrowArrayStream*);
  void* private_data;
};

static_assert(sizeof(void*) != 8 ||
              (sizeof(ArrowSchema) == 72 && sizeof(ArrowArray) == 80 && sizeof(ArrowArrayStream) == 40));
static_assert(sizeof(void*) != 8 || (offsetof(ArrowSchema, release) == 56 && offsetof(ArrowArray, release) == 64));

// Lends t's bytes: a vector as a primitive array, more dimensions as fixed-size lists of it. The bytes are
// kept alive, and counted as an export of the storage, until the array is released, on any thread. Bools are
// packed into bits and other layouts than row-major made contiguous, both only with allow_copy. Throws
// BufferError where a copy would be needed, for 0-d tensors, tensors on a device or requiring grad, and lists
// of 2^31 items or more; DtypeError for complex, bfloat16 and float8, which Arrow lacks. On an error neither
// struct is touched.
TENON_API void export_array(const Tensor& t, ArrowSchema* schema, ArrowArray* array, bool allow_copy = false);

// A read-only tensor over the array's bytes: primitive arrays without nulls, and (nested) lists of them that have
// a fixed size or, as it turns out, one length. On success the array is moved from (its release is null) and
// released when the storage ends; on an error it is left as it was. The schema is only read. With allow_copy, bools are
// unpacked and the nulls of floating columns become NaN, in memory of tenon's. Throws BufferError where a copy would be needed,
// ValueError for nulls, naming their number, for lists of different lengths and for misaligned data, DtypeError for
// a type that has no dtype, naming it, and BufferError for a struct that is released or contradicts itself.
TENON_API Tensor import_array(const ArrowSchema& schema, ArrowArray* array, bool allow_copy = false);

// All chunks of a stream, in one tensor. A single chunk is borrowed as by import_array; several are joined by
// a copy, with allow_copy only (BufferError otherwise); none are an empty tensor. The stream is read to its end
// but not released. Throws as import_array, and RuntimeError with the producer's words if it fails.
TENON_API Tensor import_stream(ArrowArrayStream* stream, bool allow_copy = false);

}  // namespace tenon::arrow
