#include "tenon/arrow.h"

#include <cmath>
#include <thread>

#include "files.h"
#include "tenon/autograd.h"

namespace {

using namespace tenon;
using namespace tenon::arrow;
using namespace tenon::testing_files;

// An array as a producer makes it, that counts its releases.
struct Producer {
  ArrowSchema schema{};
  ArrowArray array{};
  std::uint8_t validity[2] = {0xff, 0xff};
  std::int64_t data[16] = {};
  const void* buffers[2] = {nullptr, data};
  int released = 0;

  explicit Producer(const char* format = "l", std::int64_t length = 10) {
    for (int i = 0; i < 16; ++i) data[i] = i;
    schema.format = format;
    schema.release = [](ArrowSchema* s) { s->release = nullptr; };
    array.length = length;
    array.n_buffers = 2;
    array.buffers = buffers;
    array.private_data = this;
    array.release = [](ArrowArray* a) {
      ++static_cast<Producer*>(a->private_data)->released;
      a->release = nullptr;
    };
  }
};

TEST(Arrow, PrimitiveTypesCrossWithoutCopies) {
  const std::pair<DType, char> table[] = {{DType::int8, 'c'},    {DType::int16, 's'},  {DType::int32, 'i'},
                                          {DType::int64, 'l'},   {DType::uint8, 'C'},  {DType::uint16, 'S'},
                                          {DType::uint32, 'I'},  {DType::uint64, 'L'}, {DType::float16, 'e'},
                                          {DType::float32, 'f'}, {DType::float64, 'g'}};
  for (const auto& [d, letter] : table) {
    const Tensor t = sample(d, {7});
    ArrowSchema schema;
    ArrowArray array;
    export_array(t, &schema, &array);
    EXPECT_STREQ(schema.format, std::string(1, letter).c_str());
    EXPECT_EQ(array.length, 7);
    EXPECT_EQ(array.null_count, 0);
    EXPECT_EQ(array.n_buffers, 2);
    EXPECT_EQ(array.buffers[0], nullptr);
    EXPECT_EQ(array.buffers[1], t.data());
    EXPECT_EQ(t.storage().exports(), 1);
    {
      const Tensor back = import_array(schema, &array);
      EXPECT_EQ(array.release, nullptr);
      EXPECT_TRUE(back.read_only());
      EXPECT_EQ(back.data(), t.data());
      expect_same(back, t);
    }
    EXPECT_EQ(t.storage().exports(), 0);
    ASSERT_NE(schema.release, nullptr);
    schema.release(&schema);
    EXPECT_EQ(schema.release, nullptr);
  }
}

TEST(Arrow, MoreDimensionsAreFixedSizeLists) {
  for (const Dims& shape : {Dims{3, 4}, Dims{2, 3, 4}, Dims{5, 0}, Dims{0, 5}, Dims{1, 2, 1, 2}}) {
    const Tensor t = sample(DType::float32, shape);
    ArrowSchema schema;
    ArrowArray array;
    export_array(t, &schema, &array);
    EXPECT_EQ(std::string(schema.format), "+w:" + std::to_string(shape[1]));
    EXPECT_EQ(array.length, shape[0]);
    EXPECT_EQ(array.children[0]->length, shape[0] * shape[1]);
    const Tensor back = import_array(schema, &array);
    expect_same(back, t);
    schema.release(&schema);
  }
}

TEST(Arrow, ReleasesOnceOnAnyThreadWithChildrenMovedAway) {
  Tensor t = arange(12).reshape({3, 4});
  ArrowSchema schema;
  ArrowArray array;
  export_array(t, &schema, &array);
  EXPECT_EQ(t.storage().exports(), 1);
  ArrowArray child = *array.children[0];  // consumers may move children out
  array.children[0]->release = nullptr;
  ArrowSchema child_schema = *schema.children[0];
  schema.children[0]->release = nullptr;
  std::thread([&] {
    array.release(&array);
    schema.release(&schema);
  }).join();
  EXPECT_EQ(t.storage().exports(), 1);
  t = Tensor();
  EXPECT_STREQ(child_schema.format, "l");
  EXPECT_EQ(static_cast<const std::int64_t*>(child.buffers[1])[11], 11);
  child.release(&child);
  child_schema.release(&child_schema);
  EXPECT_EQ(child.release, nullptr);
}

TEST(Arrow, BoolsArePackedOnlyWhereCopiesAreAllowed) {
  const Tensor t = sample(DType::bool_, {5, 3});
  ArrowSchema schema{};
  ArrowArray array{};
  EXPECT_SAYS(BufferError, export_array(t, &schema, &array), "allow copies");
  EXPECT_EQ(array.release, nullptr);
  export_array(t, &schema, &array, true);
  EXPECT_EQ(static_cast<const std::uint8_t*>(array.children[0]->buffers[1])[0], 0b01001001);
  EXPECT_SAYS(BufferError, import_array(schema, &array), "allow copies");
  ASSERT_NE(array.release, nullptr);  // still the producer's
  const Tensor back = import_array(schema, &array, true);
  EXPECT_EQ(array.release, nullptr);
  EXPECT_FALSE(back.read_only());
  expect_same(back, t);
  schema.release(&schema);
}

TEST(Arrow, WhatIsNotLent) {
  ArrowSchema schema{};
  ArrowArray array{};
  const Tensor t = arange(6).to(DType::float32).reshape({2, 3});
  EXPECT_SAYS(BufferError, export_array(T(t), &schema, &array), "use .contiguous()");
  EXPECT_SAYS(BufferError, export_array(flip(t), &schema, &array), "strides (-3, -1)");
  EXPECT_SAYS(BufferError, export_array(Tensor::of(1), &schema, &array), ".reshape(1)");
  for (DType d : {DType::complex64, DType::bfloat16, DType::float8_e5m2})
    EXPECT_SAYS(DtypeError, export_array(sample(d, {2}), &schema, &array), "no type for");
  Tensor g = t.clone();
  g.set_requires_grad(true);
  EXPECT_SAYS(BufferError, export_array(g, &schema, &array), ".detach()");
  EXPECT_EQ(schema.release, nullptr);
  EXPECT_EQ(array.release, nullptr);
  export_array(T(t), &schema, &array, true);
  expect_same(import_array(schema, &array), T(t));
  schema.release(&schema);
}

TEST(Arrow, OffsetsAreHonoured) {
  Producer p("l", 4);
  p.array.offset = 5;
  {
    const Tensor t = import_array(p.schema, &p.array);
    EXPECT_EQ(t.data(), reinterpret_cast<char*>(p.data + 5));
    EXPECT_EQ(t[3].item<int>(), 8);
    EXPECT_EQ(p.released, 0);
  }
  EXPECT_EQ(p.released, 0 + 1);
  // Of a list and of its items: they add up in items.
  Producer items("l", 14), list("+w:3", 2);
  items.array.offset = 1;
  list.array.offset = 2;
  ArrowArray* array_child = &items.array;
  ArrowSchema* schema_child = &items.schema;
  list.array.n_children = list.schema.n_children = 1;
  list.array.children = &array_child;
  list.schema.children = &schema_child;
  const Tensor t = import_array(list.schema, &list.array);
  EXPECT_EQ(t.shape(), (Dims{2, 3}));
  EXPECT_EQ(t[0][0].item<int>(), 7);
}

TEST(Arrow, Nulls) {
  Producer ints;
  ints.buffers[0] = ints.validity;
  ints.validity[0] = 0b11110101;
  ints.array.null_count = 2;
  EXPECT_SAYS(ValueError, import_array(ints.schema, &ints.array),
              "the column has 2 nulls and int64 has no value for them; use fill_null()");
  EXPECT_SAYS(ValueError, import_array(ints.schema, &ints.array, true), "cast it to float64");
  EXPECT_EQ(ints.released, 0);
  ints.array.offset = 4;  // the nulls are before it, and not counted yet
  ints.array.length = 6;
  ints.array.null_count = -1;
  EXPECT_EQ(import_array(ints.schema, &ints.array).numel(), 6);
  EXPECT_EQ(ints.released, 1);

  for (const auto& [format, size] : {std::pair("g", 8), std::pair("f", 4), std::pair("e", 2)}) {
    Producer floats(format, 9);
    std::memset(floats.data, 0, sizeof floats.data);
    floats.buffers[0] = floats.validity;
    floats.validity[0] = 0b11111101;
    floats.validity[1] = 0b11111110;
    floats.array.null_count = -1;
    EXPECT_SAYS(ValueError, import_array(floats.schema, &floats.array),
                "2 nulls; use fill_null(), or allow copies to turn them into NaN");
    const Tensor t = import_array(floats.schema, &floats.array, true);
    EXPECT_EQ(t.itemsize(), size);
    for (int i = 0; i < 9; ++i) EXPECT_EQ(std::isnan(t[i].item<double>()), i == 1 || i == 8) << i;
    EXPECT_EQ(floats.released, 1);
  }
}

TEST(Arrow, TypesThatHaveNoDtypeAreNamed) {
  const std::pair<const char*, const char*> table[] = {{"u", "type string ('u')"},
                                                       {"U", "large string"},
                                                       {"vu", "string view"},
                                                       {"z", "binary"},
                                                       {"tsu:UTC", "cast it to int64"},
                                                       {"tdD", "date32"},
                                                       {"tDs", "duration"},
                                                       {"d:10,2", "decimal"},
                                                       {"+vl", "list view"},
                                                       {"+s", "struct"},
                                                       {"n", "type null"},
                                                       {"q", "format 'q'"},
                                                       {"", "format ''"}};
  for (const auto& [format, says] : table) {
    Producer p(format);
    EXPECT_SAYS(DtypeError, import_array(p.schema, &p.array), says);
    EXPECT_EQ(p.released, 0);
  }
  Producer nulls("n");
  nulls.array.n_buffers = 0;
  nulls.array.null_count = nulls.array.length;
  EXPECT_SAYS(DtypeError, import_array(nulls.schema, &nulls.array), "type null");
  Producer p("i");
  p.schema.dictionary = &p.schema;
  EXPECT_SAYS(DtypeError, import_array(p.schema, &p.array), "categorical");
}

void malformed(void (*change)(Producer&)) {
  Producer p;
  change(p);
  EXPECT_SAYS(BufferError, import_array(p.schema, &p.array), "malformed");
  EXPECT_EQ(p.released, 0);
}

TEST(Arrow, MalformedArrays) {
  malformed([](Producer& p) { p.array.length = -1; });
  malformed([](Producer& p) { p.array.offset = -1; });
  malformed([](Producer& p) { p.array.offset = INT64_MAX; });
  malformed([](Producer& p) { p.array.length = INT64_MAX / 4; });
  malformed([](Producer& p) { p.array.n_buffers = 1; });
  malformed([](Producer& p) { p.buffers[1] = nullptr; });
  malformed([](Producer& p) { p.array.null_count = 3; });
  malformed([](Producer& p) { p.schema.format = "+w:x"; });
  malformed([](Producer& p) { p.schema.format = "+w:3"; });
  malformed([](Producer& p) { p.schema.format = "+w:99999999999999999999"; });
  malformed([](Producer& p) { p.schema.release = nullptr; });
  Producer p;
  p.buffers[1] = reinterpret_cast<char*>(p.data) + 1;
  EXPECT_SAYS(ValueError, import_array(p.schema, &p.array), "not aligned");
  p.array.release = nullptr;
  EXPECT_SAYS(BufferError, import_array(p.schema, &p.array), "released");
}

// A stream of the producers' arrays.
struct Stream : ArrowArrayStream {
  std::vector<Producer*> chunks;
  const char* format = "l";
  std::size_t next = 0;
  int fail_with = 0;

