#include "files.h"
#include "tenon/io.h"

namespace {

using namespace tenon;
using namespace tenon::testing_files;

using SafetensorsFile = Files;

std::string file_of(const std::string& json, const std::string& data, std::int64_t claimed = -1) {
  std::string s;
  const auto n = claimed < 0 ? static_cast<std::int64_t>(json.size()) : claimed;
  for (int i = 0; i < 8; ++i) s += static_cast<char>(n >> (8 * i) & 255);
  return s + json + data;
}

NamedTensors all_dtypes() {
  NamedTensors items;
  for (int i = 0; i < kDTypes; ++i) {
    const auto d = static_cast<DType>(i);
    if (d != DType::complex128) items.emplace_back(std::string(name(d)), sample(d, {3, 2}));
  }
  items.emplace_back("scalar", sample(DType::float32, {}));
  items.emplace_back("empty", sample(DType::float32, {0, 3}));
  items.emplace_back("transposed", T(sample(DType::float16, {2, 5})));
  items.emplace_back("quote\" \\ \xe2\x82\xac", sample(DType::uint8, {1}));
  return items;
}

TEST_F(SafetensorsFile, RoundTrip) {
  const Metadata metadata = {{"format", "pt"}, {"note", "line\nbreak"}};
  save_safetensors(path("x"), all_dtypes(), metadata);
  for (const bool mmap : {true, false}) {
    const Safetensors got = load_safetensors(path("x"), mmap);
    EXPECT_EQ(got.metadata, metadata);
    ASSERT_EQ(got.tensors.size(), all_dtypes().size());
    for (const auto& [name, t] : got.tensors) {
      for (const auto& [own, expected] : all_dtypes()) {
        if (own == name) expect_same(t, expected);
      }
      EXPECT_EQ(t.read_only(), mmap);
      EXPECT_EQ(t.storage().kind() == Storage::Kind::mapped, mmap);
    }
  }
  EXPECT_EQ(count(), 1);
}

TEST_F(SafetensorsFile, LayoutOfTheFile) {
  save_safetensors(path("x"), {{"b", sample(DType::uint8, {3})}, {"a", sample(DType::float32, {2})}});
  const std::string s = get("x");
  const std::string json =
      R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}})";
  EXPECT_EQ(s.substr(8, json.size()), json);
  EXPECT_EQ((s.size() - 11) % 8, 0u);  // the data is aligned
}

TEST_F(SafetensorsFile, MisalignedTensorsAreRead) {
  put("x",
      file_of(
          R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"I16","shape":[1],"data_offsets":[1,3]}})",
          std::string("\7\1\2", 3)));
  const Safetensors got = load_safetensors(path("x"));
  EXPECT_EQ(got.tensors[1].second[0].item<int>(), 0x0201);
  EXPECT_EQ(got.tensors[1].second.storage().kind(), Storage::Kind::owned);
}

TEST_F(SafetensorsFile, WhatCannotBeSaved) {
  const Tensor t = arange(2);
  EXPECT_SAYS(DtypeError, save_safetensors(path("x"), {{"z", sample(DType::complex128, {2})}}), "no complex128");
  EXPECT_SAYS(ValueError, save_safetensors(path("x"), {{"a", t}, {"a", t}}), "two tensors");
  EXPECT_SAYS(ValueError, save_safetensors(path("x"), {{"__metadata__", t}}), "metadata");
  EXPECT_SAYS(ValueError, save_safetensors(path("x"), {{"\xff", t}}), "UTF-8");
  EXPECT_SAYS(ValueError, save_safetensors(path("x"), {{"a", t}}, {{"k", "\xff"}}), "UTF-8");
  EXPECT_EQ(count(), 0);
}

