#include <bit>
#include <cerrno>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "core/errors.h"
#include "interop/arrow_format.h"
#include "tenon/arrow.h"
#include "tenon/ops.h"

namespace tenon::arrow {
namespace {

constexpr const char* kOp = "from_arrow";

// What people call the types that have no dtype. Prefixes of the format string, longest first.
constexpr std::pair<std::string_view, std::string_view> kForeign[] = {
    {"tdD", "date32"},     {"tdm", "date64"},     {"ts", "timestamp"},  {"tt", "time"},
    {"tD", "duration"},    {"ti", "interval"},    {"+vl", "list view"}, {"+vL", "large list view"},
    {"+s", "struct"},      {"+m", "map"},         {"+u", "union"},      {"+r", "run-end encoded"},
    {"vu", "string view"}, {"vz", "binary view"}, {"u", "string"},      {"U", "large string"},
    {"z", "binary"},       {"Z", "large binary"}, {"d:", "decimal"},    {"w:", "fixed-size binary"},
    {"n", "null"},
};

[[noreturn]] void foreign(std::string_view format) {
  for (const auto& [prefix, name] : kForeign) {
    if (!format.starts_with(prefix)) continue;
    const std::string_view advice = prefix == "+s"
                                        ? "; pass its fields one by one (a record batch is a struct of its columns)"
                                    : prefix[0] == 't' ? "; cast it to int64 first"
                                    : prefix == "d:"   ? "; cast it to float64 first"
                                                       : "; pass a numeric column";
    errors::fail<DtypeError>(kOp, "type ", name, " ('", format, "') has no dtype here", advice);
  }
  errors::fail<DtypeError>(kOp, "the Arrow format '", format, "' has no dtype here; pass a numeric column");
}

[[noreturn]] void malformed(const char* what) {
  errors::fail<BufferError>(kOp, "the producer's array is malformed: ", what);
}

// A column as its producer describes it: the leaf's buffers and the shape around them.
struct Column {
  DType dtype = DType::uint8;
  Dims shape;
  std::int64_t first = 0, numel = 0;  // elements of the leaf's buffer
  const void* data = nullptr;
  const std::uint8_t* validity = nullptr;
  std::int64_t nulls = 0;
};

[[noreturn]] void different_lengths(std::int64_t n, std::int64_t row, std::int64_t other, std::int64_t other_row) {
  errors::fail(kOp, "the lists have different lengths, ", n, " at row ", row, " and ", other, " at row ", other_row,
               "; pad them to one length, or pass their items and lengths apart");
}
[[noreturn]] void null_lists(std::int64_t n) {
  errors::fail(kOp, n, " of its lists are null; fill or drop them first");
}

std::int64_t count_nulls(const std::uint8_t* validity, std::int64_t first, std::int64_t n) {
  std::int64_t nulls = 0;
  for (std::int64_t i = first; i < first + n; ++i) nulls += !(validity[i / 8] >> (i % 8) & 1);
  return nulls;
}

void read_level(const ArrowSchema& s, const ArrowArray& a, std::int64_t first, std::int64_t n, Column& c);

void read_items(const ArrowSchema& s, const ArrowArray& a, std::int64_t first, std::int64_t n, std::int64_t size,
                Column& c) {
  if (s.n_children != 1 || a.n_children != 1 || !s.children || !a.children || !s.children[0] || !a.children[0])
    malformed("a list without items");
  if (c.shape.size() == kMaxDims) malformed("nested too deeply");
  c.shape.push_back(size);
  read_level(*s.children[0], *a.children[0], first, n, c);
}

// Lists that could have different lengths: their items lie side by side, so that lists of one length are a matrix.
template <class Offset>
void read_lists(const ArrowSchema& s, const ArrowArray& a, std::int64_t first, std::int64_t n, Column& c) {
  if (n == 0) return read_items(s, a, 0, 0, 0, c);
  if (a.n_buffers != 2 || !a.buffers || !a.buffers[1]) malformed("lists without offsets");
  const auto* offsets = static_cast<const Offset*>(a.buffers[1]) + first;
  if (reinterpret_cast<std::uintptr_t>(offsets) % alignof(Offset) != 0) malformed("its offsets are not aligned");
  const auto length = [&](std::int64_t i) {
    if (offsets[i] < 0 || offsets[i + 1] < offsets[i]) malformed("its offsets do not rise");
    return static_cast<std::int64_t>(offsets[i + 1]) - offsets[i];
  };
  const std::int64_t size = length(0);
  for (std::int64_t i = 1; i < n; ++i) {
    if (length(i) != size) different_lengths(size, 0, length(i), i);
  }
  read_items(s, a, offsets[0], n * size, size, c);
}

// Reads down through lists. `first` and `n` select this level's items.
void read_level(const ArrowSchema& s, const ArrowArray& a, std::int64_t first, std::int64_t n, Column& c) {
  if (s.dictionary || a.dictionary)
    errors::fail<DtypeError>(kOp,
                             "dictionary-encoded (categorical) columns have no dtype here; pass their codes, "
                             "or decode them first");
  const std::string_view format = s.format ? s.format : "";
  if (a.length < 0 || a.offset < 0 || first < 0 || n > a.length || first > a.length - n ||
      __builtin_add_overflow(first, a.offset, &first) || first > INT64_MAX - n)
    malformed("lengths do not fit");
  const auto* validity = a.n_buffers > 0 && a.buffers ? static_cast<const std::uint8_t*>(a.buffers[0]) : nullptr;
  if (!validity && a.null_count > 0 && format != "n") malformed("nulls are counted but not marked");
  const std::int64_t nulls = validity && a.null_count != 0 ? count_nulls(validity, first, n) : 0;

  if (format.starts_with("+w:")) {
    std::int64_t size = 0;
    for (char digit : format.substr(3)) {
      if (digit < '0' || digit > '9' || size > INT32_MAX) malformed("the size of its lists");
      size = size * 10 + (digit - '0');
    }
    if (nulls) null_lists(nulls);
    std::int64_t inner_first, inner_n;
    if (__builtin_mul_overflow(first, size, &inner_first) || __builtin_mul_overflow(n, size, &inner_n))
      malformed("lengths do not fit");
    return read_items(s, a, inner_first, inner_n, size, c);
  }
  if (format == "+l" || format == "+L") {
    if (nulls) null_lists(nulls);
    return format == "+l" ? read_lists<std::int32_t>(s, a, first, n, c) : read_lists<std::int64_t>(s, a, first, n, c);
  }

  bool found = false;
  for (int i = 0; i < kDTypes && !found; ++i) {
    const auto d = static_cast<DType>(i);
    found = format.size() == 1 && format_of(d) == format[0] && format[0] != '\0';
    if (found) c.dtype = d;
  }
  if (!found) foreign(format);
  if (a.n_buffers != 2 || !a.buffers) malformed("a primitive array has two buffers");
  c.first = first;
  c.numel = n;
  c.data = a.buffers[1];
  c.validity = validity;
  c.nulls = nulls;
  std::int64_t bytes;
  if (__builtin_mul_overflow(first + n, static_cast<std::int64_t>(itemsize(c.dtype)), &bytes))
    malformed("lengths do not fit");
  if (n > 0 && !c.data) malformed("no data");
}

Tensor unpack_bits(const Column& c) {
  Tensor out = empty({c.numel}, DType::bool_);
  const auto* bits = static_cast<const std::uint8_t*>(c.data);
  bool* p = out.data<bool>();
  for (std::int64_t i = 0, k = c.first; i < c.numel; ++i, ++k) p[i] = bits[k / 8] >> (k % 8) & 1;
  return out;
}

Tensor nulls_to_nan(const Column& c) {
  Tensor out = empty({c.numel}, c.dtype);
  const std::int64_t size = out.itemsize();
  std::memcpy(out.data(), static_cast<const char*>(c.data) + c.first * size, static_cast<std::size_t>(out.nbytes()));
  alignas(16) unsigned char nan[16];
  Scalar(std::numeric_limits<double>::quiet_NaN()).store(c.dtype, nan);
  for (std::int64_t i = 0, k = c.first; i < c.numel; ++i, ++k) {
    if (!(c.validity[k / 8] >> (k % 8) & 1)) std::memcpy(out.data() + i * size, nan, static_cast<std::size_t>(size));
  }
  return out;
}

Column read_column(const ArrowSchema& schema, const ArrowArray& array) {
  Column c;
  c.shape.push_back(array.length);
  read_level(schema, array, 0, array.length, c);
  return c;
}

// The column in memory of tenon's; only for those that cannot be borrowed.
Tensor copy_column(const Column& c, bool allow_copy) {
  if (c.nulls > 0) {
    if (!is_floating(c.dtype))
      errors::fail(kOp, "the column has ", c.nulls, c.nulls == 1 ? " null" : " nulls", " and ", c.dtype,
                   " has no value for them; use fill_null(), or cast it to float64");
    if (!allow_copy)
      errors::fail(kOp, "the column has ", c.nulls, c.nulls == 1 ? " null" : " nulls",
                   "; use fill_null(), or allow copies to turn them into NaN");
    return nulls_to_nan(c).reshape(c.shape);
  }
  if (!allow_copy)
    errors::fail<BufferError>(kOp, "Arrow packs bools into bits, so that a copy is needed; allow copies");
  return unpack_bits(c).reshape(c.shape);
}

}  // namespace

Tensor import_array(const ArrowSchema& schema, ArrowArray* array, bool allow_copy) {
  if (!schema.release || !array->release) malformed("it has been released");
  const Column c = read_column(schema, *array);
  if (c.nulls > 0 || is_bool(c.dtype)) {
    Tensor t = copy_column(c, allow_copy);
    array->release(array);
    array->release = nullptr;
    return t;
  }
  const auto size = static_cast<std::int64_t>(itemsize(c.dtype));
  char* first = c.data ? static_cast<char*>(const_cast<void*>(c.data)) + c.first * size : nullptr;
  if (c.numel > 0 && reinterpret_cast<std::uintptr_t>(first) % static_cast<std::uintptr_t>(size) != 0)
    errors::fail(kOp, "the data is not aligned for ", c.dtype, "; copy the column first");
  // The owner is empty until the tensor stands: an exception must leave the array with its producer.
  auto owner = std::make_unique<ArrowArray>();
  owner->release = nullptr;
  ArrowArray* moved = owner.get();
  auto storage = Storage::borrow(
      first, c.numel * size, kCpu,
      [](void* context) {
        const std::unique_ptr<ArrowArray> a(static_cast<ArrowArray*>(context));
        if (a->release) a->release(a.get());
      },
      owner.release());
  Tensor t = make_tensor(std::move(storage), 0, c.shape, contiguous_strides(c.shape), c.dtype, true);
  *moved = *array;
  array->release = nullptr;
  return t;
}

namespace {

template <class T>
struct Released : T {
  Released() : T{} {}
  Released(Released&& o) noexcept : T(o) { o.release = nullptr; }
  ~Released() {
    if (this->release) this->release(this);
  }
};

void check_stream(ArrowArrayStream* stream, int status) {
  if (status == 0) return;
  const char* message = stream->get_last_error ? stream->get_last_error(stream) : nullptr;
  errors::fail<RuntimeError>(kOp, "the producer failed: ", message ? message : std::strerror(status));
}

}  // namespace

Tensor import_stream(ArrowArrayStream* stream, bool allow_copy) {
  if (!stream->release) malformed("the stream has been released");
  Released<ArrowSchema> schema;
  check_stream(stream, stream->get_schema(stream, &schema));
  std::vector<Released<ArrowArray>> chunks;
  while (true) {
    Released<ArrowArray> chunk;
    check_stream(stream, stream->get_next(stream, &chunk));
    if (!chunk.release) break;
    chunks.push_back(std::move(chunk));
  }
  if (chunks.empty()) {  // an empty column still has a type
    const void* buffers[2] = {};
    std::vector<ArrowArray> levels(kMaxDims + 1);
    std::vector<ArrowArray*> inner;
    for (ArrowArray& a : levels) inner.push_back(&a);
    for (std::size_t i = 0; i < levels.size(); ++i) {
      levels[i].n_buffers = 2;
      levels[i].buffers = buffers;
      levels[i].n_children = i + 1 < levels.size();
      levels[i].children = i + 1 < levels.size() ? &inner[i + 1] : nullptr;
    }
    const Column c = read_column(schema, levels[0]);
    return empty(c.shape, c.dtype);
  }
  if (chunks.size() == 1) return import_array(schema, &chunks[0], allow_copy);
  if (!allow_copy)
    errors::fail<BufferError>(kOp, "the column is in ", static_cast<std::int64_t>(chunks.size()),
                              " chunks, joining them needs a copy; use rechunk() or combine_chunks(), or allow copies");
  std::vector<Tensor> parts;
  Dims shape;
  for (auto& chunk : chunks) {
    Tensor part = import_array(schema, &chunk, true);
    Dims rows = part.shape();
    if (rows[0] == 0 && !parts.empty()) {  // lists without rows have no length
      rows = shape;
    } else if (!parts.empty() && shape[0] > 0) {
      for (int d = 1; d < rows.size(); ++d)
        if (rows[d] != shape[d]) different_lengths(shape[d], 0, rows[d], shape[0]);
      rows[0] += shape[0];
    }
    shape = rows;
    parts.push_back(std::move(part));
  }
  Tensor out = empty(shape, parts[0].dtype());
  char* at = out.data();
  for (const Tensor& part : parts) {
    if (part.nbytes() == 0) continue;  // which may have no data
    std::memcpy(at, part.data(), static_cast<std::size_t>(part.nbytes()));
    at += part.nbytes();
  }
  return out;
}

}  // namespace tenon::arrow
