#include "files.h"
#include "tenon/io.h"

namespace {

using namespace tenon;
using namespace tenon::testing_files;

using Npz = Files;

NamedTensors some() {
  return {{"weights", sample(DType::float32, {20, 30})},
          {"b", T(sample(DType::int16, {3, 4}))},
          {"a/b", sample(DType::bool_, {9})},
          {"\xc3\xa9t\xc3\xa9", sample(DType::complex128, {2})},
          {"scalar", sample(DType::float64, {})},
          {"none", sample(DType::uint8, {0, 5})}};
}
void expect_all_same(const NamedTensors& a, const NamedTensors& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].first, b[i].first);
    expect_same(a[i].second, b[i].second);
  }
}

void little(std::string& s, std::size_t at, std::uint64_t v, int width) {
  for (int i = 0; i < width; ++i) s[at + static_cast<std::size_t>(i)] = static_cast<char>(v >> (8 * i));
}

TEST_F(Npz, StoredAndCompressed) {
  for (const bool compressed : {false, true}) {
    save_npz(path("x"), some(), compressed);
    expect_all_same(load_npz(path("x")), some());
    NpyOptions mapped;
    mapped.mmap = true;
    expect_all_same(load_npz(path("x"), mapped), some());
    EXPECT_EQ(npz_names(path("x"))[2], "a/b");
  }
  EXPECT_EQ(count(), 1);
}

TEST_F(Npz, StoredMembersAreMappedAndOthersRead) {
  NpyOptions mapped;
  mapped.mmap = true;
  save_npz(path("x"), some(), false);
  const NamedTensors stored = load_npz(path("x"), mapped);
  for (const auto& [name, t] : stored) {
    EXPECT_EQ(t.storage().kind(), Storage::Kind::mapped) << name;
    EXPECT_TRUE(t.read_only());
    if (t.numel() > 0) { EXPECT_EQ(reinterpret_cast<std::uintptr_t>(t.data()) % 64, 0u); }
  }
  EXPECT_TRUE(stored[0].second.shares_storage(stored[1].second));
  save_npz(path("x"), some(), true);
  for (const auto& [name, t] : load_npz(path("x"), mapped)) {
    EXPECT_EQ(t.storage().kind(), Storage::Kind::owned) << name;
    EXPECT_FALSE(t.read_only());
  }
}

TEST_F(Npz, SomeMembers) {
  save_npz(path("x"), some(), true);
  const std::string names[] = {"scalar", "weights"};
  const NamedTensors got = load_npz(path("x"), names);
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0].first, "scalar");
  expect_same(got[1].second, some()[0].second);
  const std::string missing[] = {"bias"};
  EXPECT_SAYS(ValueError, load_npz(path("x"), missing), "no member is named 'bias'");
}

TEST_F(Npz, EmptyArchive) {
  save_npz(path("x"), {});
  EXPECT_EQ(get("x").size(), 22u);
  EXPECT_TRUE(load_npz(path("x")).empty());
}

TEST_F(Npz, ManyMembersNeedZip64) {
  NamedTensors many;
  const Tensor t = sample(DType::uint8, {1});
  for (int i = 0; i < 66000; ++i) many.emplace_back(std::to_string(i), t);
  save_npz(path("x"), many);
  EXPECT_EQ(npz_names(path("x")).size(), 66000u);
  const std::string last[] = {"65999"};
  expect_same(load_npz(path("x"), last)[0].second, t);
}