TEST_F(SafetensorsFile, Hostile) {
  const std::string eight(8, '\1');
  const struct {
    std::string bytes, says;
  } cases[] = {
      {"", "too short"},
      {std::string(8, '\0'), "must begin with '{'"},
      {file_of("{}", "", 3), "the file has 10"},
      {file_of("{}", "", 100'000'001), "more than 100000000"},
      {std::string(8, '\xff') + "{}", "more than 100000000"},
      {file_of(" {}", ""), "must begin"},
      {file_of("{", ""), "no valid JSON"},
      {file_of("{}x", ""), "no valid JSON"},
      {file_of("{}", "x"), "the tensors have 0 bytes, the file has 1"},
      {file_of("{\"a\xff\":1}", ""), "no valid JSON"},
      {file_of(R"({"a":1})", ""), "no safetensors header"},
      {file_of(R"({"a":[1]})", ""), "no safetensors header"},
      {file_of(R"({"a":null})", ""), "no safetensors header"},
      {file_of(R"({"a":{"dtype":"F32","shape":[2]}})", eight), "lacks"},
      {file_of(R"({"a":{"shape":[2],"data_offsets":[0,8]}})", eight), "lacks"},
      {file_of(R"({"a":{"dtype":"F32","data_offsets":[0,8]}})", eight), "lacks"},
      {file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}})", eight), "no safetensors header"},
      {file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,9]}})", eight), "no safetensors header"},
      {file_of(R"({"a":{"dtype":"F32","shape":[[2]],"data_offsets":[0,8]}})", eight), "no safetensors header"},
      {file_of(R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", eight), "no safetensors header"},
      {file_of(R"({"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}})", eight), "no safetensors header"},
      {file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}})", eight), "no safetensors header"},
      {file_of(R"({"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}})", eight),
       "no safetensors header"},
      {file_of(
           R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[0],"data_offsets":[8,8]}})",
           eight),
       "'a' appears twice"},
      {file_of(R"({"a":{"dtype":"F8_E8M0","shape":[8],"data_offsets":[0,8]}})", eight), "'F8_E8M0'"},
      {file_of(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", eight), "needs 12 bytes"},
      {file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", eight), "begins at 8"},
      {file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,18446744073709551615]}})", eight), "too large"},
      {file_of(R"({"a":{"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,8]}})", eight),
       "no safetensors header"},
      {file_of(R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}})", eight),
       "more bytes than"},
      {file_of(R"({"a":{"dtype":"F32","shape":[0,9223372036854775807],"data_offsets":[0,0]}})", ""), "more bytes than"},
      {file_of(
           R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[3,7]}})",
           eight),
       "begins at 3"},
      {file_of(
           R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})",
           eight),
       "neither overlap nor leave gaps"},
      {file_of(R"({"a":{"dtype":"U8","shape":[16],"data_offsets":[0,16]}})", eight),
       "the tensors have 16 bytes, the file has 8"},
      {file_of(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", eight),
       "the tensors have 4 bytes, the file has 8"},
      {file_of(R"({"a":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}})", "\1\2"), "neither 0 nor 1"},
      {file_of(R"({"__metadata__":{"a":1}})", ""), "text to text"},
      {file_of(R"({"__metadata__":{"a":"x","a":"y"}})", ""), "'a' appears twice"},
      {file_of(R"({"__metadata__":"x"})", ""), "no safetensors header"},
      {file_of(R"({"a":{"dtype":"U8","shape":[)" + std::string(200'000, '['), ""), "no safetensors header"},
      {file_of(
           R"({"a":{"dtype":"U8","shape":[)" +
               [] {
                 std::string s = "1";
                 for (int i = 0; i < 64; ++i) s += ",1";
                 return s;
               }() +
               R"(],"data_offsets":[0,1]}})",
           "x"),
       "64 dimensions"},
  };
  for (const auto& c : cases) {
    put("x", c.bytes);
    for (const bool mmap : {false, true}) {
      const std::string said = message_of<ValueError>([&] { load_safetensors(path("x"), mmap); });
      EXPECT_NE(said.find(c.says), std::string::npos) << said << "\nwanted: " << c.says;
      EXPECT_NE(said.find(path("x")), std::string::npos) << said;
    }
  }
  EXPECT_SAYS(FileError, load_safetensors(path("none")), "No such file");
}

TEST_F(SafetensorsFile, Fuzz) {
  std::mt19937 random(3);
  save_safetensors(path("a"), all_dtypes(), {{"k", "v"}});
  save_safetensors(path("b"), {{"w", sample(DType::bfloat16, {4})}, {"mask", sample(DType::bool_, {3})}});
  const std::string seeds[] = {
      get("a"), get("b"), file_of(R"({"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", std::string(8, '\2'))};
  int loaded = 0;
  for (int i = 0; i < 5000; ++i) {
    put("x", mutate(seeds[i % 3], random));
    try {
      for (const auto& [name, t] : load_safetensors(path("x"), i % 2 == 0).tensors) (void)t.to(DType::complex128);
      ++loaded;
    } catch (const ValueError& e) { ASSERT_NE(std::string(e.what()).find("load_safetensors: "), std::string::npos); }
  }
  EXPECT_GT(loaded, 50);
  EXPECT_LT(loaded, 4500);
}

}  // namespace
