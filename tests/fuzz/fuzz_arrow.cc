// Arrow's C data interface: arrays and streams whose fields contradict each other. A producer's buffers have no size in
// the interface, so that they are there to the byte wherever the fields say that they are read.
#include <cstring>
#include <memory>

#include "fuzz.h"
#include "tenon/arrow.h"

namespace {

using namespace tenon;

constexpr const char* kFormats[] = {"b",  "c",  "C", "s", "S",  "i", "I",   "l",   "L",     "e",  "f", "g",  "+w:",
                                    "+l", "+L", "u", "U", "+s", "n", "tdD", "w:4", "d:9,2", "vu", "",  "+r", "zz"};
constexpr int kItemBits[] = {1, 8, 8, 16, 16, 32, 32, 64, 64, 16, 32, 64};
constexpr std::int64_t kMost = 1 << 12;  // elements that memory is made for

int live = 0;  // structs whose release has not been called
bool backed = true;  // whether every element that the fields claim is there

// A struct's private data: everything that it points to.
struct Schema {
  std::string format;
  arrow::ArrowSchema child{}, dictionary{};
  arrow::ArrowSchema* children[2] = {&child, nullptr};
};
struct Array {
  std::unique_ptr<std::uint8_t[]> bits, values;
  const void* buffers[3] = {};
  arrow::ArrowArray child{}, dictionary{};
  arrow::ArrowArray* children[2] = {&child, nullptr};
};

template <class Node, class Struct>
void release(Struct* s) {
  auto* node = static_cast<Node*>(s->private_data);
  if (node->child.release) node->child.release(&node->child);
  if (node->dictionary.release) node->dictionary.release(&node->dictionary);
  s->release = nullptr;
  delete node;
  --live;
}

// One level of both structs. `type` decides on the format, which all chunks of a stream have in common, `in` on the rest.
void make(fuzz::Bytes& type, fuzz::Bytes& in, arrow::ArrowSchema& s, arrow::ArrowArray& out, bool lends_only,
          int depth = 0) {
  auto* schema = new Schema;
  auto* array = new Array;
  s.private_data = schema;
  s.release = &release<Schema, arrow::ArrowSchema>;
  ++live;
  const unsigned kind = type.below(4) ? type.below(15) : type.below(std::size(kFormats));
  schema->format = kFormats[kind];
  if (kind == 12) schema->format += type.below(8) ? std::to_string(type.size()) : "x";
  s.format = in.below(32) ? schema->format.c_str() : nullptr;

  out.private_data = array;
  out.release = &release<Array, arrow::ArrowArray>;
  ++live;
  out.length = in.size();
  out.offset = in.below(4) ? 0 : in.size();
  const bool list = kind >= 12;
  const bool small = out.length >= 0 && out.offset >= 0 && out.length <= kMost && out.offset <= kMost;
  const std::int64_t n = small ? out.length + out.offset : 0;
  if (small && in.below(2)) {
    array->bits = std::make_unique<std::uint8_t[]>(static_cast<std::size_t>((n + 7) / 8));
    for (std::int64_t i = 0; i < (n + 7) / 8; ++i)
      array->bits[static_cast<std::size_t>(i)] = in.below(3) ? 0xff : in.byte();
    array->buffers[0] = array->bits.get();
  }
  out.null_count = in.below(2) ? -1 : in.below(2) ? 0 : in.size();
  // A claim of more cannot be checked: it may come in as it is, but neither be joined nor unpacked.
  if ((kind == 13 || kind == 14) && small) {
    const std::size_t width = kind == 13 ? 4 : 8;
    array->values = std::make_unique<std::uint8_t[]>(static_cast<std::size_t>(n + 1) * width);
    const std::uint64_t size = in.below(4);
    for (std::int64_t i = 0; i <= n; ++i) {
      const std::uint64_t offset =
          in.below(32) ? size * static_cast<std::uint64_t>(i) : static_cast<std::uint64_t>(in.size());
      std::memcpy(array->values.get() + static_cast<std::size_t>(i) * width, &offset, width);
    }
    array->buffers[1] = in.below(64) ? array->values.get() : nullptr;
  }
  if (!list && !small) backed = false;
  if (!list && (small || (kind != 0 && lends_only))) {
    const auto bytes = static_cast<std::size_t>((n * kItemBits[kind] + 7) / 8);
    const std::size_t odd = in.below(64) == 0;  // where the buffer begins
    array->values = std::make_unique<std::uint8_t[]>(bytes + odd);
    array->buffers[1] = in.below(64) == 1 ? nullptr : array->values.get() + odd;
  }
  out.n_buffers = in.below(8) ? (kind == 12 ? 1 : 2) : in.below(4);
  out.buffers = in.below(32) ? array->buffers : nullptr;
  if (list && depth < 5) make(type, in, schema->child, array->child, lends_only, depth + 1);
  s.n_children = in.below(16) ? (list && depth < 5) : in.below(3);
  s.children = in.below(32) ? schema->children : nullptr;
  out.n_children = in.below(16) ? (list && depth < 5) : in.below(3);
  out.children = in.below(32) ? array->children : nullptr;
  if (in.below(32) == 1) s.dictionary = &schema->dictionary;
}

struct Chunks {
  fuzz::Bytes type, in;
  unsigned left;
};

int get_schema(arrow::ArrowArrayStream* s, arrow::ArrowSchema* out) {
  auto* c = static_cast<Chunks*>(s->private_data);
  if (c->in.below(16) == 1) return 5;
  arrow::ArrowArray a{};
  fuzz::Bytes type = c->type;
  make(type, c->in, *out, a, false);
  a.release(&a);
  return 0;
}
int get_next(arrow::ArrowArrayStream* s, arrow::ArrowArray* out) {
  auto* c = static_cast<Chunks*>(s->private_data);
  if (c->left-- == 0) return 0;
  if (c->in.below(16) == 1) return 12;
  arrow::ArrowSchema schema{};
  fuzz::Bytes type = c->type;
  make(type, c->in, schema, *out, false);
  schema.release(&schema);
  return 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Bytes in({data, size});
  fuzz::limit_allocations(1 << 23, 1);
  const bool copies = in.below(2), stream = in.below(4) == 0;
  fuzz::Bytes type(in.take(16));
  live = 0;
  backed = true;
  if (stream) {
    Chunks chunks{type, in, in.below(4)};
    arrow::ArrowArrayStream source{get_schema, get_next, nullptr,
                                   [](arrow::ArrowArrayStream* s) { s->release = nullptr; }, &chunks};
    fuzz::survives([&] { fuzz::read_all(arrow::import_stream(&source, copies)); });
    fuzz::require(source.release != nullptr, "the stream was released");
  } else {
    arrow::ArrowSchema schema{};
    arrow::ArrowArray array{};
    make(type, in, schema, array, true);
    bool imported = false;
    fuzz::survives([&] {
      const Tensor t = arrow::import_array(schema, &array, copies);
      imported = true;
      if (backed) fuzz::read_all(t);
    });
    fuzz::require(imported == (array.release == nullptr), "the array belongs to one of the two");
    fuzz::require(schema.release != nullptr, "the schema was released");
    if (array.release) array.release(&array);
    schema.release(&schema);
  }
  fuzz::require(live == 0, "a struct was not released");
  return 0;
}
