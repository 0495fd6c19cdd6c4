#include "files.h"
#include "tenon/autograd.h"
#include "tenon/io.h"

namespace {

using namespace tenon;
using namespace tenon::testing_files;

using Npy = Files;

// A version 1.0 file with this dictionary and data.
std::string npy(const std::string& dict, const std::string& data, char major = 1) {
  std::string s = std::string("\x93NUMPY", 6) + major + '\0';
  for (int i = 0; i < (major == 1 ? 2 : 4); ++i) s += static_cast<char>(dict.size() >> (8 * i) & 255);
  return s + dict + data;
}
std::string header(const std::string& descr, const std::string& shape, const std::string& order = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
}
const std::string kEight("\1\2\3\4\5\6\7\10", 8);

TEST_F(Npy, EveryDtypeComesBack) {
  for (int i = 0; i < kDTypes; ++i) {
    const auto d = static_cast<DType>(i);
    const Tensor t = sample(d, {3, 5});
    save_npy(path("x"), t);
    NpyOptions options;
    if (is_float8(d)) options.raw_dtype = d;
    expect_same(load_npy(path("x"), options), t);
    options.mmap = true;
    expect_same(load_npy(path("x"), options), t);
  }
  EXPECT_EQ(count(), 1);
}

TEST_F(Npy, WritesWhatNumPyWrites) {
  save_npy(path("x"), arange(6).to(DType::float32).reshape({2, 3}));
  const std::string s = get("x");
  EXPECT_EQ(s.size(), 128u + 24u);
  EXPECT_EQ(s.substr(0, 10), std::string("\x93NUMPY\1\0\x76\0", 10));
  EXPECT_EQ(s.substr(10, 118),
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }" + std::string(58, ' ') + "\n");
}

TEST_F(Npy, Layouts) {
  const Tensor t = sample(DType::int32, {4, 6});
  const Tensor layouts[] = {T(t),
                            slice(t, 1, 1, 5, 2),
                            flip(t),
                            expand(unsqueeze(t, {0}), {3, 4, 6}),
                            t.reshape({2, 2, 6}).permute({2, 0, 1}),
                            sample(DType::int32, {}),
                            sample(DType::int32, {0, 3}),
                            T(sample(DType::int32, {3, 0, 2})),
                            sample(DType::int32, {1, 1, 5})};
  for (const Tensor& x : layouts) {
    save_npy(path("x"), x);
    expect_same(load_npy(path("x")), x);
    expect_same(load_npy(path("x"), true), x);
  }
  save_npy(path("x"), T(t));
  EXPECT_NE(get("x").find("'fortran_order': True"), std::string::npos);
  EXPECT_EQ(load_npy(path("x")).strides(), (Dims{1, 6}));
}

TEST_F(Npy, SavesValuesOfTensorsThatRequireGrad) {
  Tensor t = sample(DType::float32, {3});
  t.set_requires_grad(true);
  save_npy(path("x"), t);
  const Tensor back = load_npy(path("x"));
  EXPECT_FALSE(back.requires_grad());
  expect_same(back, t.detach());
}

TEST_F(Npy, MappedTensorsAreReadOnlyUnlessAskedFor) {
  save_npy(path("x"), arange(4));
  const std::string before = get("x");
  EXPECT_FALSE(load_npy(path("x")).read_only());
  EXPECT_TRUE(load_npy(path("x"), true).read_only());
  Tensor t = load_npy(path("x"), true, true);
  fill_(t, 7);
  EXPECT_EQ(t[2].item<std::int64_t>(), 7);
  EXPECT_EQ(get("x"), before);  // writes stay in memory
  Tensor locked = load_npy(path("x"), true);
  EXPECT_THROW(fill_(locked, 7), ReadOnlyError);
  // Saving over a mapped file leaves the mapping as it is.
  save_npy(path("x"), arange(9));
  EXPECT_EQ(locked[3].item<std::int64_t>(), 3);
}

TEST_F(Npy, ByteSwappedDataIsSwappedWhileReading) {
  put("x", npy(header(">i2", "(4,)"), kEight));
  const Tensor t = load_npy(path("x"));
  EXPECT_EQ(t[0].item<int>(), 0x0102);
  EXPECT_EQ(t[3].item<int>(), 0x0708);
  EXPECT_SAYS(ValueError, load_npy(path("x"), true), "byte-swapped; load it without mmap");
  // The parts of a complex number swap one by one.
  put("x", npy(header(">c8", "()"), std::string("\x3f\x80\0\0\x40\0\0\0", 8)));
  const auto z = load_npy(path("x")).item().to<complex128>();
  EXPECT_EQ(z.re, 1.0);
  EXPECT_EQ(z.im, 2.0);
}

TEST_F(Npy, OtherVersionsAndSpellings) {
  put("x", npy(header("<i4", "(2,)"), kEight, 2));
  EXPECT_EQ(load_npy(path("x")).shape(), Dims{2});
  put("x", npy(header("=i4", "( 1 , 2 )"), kEight, 3));
  EXPECT_EQ(load_npy(path("x")).shape(), (Dims{1, 2}));
  put("x", npy(R"({"shape":(2L,),"descr":"<i4","fortran_order":True})", kEight));
  EXPECT_EQ(load_npy(path("x")).shape(), Dims{2});
  put("x", npy(header("|b1", "(3,)"), std::string("\0\2\1", 3)));
  const Tensor bools = load_npy(path("x"));
  EXPECT_EQ(bools.data()[1], 1);  // any byte but 0 is true
  EXPECT_SAYS(ValueError, load_npy(path("x"), true), "neither 0 nor 1");
}

TEST_F(Npy, TypesWithoutAName) {
  put("x", npy(header("<V2", "(4,)"), kEight));
  EXPECT_EQ(load_npy(path("x")).dtype(), DType::bfloat16);
  put("x", npy(header("|V2", "(4,)"), kEight));
  EXPECT_SAYS(ValueError, load_npy(path("x")), ".view(dtype)");
  EXPECT_EQ(load_npy(path("x"), NpyOptions{false, false, DType::float16}).dtype(), DType::float16);
  EXPECT_SAYS(ValueError, load_npy(path("x"), NpyOptions{false, false, DType::float32}), "cannot be float32");
  put("x", npy(header("<V1", "(4,)"), kEight));
  EXPECT_SAYS(ValueError, load_npy(path("x")), "float8_e4m3fn");
  put("x", npy(header("<f1", "(4,)"), kEight));
  EXPECT_EQ(load_npy(path("x")).dtype(), DType::float8_e5m2);
}

TEST_F(Npy, Hostile) {
  const struct {
    std::string bytes, says;
  } cases[] = {
      {"", "too short"},
      {std::string("\x93NUMPY\1\0", 8), "too short"},
      {"\x80\4pickledpickled", "pickle"},
      {"PK\3\4zipzipzip", "zip archive"},
      {"MATLAB 5.0 MAT", "begin with"},
      {npy(header("<i4", "(2,)"), kEight, 4), "version 4.0"},
      {npy(header("<i4", "(2,)"), kEight, 2).substr(0, 11), "too short"},
      {std::string("\x93NUMPY\2\0\xff\xff\xff\xff{", 13), "claims to have 4294967295 bytes"},
      {npy(header("<i4", "(3,)"), kEight), "cut off: shape (3,) of int32 needs 12 bytes, there are 8"},
      {npy(header("<i4", "(4611686018427387904, 4)"), kEight), "more bytes than can be addressed"},
      {npy(header("<i4", "(0, 9223372036854775807)"), kEight), "more bytes than can be addressed"},
      {npy(header("<i4", "(9223372036854775808,)"), kEight), "too large"},
      {npy(header("<i4", "(-1,)"), kEight), "negative"},
      {npy(header("<i4", "(1000000000000,)"), kEight), "cut off"},
      {npy(header("<i4", "(2)"), kEight), "no tuple"},
      {npy(header("<i4", "(2, 'x')"), kEight), "integer"},
      {npy(header("<i4", "(" + std::string(200, '1') + ",)"), kEight), "too large"},
      {npy(header(
               "<i4", "(" +
                          [] {
                            std::string s;
                            for (int i = 0; i < 65; ++i) s += "1,";
                            return s;
                          }() +
                          ")"),
           kEight),
       "64 dimensions"},
      {npy(header("<i4", "(2,)", "1"), kEight), "True or False"},
      {npy(header("|O", "(2,)"), kEight), "never executed"},
      {npy(header("<U3", "(2,)"), kEight), "strings"},
      {npy(header("<M8[ns]", "(1,)"), kEight), "astype('int64')"},
      {npy(header("<f16", "(1,)"), kEight), "long double"},
      {npy(header("|i4", "(2,)"), kEight), "no tensor dtype"},
      {npy(header("<i3", "(2,)"), kEight), "no tensor dtype"},
      {npy(header("<", "(2,)"), kEight), "descr"},
      {npy(header("", "(2,)"), kEight), "descr"},
      {npy("{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (2,)}", kEight), "structured"},
      {npy("{'descr': '<i4', 'fortran_order': False}", kEight), "are needed"},
      {npy("{'descr': '<i4', 'descr': '<i4', 'fortran_order': False, 'shape': (2,)}", kEight), "twice"},
      {npy("{'descr': '<i4', 'fortran_order': False, 'shape': (2,), 'x': 1}", kEight), "unknown key 'x'"},
      {npy("{'descr': '<i\\x34', 'fortran_order': False, 'shape': (2,)}", kEight), "escape"},
      {npy("{'descr': '<i4", kEight), "does not end"},
      {npy(header("<i4", "(2,)") + "print()", kEight), "after the dictionary"},
      {npy("__import__('os')", kEight), "'{' expected"},
  };
  memory::reset_peak();
  const std::int64_t before = memory::stats().peak;
  for (const auto& c : cases) {
    put("x", c.bytes);
    for (const bool mmap : {false, true}) {
      const std::string said = message_of<ValueError>([&] { load_npy(path("x"), mmap); });
      EXPECT_NE(said.find(c.says), std::string::npos) << said;
      EXPECT_NE(said.find(path("x")), std::string::npos) << said;
      EXPECT_EQ(said.find("load_npy: "), 0u) << said;
    }
  }
  EXPECT_LT(memory::stats().peak - before, 1 << 16);  // no claim was believed
}

TEST_F(Npy, FilesThatCannotBeUsed) {
  EXPECT_SAYS(FileError, load_npy(path("none")), "No such file");
  EXPECT_SAYS(FileError, load_npy(folder_.string()), "directory");
  EXPECT_SAYS(FileError, load_npy("/dev/zero"), "not a regular file");
  EXPECT_SAYS(ValueError, load_npy(path("x") + '\0' + "y"), "NUL");
  EXPECT_SAYS(FileError, save_npy(path("none/x"), arange(2)), "No such file");
  EXPECT_SAYS(FileError, save_npy(folder_.string(), arange(2)), "directory");
  EXPECT_EQ(count(), 0);
}

TEST_F(Npy, SavingKeepsModeAndLinks) {
  put("x", "old");
  std::filesystem::permissions(path("x"), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  std::filesystem::create_symlink(path("x"), path("link"));
  save_npy(path("link"), arange(3));
  EXPECT_TRUE(std::filesystem::is_symlink(path("link")));
  EXPECT_EQ(load_npy(path("x")).numel(), 3);
  EXPECT_EQ(std::filesystem::status(path("x")).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_EQ(count(), 2);
}

TEST_F(Npy, MisalignedDataIsReadButNotMapped) {
  put("x", npy("{'descr':'<i4','fortran_order':False,'shape':(2,)} ", kEight));
  ASSERT_NE((get("x").size() - 8) % 4, 0u);
  EXPECT_EQ(load_npy(path("x"))[0].item<int>(), 0x04030201);
  EXPECT_SAYS(ValueError, load_npy(path("x"), true), "not aligned for int32; load it without mmap");
}

TEST_F(Npy, Fuzz) {
  std::mt19937 random(1);
  save_npy(path("a"), T(sample(DType::float32, {3, 4})));
  const std::string seeds[] = {get("a"), npy(header(">c8", "(2, 1)"), kEight + kEight, 2),
                               npy(header("|b1", "(8,)"), kEight)};
  int loaded = 0;
  for (int i = 0; i < 4000; ++i) {
    put("x", mutate(seeds[i % 3], random));
    try {
      const Tensor t = load_npy(path("x"), i % 2 == 0);
      (void)t.to(DType::complex128);  // touches every element
      ++loaded;
    } catch (const ValueError& e) { ASSERT_NE(std::string(e.what()).find("load_npy: "), std::string::npos); }
  }
  EXPECT_GT(loaded, 100);
  EXPECT_LT(loaded, 3900);
}

}  // namespace