  explicit Stream(std::vector<Producer*> c) : ArrowArrayStream{}, chunks(std::move(c)) {
    get_schema = [](ArrowArrayStream* s, ArrowSchema* out) {
      *out = Producer(static_cast<Stream*>(s)->format).schema;
      return 0;
    };
    get_next = [](ArrowArrayStream* base, ArrowArray* out) {
      auto* s = static_cast<Stream*>(base);
      if (s->fail_with) return s->fail_with;
      *out = s->next < s->chunks.size() ? s->chunks[s->next++]->array : ArrowArray{};
      return 0;
    };
    get_last_error = [](ArrowArrayStream*) { return "disk on fire"; };
    release = [](ArrowArrayStream*) {};
  }
};

TEST(Arrow, Streams) {
  Producer a, b("l", 3);
  {
    Stream one({&a});
    const Tensor t = import_stream(&one);
    EXPECT_EQ(t.data(), reinterpret_cast<char*>(a.data));
    EXPECT_EQ(a.released, 0);
  }
  EXPECT_EQ(a.released, 1);
  Stream two({&a, &b});
  EXPECT_SAYS(BufferError, import_stream(&two), "2 chunks");
  EXPECT_EQ(a.released, 2);
  EXPECT_EQ(b.released, 1);
  Stream again({&a, &b});
  const Tensor t = import_stream(&again, true);
  EXPECT_EQ(t.shape(), Dims{13});
  EXPECT_EQ(t[12].item<int>(), 2);
  EXPECT_EQ(b.released, 2);
  Stream none({});
  none.format = "f";
  EXPECT_EQ(import_stream(&none).dtype(), DType::float32);
  Stream broken({&a});
  broken.fail_with = 5;
  EXPECT_SAYS(RuntimeError, import_stream(&broken), "disk on fire");
}

// Lists over the items 0, 1, 2, ... of a producer; each chunk has offsets of its own.
struct Lists {
  Producer items{"l", 16};
  Producer lists;
  std::vector<std::int32_t> offsets;
  ArrowSchema* schemas[1] = {&items.schema};
  ArrowArray* arrays[1] = {&items.array};

