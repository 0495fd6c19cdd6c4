// What the tests of file formats share: a folder that goes away, bytes in and out, mutations.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "tenon/error.h"
#include "tenon/ops.h"

namespace tenon::testing_files {

class Files : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "tenon-test-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string put(const std::string& name, const std::string& bytes) const {
    std::filesystem::remove(path(name));  // truncating instead makes some file systems flush at every close
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }
  std::string get(const std::string& name) const {
    std::ifstream in(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // How many files there are: none may be left over.
  std::ptrdiff_t count() const { return std::distance(std::filesystem::directory_iterator(folder_), {}); }

  std::filesystem::path folder_;
};

// The message of the error that f throws; a failure if it throws none, or another type.
template <class E, class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const E& e) { return e.what(); }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

#define EXPECT_SAYS(Type, statement, part)                                 \
  do {                                                                     \
    const std::string said = message_of<Type>([&] { (void)(statement); }); \
    EXPECT_NE(said.find(part), std::string::npos) << said;                 \
  } while (false)

// Same shape, dtype and bytes, in row-major order.
inline void expect_same(const Tensor& a, const Tensor& b) {
  ASSERT_EQ(a.dtype(), b.dtype());
  ASSERT_EQ(a.shape(), b.shape());
  const Tensor x = a.contiguous(), y = b.contiguous();
  EXPECT_EQ(std::string(x.data(), static_cast<std::size_t>(x.nbytes())),
            std::string(y.data(), static_cast<std::size_t>(y.nbytes())));
}

// Values that differ, of any dtype.
inline Tensor sample(DType d, const Dims& shape) {
  Tensor t = empty({shape.product()}, d);
  for (std::int64_t i = 0; i < t.numel(); ++i)
    Scalar(is_bool(d) ? i % 3 == 0 : i % 7).store(d, t.data() + i * t.itemsize());
  return t.reshape(shape);
}

// One to four changes: bytes replaced, cut, doubled, or set to what boundaries are made of.
inline std::string mutate(std::string s, std::mt19937& random) {
  auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % std::max<std::size_t>(n, 1)); };
  for (std::size_t changes = 1 + below(4); changes > 0 && !s.empty(); --changes) {
    const std::size_t at = below(s.size());
    switch (below(6)) {
      case 0: s[at] = static_cast<char>(random()); break;
      case 1: s[at] = static_cast<char>(s[at] ^ 1 << below(8)); break;
      case 2: s.resize(at); break;
      case 3: s.erase(at, 1 + below(8)); break;
      case 4: s.insert(at, s.substr(below(s.size()), below(32))); break;
      default:
        for (std::size_t i = at; i < std::min(at + 1 + below(8), s.size()); ++i) s[i] = "\xff\x00\x7f\x80"[below(4)];
    }
  }
  return s;
}

}  // namespace tenon::testing_files
