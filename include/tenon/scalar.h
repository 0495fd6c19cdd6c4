// A number without a shape: a Python or C++ scalar. Its kind is known, its precision is not ("weak").
#pragma once

#include <concepts>
#include <cstdint>
#include <string>

#include "tenon/dtype.h"

namespace tenon {

class Scalar {
 public:
  enum class Tag : std::uint8_t { boolean, integer, unsigned_integer, huge_integer, floating, complex };

  Scalar() : Scalar(0) {}
  Scalar(bool v) : tag_(Tag::boolean) { u_.i = v; }
  template <std::signed_integral T>
  Scalar(T v) : tag_(Tag::integer) {
    u_.i = v;
  }
  // Values above int64's range are kept; the others are ordinary integers.
  template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>)
  Scalar(T v) : tag_(static_cast<std::uint64_t>(v) >> 63 ? Tag::unsigned_integer : Tag::integer) {
    u_.i = static_cast<std::int64_t>(v);
  }
  template <std::floating_point T>
  Scalar(T v) : tag_(Tag::floating) {
    u_.c = {static_cast<double>(v), 0};
  }
  Scalar(complex128 v) : tag_(Tag::complex) { u_.c = v; }

  // An integer beyond 64 bits: no integer dtype holds it, as a float it is the nearest one.
  static Scalar huge_integer(double nearest) {
    Scalar s(nearest);
    s.tag_ = Tag::huge_integer;
    return s;
  }

  // A NumPy scalar: weak against tensors of its own kind, of its own dtype against lower ones.
  Scalar with_dtype(DType d) const {
    Scalar s = *this;
    s.dtype_ = static_cast<std::uint8_t>(d);
    return s;
  }

  // The number alone, weak against every dtype.
  Scalar without_dtype() const {
    Scalar s = *this;
    s.dtype_ = kWeak;
    return s;
  }

  Tag tag() const { return tag_; }
  bool is_bool() const { return tag_ == Tag::boolean; }
  bool is_integral() const { return tag_ >= Tag::integer && tag_ <= Tag::huge_integer; }
  bool is_floating() const { return tag_ == Tag::floating; }
  bool is_complex() const { return tag_ == Tag::complex; }

  // Converted without an error: integers wrap around, fractions and imaginary parts are dropped.
  template <class T>
  T to() const {
    switch (tag_) {
      case Tag::huge_integer:
      case Tag::floating: return from_double<T>(u_.c.re);
      case Tag::complex:
        if constexpr (requires(T t) { t.im; }) {
          using R = decltype(T{}.re);
          return T{static_cast<R>(u_.c.re), static_cast<R>(u_.c.im)};
        } else {
          return from_double<T>(u_.c.re);
        }
      case Tag::unsigned_integer: return from_integer<T>(static_cast<std::uint64_t>(u_.i));
      default: return from_integer<T>(u_.i);
    }
  }
  // The dtype that a tensor made from it gets.
  TENON_API DType default_dtype() const;
  // The dtype of an operation between a tensor of dtype d and this scalar (NEP 50's weak promotion).
  TENON_API DType promote_with(DType d) const;
  bool is_negative() const { return tag_ == Tag::integer ? u_.i < 0 : tag_ >= Tag::huge_integer && u_.c.re < 0; }
  // Whether an integer dtype d holds it (of a float: its integer part); in a float a huge integer must be finite. Always
  // true for others, of which errors::require_number() says more.
  TENON_API bool fits(DType d) const;
  // Whether dtype d is of its kind or a higher one: fractions into integers and complex numbers into reals are not.
  bool keeps_kind(DType d) const {
    return is_complex() ? tenon::is_complex(d) : !is_floating() || tenon::is_floating(d) || tenon::is_complex(d);
  }
  // Writes the value as dtype d to p, converted as by to().
  TENON_API void store(DType d, void* p) const;
  // The value of dtype d at p.
  TENON_API static Scalar load(DType d, const void* p);
  // "True", "3", "2.5", "(1-2j)"; floats with up to 17 digits.
  TENON_API std::string str() const;

 private:
  template <class T>
  static T from_double(double v) {
    if constexpr (std::same_as<T, bool>) return v != 0;
    else if constexpr (requires(T t) { t.im; }) return T{static_cast<decltype(T{}.re)>(v), 0};
    else if constexpr (std::integral<T>) {
      // Out-of-range conversions are undefined in C++; go through int64 as NumPy's casts do on x86.
      if constexpr (std::unsigned_integral<T>) {
        if (v >= 9223372036854775808.0) return static_cast<T>(static_cast<std::uint64_t>(v));
      }
      return v >= -9223372036854775808.0 && v < 9223372036854775808.0 ? static_cast<T>(static_cast<std::int64_t>(v))
                                                                      : static_cast<T>(INT64_MIN);
    } else return static_cast<T>(v);
  }
  template <class T, class I>
  static T from_integer(I v) {
    if constexpr (std::same_as<T, bool>) return v != 0;
    else if constexpr (requires(T t) { t.im; }) return T{static_cast<decltype(T{}.re)>(v), 0};
    else if constexpr (std::is_arithmetic_v<T>) return static_cast<T>(v);
    else return static_cast<T>(static_cast<double>(v));
  }

  union {
    std::int64_t i;
    complex128 c;
  } u_{};
  static constexpr std::uint8_t kWeak = 255;
  Tag tag_;
  std::uint8_t dtype_ = kWeak;
};

}  // namespace tenon