  explicit Lists(std::vector<std::int32_t> o)
      : lists("+l", static_cast<std::int64_t>(o.size()) - 1), offsets(std::move(o)) {
    lists.buffers[1] = offsets.data();
    lists.schema.n_children = lists.array.n_children = 1;
    lists.schema.children = schemas;
    lists.array.children = arrays;
  }
};

TEST(Arrow, ListsOfOneLengthAreAMatrix) {
  Lists two({1, 3, 5, 7});
  const Tensor t = import_array(two.lists.schema, &two.lists.array);
  EXPECT_EQ(t.shape(), (Dims{3, 2}));
  EXPECT_EQ(t.data(), reinterpret_cast<char*>(two.items.data + 1));
  Lists none({0});
  EXPECT_EQ(import_array(none.lists.schema, &none.lists.array).shape(), (Dims{0, 0}));

  Lists ragged({0, 2, 5});
  EXPECT_SAYS(ValueError, import_array(ragged.lists.schema, &ragged.lists.array), "2 at row 0 and 3 at row 1");
  for (const std::vector<std::int32_t>& offsets :
       {std::vector<std::int32_t>{0, 9, 18}, {2, 1, 0}, {-1, 0, 1}, {0, 2, INT32_MIN}}) {
    Lists wrong(offsets);
    EXPECT_SAYS(BufferError, import_array(wrong.lists.schema, &wrong.lists.array), "malformed");
  }
  Lists without({0, 2});
  without.lists.buffers[1] = nullptr;
  EXPECT_SAYS(BufferError, import_array(without.lists.schema, &without.lists.array), "offsets");
}

// Found by fuzz_arrow: chunks of lists whose lengths differ were joined into the memory of the last one.
TEST(Arrow, ChunksOfLists) {
  const auto joined = [](Lists& a, Lists& b) {
    Producer list("+l");
    list.schema.n_children = 1;
    list.schema.children = a.schemas;
    struct Both : Stream {
      ArrowSchema* made;
      Both(std::vector<Producer*> c, ArrowSchema* s) : Stream(std::move(c)), made(s) {
        get_schema = [](ArrowArrayStream* base, ArrowSchema* out) {
          *out = *static_cast<Both*>(base)->made;
          return 0;
        };
      }
    } stream({&a.lists, &b.lists}, &list.schema);
    return import_stream(&stream, true);
  };
  Lists a({0, 2, 4}), same({4, 6}), longer({0, 3}), none({0}), again({0, 2});
  EXPECT_EQ(joined(a, same).shape(), (Dims{3, 2}));
  Lists first({0, 2, 4});
  EXPECT_SAYS(ValueError, joined(first, longer), "2 at row 0 and 3 at row 2");
  EXPECT_EQ(joined(none, again).shape(), (Dims{1, 2}));
}

// Found by fuzz_arrow: an empty chunk may have no data.
TEST(Arrow, EmptyChunksWithoutData) {
  Producer a("l", 0), b("l", 0);
  a.buffers[1] = b.buffers[1] = nullptr;
  Stream both({&a, &b});
  EXPECT_EQ(import_stream(&both, true).shape(), Dims{0});
}

}  // namespace
