// What the fuzzers share: a file of the input's bytes, a bound on what one input may allocate, and what is done with
// a tensor that came in.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "tenon/error.h"
#include "tenon/ops.h"
#include "tenon/tensor.h"

namespace tenon::fuzz {

// A finding that no sanitizer makes by itself.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: %s\n", what);
  std::abort();
}

// A file in memory, whose path the readers open. One per process: creating it would take most of the time.
class File {
 public:
  File() : fd_(memfd_create("fuzz", MFD_CLOEXEC)), path_("/proc/self/fd/" + std::to_string(fd_)) {
    require(fd_ >= 0, "no file in memory");
  }
  const std::string& with(std::span<const std::uint8_t> bytes) {
    require(ftruncate(fd_, 0) == 0, "truncate");
    require(pwrite(fd_, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()), "write");
    return path_;
  }

 private:
  int fd_;
  std::string path_;
};

// What is allocated at once must be backed by the input: `factor` bytes for each of its bytes, and a constant.
void limit_allocations(std::size_t input_bytes, std::size_t factor);

// Calls f, which may throw what is documented for foreign input. Anything else ends the process.
template <class F>
bool survives(F&& f) {
  try {
    f();
    return true;
  } catch (const Error& e) {
    if (std::getenv("FUZZ_SHOW")) std::fprintf(stderr, "fuzz: %s\n", e.what());
    return false;
  }
}

// A number that depends on all bytes: which way of several an input takes.
inline std::size_t choice(std::span<const std::uint8_t> bytes) {
  return std::hash<std::string_view>()({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

// Reads every element, by a copy through the kernels and one by one, where there are few enough to do so.
inline void read_all(const Tensor& t) {
  if (t.numel() > 1 << 16) return;
  const Tensor copy = t.contiguous().clone();
  volatile unsigned char sum = 0;
  for (std::int64_t i = 0; i < copy.nbytes(); ++i) sum = static_cast<unsigned char>(sum + copy.data()[i]);
}

// A reader of the input's bytes; zeros follow its end.
class Bytes {
 public:
  explicit Bytes(std::span<const std::uint8_t> bytes) : rest_(bytes) {}
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const std::uint8_t b = rest_[0];
    rest_ = rest_.subspan(1);
    return b;
  }
  // One of 0 … n - 1.
  unsigned below(unsigned n) { return byte() % n; }
  std::uint64_t word() {
    std::uint64_t v = 0;
    for (int i = 0; i < 8; ++i) v = v << 8 | byte();
    return v;
  }
  // Mostly small, sometimes at the limits, sometimes anything.
  std::int64_t size() {
    static constexpr std::int64_t kLimits[] = {
        -1, INT64_MAX, INT64_MIN, std::int64_t{1} << 32, std::int64_t{1} << 61, INT64_MAX / 8, INT32_MAX, 1 << 20};
    const std::uint8_t b = byte();
    if (b < 224) return b % 9;
    if (b < 248) return kLimits[b % 8];
    return static_cast<std::int64_t>(word());
  }
  std::span<const std::uint8_t> take(std::size_t n) {
    n = std::min(n, rest_.size());
    const auto part = rest_.first(n);
    rest_ = rest_.subspan(n);
    return part;
  }
  std::span<const std::uint8_t> rest() const { return rest_; }

 private:
  std::span<const std::uint8_t> rest_;
};

}  // namespace tenon::fuzz