TEST_F(Npz, LargeDataInSeveralBlocks) {
  const Tensor t = arange(300'000).to(DType::float64);  // 2.4 MB
  save_npz(path("x"), {{"t", t}}, true);
  EXPECT_LT(get("x").size(), 1'200'000u);
  expect_same(load_npz(path("x"))[0].second, t);
}

TEST_F(Npz, NamesThatCannotBeSaved) {
  const Tensor t = arange(2);
  EXPECT_SAYS(ValueError, save_npz(path("x"), {{"a", t}, {"a", t}}), "two tensors are named 'a'");
  EXPECT_SAYS(ValueError, save_npz(path("x"), {{std::string("a\0b", 3), t}}), "NUL");
  EXPECT_SAYS(ValueError, save_npz(path("x"), {{"\xff", t}}), "UTF-8");
  EXPECT_EQ(count(), 0);
}

TEST_F(Npz, AFailedSaveLeavesTheOldFile) {
  save_npz(path("x"), some());
  const std::string before = get("x");
  EXPECT_SAYS(ValueError, save_npz(path("x"), {{"a", arange(2)}, {"a", arange(2)}}), "named");
  EXPECT_EQ(get("x"), before);
  EXPECT_EQ(count(), 1);
}

// Archives of one stored, or one deflated, member "a.npy"; where its records are.
class HostileNpz : public Files {
 protected:
  void SetUp() override {
    Files::SetUp();
    save_npz(path("s"), {{"a", sample(DType::int32, {8})}}, false);
    save_npz(path("d"), {{"a", sample(DType::int32, {512})}}, true);
    stored = get("s");
    deflated = get("d");
  }
  std::string said(const std::string& bytes) {
    put("x", bytes);
    const std::string m = message_of<ValueError>([&] { load_npz(path("x")); });
    EXPECT_NE(m.find(path("x")), std::string::npos) << m;
    return m;
  }
  static std::size_t central(const std::string& s) { return s.find("PK\1\2"); }
  static std::size_t end(const std::string& s) { return s.rfind("PK\5\6"); }
  std::string stored, deflated;
};

TEST_F(HostileNpz, Directory) {
  EXPECT_NE(said("").find("too short"), std::string::npos);
  EXPECT_NE(said(std::string(100, 'x')).find("no directory"), std::string::npos);
  EXPECT_NE(said(stored.substr(0, stored.size() - 1)).find("no directory"), std::string::npos);
  EXPECT_NE(said("x" + stored).find("not where"), std::string::npos);
  auto changed = [&](std::size_t at, std::uint64_t v, int width) {
    std::string s = stored;
    little(s, at, v, width);
    return said(s);
  };
  const std::size_t e = end(stored), c = central(stored);
  EXPECT_NE(changed(e + 10, 60000, 2).find("more members"), std::string::npos);
  EXPECT_NE(changed(e + 10, 0, 2).find("belong to no member"), std::string::npos);
  EXPECT_NE(changed(e + 12, 1 << 30, 4).find("not where"), std::string::npos);
  EXPECT_NE(changed(e + 16, 5, 4).find("not where"), std::string::npos);
  EXPECT_NE(changed(e + 4, 1, 2).find("several parts"), std::string::npos);
  EXPECT_NE(changed(c + 8, 1, 2).find("encrypted"), std::string::npos);
  EXPECT_NE(changed(c + 10, 12, 2).find("method 12"), std::string::npos);
  EXPECT_NE(changed(c + 28, 6000, 2).find("damaged"), std::string::npos);
  EXPECT_NE(changed(c + 42, 7, 4).find("does not begin"), std::string::npos);
  EXPECT_NE(changed(c + 42, 1 << 30, 4).find("outside"), std::string::npos);
  EXPECT_NE(changed(c + 42, 0xffffffff, 4).find("outside"), std::string::npos);  // zip64 without its field
  EXPECT_NE(changed(c + 20, 1 << 30, 4).find("outside"), std::string::npos);
  EXPECT_NE(changed(c + 24, 1 << 30, 4).find("more than its"), std::string::npos);
  EXPECT_NE(changed(c + 46, 0xff, 1).find("UTF-8"), std::string::npos);
  EXPECT_NE(changed(c + 16, 1, 4).find("checksum"), std::string::npos);
}

TEST_F(HostileNpz, Members) {
  const std::size_t c = central(deflated);
  const std::string full = deflated;
  auto with_size = [&](std::uint64_t v) {
    std::string s = full;
    little(s, c + 24, v, 4);
    return said(s);
  };
  EXPECT_NE(with_size(2176 + 4).find("needs 2048 bytes, the member has 2052"), std::string::npos);
  EXPECT_NE(with_size(2176 - 4).find("the member has 2044"), std::string::npos);
  EXPECT_NE(with_size(0xfffffff0).find("more than its"), std::string::npos);  // a bomb's claim
  EXPECT_NE(with_size(4).find("too short"), std::string::npos);
  // The data itself: cut, damaged, with something behind it.
  std::string s = full;
  s[35] = '\xff';  // after the local header and the name: a block of a type that does not exist
  EXPECT_NE(said(s).find("damaged"), std::string::npos);
  s = full;
  std::uint32_t packed = 0;
  std::memcpy(&packed, &s[c + 20], 4);
  little(s, c + 20, packed - 4, 4);
  EXPECT_NE(said(s).find("member 'a.npy'"), std::string::npos);
  // A header that promises other than the member has.
  s = stored;
  s[s.find("(8,)") + 1] = '9';
  EXPECT_NE(said(s).find("needs 36 bytes"), std::string::npos);
  s = stored;
  s[central(s) - 1] ^= 1;  // the last byte of the data
  EXPECT_NE(said(s).find("checksum"), std::string::npos);
}

TEST_F(HostileNpz, MembersThatShareBytesOrNames) {
  // Two directory entries for one member: its bytes would be used twice.
  const std::size_t c = central(stored), e = end(stored);
  std::string s = stored.substr(0, e) + stored.substr(c, e - c) + stored.substr(e);
  const std::size_t e2 = end(s);
  s[c + (e - c) + 46] = 'b';
  little(s, e2 + 8, 2, 2);
  little(s, e2 + 10, 2, 2);
  little(s, e2 + 12, 2 * (e - c), 4);
  EXPECT_NE(said(s).find("overlap"), std::string::npos);
  save_npz(path("two"), {{"a", arange(2)}, {"b", arange(2)}});
  s = get("two");
  for (std::size_t at = s.find("b.npy"); at != std::string::npos; at = s.find("b.npy")) s[at] = 'a';
  EXPECT_NE(said(s).find("two members are named 'a'"), std::string::npos);
  s = stored;
  for (std::size_t at = s.find("NUMPY"); at != std::string::npos; at = s.find("NUMPY")) s[at] = 'x';
  EXPECT_NE(said(s).find("begin with"), std::string::npos);
}

TEST_F(HostileNpz, Fuzz) {
  std::mt19937 random(2);
  save_npz(path("m"), some(), true);
  const std::string seeds[] = {stored, deflated, get("m")};
  int loaded = 0;
  for (int i = 0; i < 5000; ++i) {
    std::string s = mutate(seeds[i % 3], random);
    put("x", s);
    NpyOptions options;
    options.mmap = i % 2 == 0;
    try {
      for (const auto& [name, t] : load_npz(path("x"), options)) (void)t.to(DType::complex128);
      ++loaded;
    } catch (const ValueError& e) { ASSERT_NE(std::string(e.what()).find("load_npz: "), std::string::npos); }
  }
  EXPECT_GT(loaded, 50);
  EXPECT_LT(loaded, 4000);
}

}  // namespace
