// A short vector of int64: a shape, strides or a list of axes. Up to six entries need no allocation.
// Positions are not checked. Throws std::bad_alloc alone; what was moved from is empty.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <new>
#include <optional>
#include <span>
#include <string>

#include "tenon/macros.h"

namespace tenon {

inline constexpr int kMaxDims = 64;  // NumPy 2's limit

class Dims {
 public:
  Dims() = default;
  explicit Dims(std::int64_t n, std::int64_t value = 0) {
    resize(n);
    std::fill(begin(), end(), value);
  }
  Dims(std::initializer_list<std::int64_t> v) : Dims(std::span(v.begin(), v.size())) {}
  Dims(std::span<const std::int64_t> v) {
    resize(static_cast<std::int64_t>(v.size()));
    std::copy(v.begin(), v.end(), data_);
  }
  Dims(const Dims& o) : Dims(std::span<const std::int64_t>(o)) {}
  Dims(Dims&& o) noexcept { take(o); }
  Dims& operator=(const Dims& o) {
    if (this != &o) {
      resize(o.size_);
      std::copy(o.begin(), o.end(), data_);
    }
    return *this;
  }
  Dims& operator=(Dims&& o) noexcept {
    if (this != &o) {
      release();
      take(o);
    }
    return *this;
  }
  ~Dims() { release(); }

  std::int64_t* data() { return data_; }
  const std::int64_t* data() const { return data_; }
  int size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::int64_t* begin() { return data_; }
  std::int64_t* end() { return data_ + size_; }
  const std::int64_t* begin() const { return data_; }
  const std::int64_t* end() const { return data_ + size_; }
  std::int64_t& operator[](int i) { return data_[i]; }
  std::int64_t operator[](int i) const { return data_[i]; }
  std::int64_t back() const { return data_[size_ - 1]; }
  operator std::span<const std::int64_t>() const { return {data_, static_cast<std::size_t>(size_)}; }

  void push_back(std::int64_t v) {
    resize(size_ + 1);
    data_[size_ - 1] = v;
  }
  void insert(int at, std::int64_t v) {
    push_back(v);
    std::rotate(data_ + at, data_ + size_ - 1, data_ + size_);
  }
  void erase(int at) {
    std::copy(data_ + at + 1, data_ + size_, data_ + at);
    --size_;
  }
  // Entries that are added are unset.
  void resize(std::int64_t n) {
    if (n > capacity_) grow(std::max<std::int64_t>(n, 2 * capacity_));
    size_ = static_cast<int>(n);
  }
  bool contains(std::int64_t v) const { return std::find(begin(), end(), v) != end(); }
  // The largest integer where it overflows: more than anything has.
  std::int64_t product() const {
    std::int64_t p = 1;
    for (auto v : *this)
      if (__builtin_mul_overflow(p, v, &p)) p = std::numeric_limits<std::int64_t>::max();
    return p;
  }
  TENON_API std::string str() const;  // "(3, 4)", "(5,)", "()"

  // (A loop: std::equal calls memcmp, which takes longer than these few entries.)
  friend bool operator==(const Dims& a, const Dims& b) {
    if (a.size_ != b.size_) return false;
    for (int i = 0; i < a.size_; ++i)
      if (a.data_[i] != b.data_[i]) return false;
    return true;
  }

 private:
  static constexpr int kInline = 6;
  void grow(std::int64_t n) {
    if (n > std::numeric_limits<int>::max()) throw std::bad_alloc();
    auto* p = new std::int64_t[n];
    std::copy(begin(), end(), p);
    release();
    data_ = p;
    capacity_ = static_cast<int>(n);
  }
  void release() {
    if (data_ != inline_) delete[] data_;
    data_ = inline_;
    capacity_ = kInline;
  }
  void take(Dims& o) {
    size_ = o.size_;
    if (o.data_ == o.inline_) {
      std::memcpy(inline_, o.inline_, sizeof inline_);
    } else {
      data_ = o.data_;
      capacity_ = o.capacity_;
      o.data_ = o.inline_;
      o.capacity_ = kInline;
    }
    o.size_ = 0;
  }

  std::int64_t* data_ = inline_;
  int size_ = 0;
  int capacity_ = kInline;
  std::int64_t inline_[kInline];
};

using Axes = std::optional<Dims>;  // none: all of them; an empty list: not one

}  // namespace tenon
