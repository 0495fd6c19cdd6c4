#include "tenon/dtype.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>

#include "core/errors.h"
#include "tenon/device.h"
#include "tenon/scalar.h"

namespace tenon {
namespace {

// The promotion table. Within a kind: NumPy 2 and the Array API; an integer with a float keeps the float,
// as in PyTorch and JAX. Symmetric; -- marks float8, which takes part in no arithmetic.
enum P : std::uint8_t { b1, i1, i2, i4, i8, u1, u2, u4, u8, f2, bf, f4, f8, c8, c16, xx };
constexpr P kTable[15][15] = {
    //          bool int8 int16 int32 int64 uint8 u16 u32 u64  f16  bf16 f32  f64  c64  c128
    /* bool  */ {b1, i1, i2, i4, i8, u1, u2, u4, u8, f2, bf, f4, f8, c8, c16},
    /* int8  */ {i1, i1, i2, i4, i8, i2, i4, i8, f8, f2, bf, f4, f8, c8, c16},
    /* int16 */ {i2, i2, i2, i4, i8, i2, i4, i8, f8, f2, bf, f4, f8, c8, c16},
    /* int32 */ {i4, i4, i4, i4, i8, i4, i4, i8, f8, f2, bf, f4, f8, c8, c16},
    /* int64 */ {i8, i8, i8, i8, i8, i8, i8, i8, f8, f2, bf, f4, f8, c8, c16},
    /* uint8 */ {u1, i2, i2, i4, i8, u1, u2, u4, u8, f2, bf, f4, f8, c8, c16},
    /* u16   */ {u2, i4, i4, i4, i8, u2, u2, u4, u8, f2, bf, f4, f8, c8, c16},
    /* u32   */ {u4, i8, i8, i8, i8, u4, u4, u4, u8, f2, bf, f4, f8, c8, c16},
    /* u64   */ {u8, f8, f8, f8, f8, u8, u8, u8, u8, f2, bf, f4, f8, c8, c16},
    /* f16   */ {f2, f2, f2, f2, f2, f2, f2, f2, f2, f2, f4, f4, f8, c8, c16},
    /* bf16  */ {bf, bf, bf, bf, bf, bf, bf, bf, bf, f4, bf, f4, f8, c8, c16},
    /* f32   */ {f4, f4, f4, f4, f4, f4, f4, f4, f4, f4, f4, f4, f8, c8, c16},
    /* f64   */ {f8, f8, f8, f8, f8, f8, f8, f8, f8, f8, f8, f8, f8, c16, c16},
    /* c64   */ {c8, c8, c8, c8, c8, c8, c8, c8, c8, c8, c8, c8, c16, c8, c16},
    /* c128  */ {c16, c16, c16, c16, c16, c16, c16, c16, c16, c16, c16, c16, c16, c16, c16},
};

// The order of the kinds: a value of a lower one can be stored as a higher one.
int rank(DType d) {
  switch (kind(d)) {
    case Kind::boolean: return 0;
    case Kind::unsigned_integer:
    case Kind::signed_integer: return 1;
    case Kind::floating:
    case Kind::float8: return 2;
    case Kind::complex: return 3;
  }
  return 0;
}

std::atomic<DType> g_default_float{DType::float32};

}  // namespace

DType promote(DType a, DType b) {
  if (a == b) return a;
  if (is_float8(a) || is_float8(b)) errors::no_promotion(a, b);
  return static_cast<DType>(kTable[static_cast<int>(a)][static_cast<int>(b)]);
}

DType real_dtype(DType d) {
  if (d == DType::complex64) return DType::float32;
  if (d == DType::complex128) return DType::float64;
  return d;
}

DType complex_dtype(DType d) {
  if (is_complex(d)) return d;
  if (is_floating(d)) return d == DType::float64 ? DType::complex128 : DType::complex64;
  return complex_dtype(default_float());
}

bool can_cast_same_kind(DType from, DType to) { return rank(from) <= rank(to); }

DType default_float() { return g_default_float.load(std::memory_order_relaxed); }
void set_default_float(DType d) {
  if (!is_floating(d) || is_float8(d))
    errors::fail<DtypeError>("set_default_dtype", "expected a floating dtype; got ", d);
  g_default_float = d;
}

DType Scalar::default_dtype() const {
  if (dtype_ != kWeak) return static_cast<DType>(dtype_);
  switch (tag_) {
    case Tag::boolean: return DType::bool_;
    case Tag::integer:
    case Tag::huge_integer: return DType::int64;
    case Tag::unsigned_integer: return DType::uint64;
    case Tag::floating: return default_float();
    case Tag::complex: return default_complex();
  }
  return DType::float64;
}

DType Scalar::promote_with(DType d) const {
  if (dtype_ != kWeak && rank(static_cast<DType>(dtype_)) > rank(d)) return promote(d, static_cast<DType>(dtype_));
  switch (tag_) {
    case Tag::boolean: return d;
    case Tag::integer:
    case Tag::unsigned_integer:
    case Tag::huge_integer: return tenon::is_bool(d) ? default_dtype() : d;
    case Tag::floating: return is_differentiable(d) ? d : default_float();
    case Tag::complex: return tenon::is_complex(d) ? d : complex_dtype(d);
  }
  return d;
}

bool Scalar::fits(DType d) const {
  if (tenon::is_bool(d)) return true;
  if (tag_ == Tag::huge_integer && !tenon::is_integral(d)) return std::isfinite(u_.c.re);
  if (!tenon::is_integral(d)) return true;
  if (tag_ == Tag::floating) {
    const double whole = std::trunc(u_.c.re);
    return dispatch(d, [&]<class T>() {
      if constexpr (std::integral<T> && !std::same_as<T, bool>) {
        using Limits = std::numeric_limits<T>;
        // 2**digits is exact, the largest int64 is not. NaN is not in between.
        return whole >= static_cast<double>(Limits::min()) && whole < std::ldexp(1., Limits::digits);
      }
      return true;
    });
  }
  if (!is_integral()) return true;
  if (tag_ == Tag::huge_integer) return false;
  return dispatch(d, [&]<class T>() {
    if constexpr (std::integral<T> && !std::same_as<T, bool>) {
      if (tag_ == Tag::unsigned_integer)
        return static_cast<std::uint64_t>(u_.i) <= static_cast<std::uint64_t>(std::numeric_limits<T>::max());
      return std::in_range<T>(u_.i);
    }
    return true;
  });
}

void Scalar::store(DType d, void* p) const {
  dispatch(d, [&]<class T>() { *static_cast<T*>(p) = to<T>(); });
}

Scalar Scalar::load(DType d, const void* p) {
  return dispatch(d, [&]<class T>() -> Scalar {
    if constexpr (std::same_as<T, bool>) return Scalar(*static_cast<const std::uint8_t*>(p) != 0);  // any byte
    const T v = *static_cast<const T*>(p);
    if constexpr (std::is_arithmetic_v<T>) return Scalar(v);
    else if constexpr (requires { v.im; }) return Scalar(complex128{v.re, v.im});
    else return Scalar(static_cast<double>(static_cast<float>(v)));
  });
}

std::string Scalar::str() const {
  switch (tag_) {
    case Tag::boolean: return u_.i ? "True" : "False";
    case Tag::integer: return std::to_string(u_.i);
    case Tag::unsigned_integer: return std::to_string(static_cast<std::uint64_t>(u_.i));
    case Tag::huge_integer: {
      char text[40];
      std::snprintf(text, sizeof text, "of about %.3g", u_.c.re);
      return text;
    }
    case Tag::floating: return errors::to_text(u_.c.re);
    case Tag::complex: return errors::text("(", u_.c.re, u_.c.im < 0 ? "" : "+", u_.c.im, "j)");
  }
  return {};
}

std::string Device::str() const {
  return type == DeviceType::cpu ? "cpu" : (is_unified() ? "unified:" : "cuda:") + std::to_string(index);
}

Device parse_device(const std::string& text) {
  if (text == "cpu") return kCpu;
  const std::size_t end = std::min(text.find(':'), text.size());
  const std::string_view type = std::string_view(text).substr(0, end), digits = std::string_view(text).substr(end);
  const bool unified = type == "unified";
  if ((type != "cuda" && !unified) || digits.size() == 1 || digits.size() > 3) errors::bad_device(text);
  int index = 0;
  for (const char c : digits.substr(std::min<std::size_t>(digits.size(), 1))) {
    if (c < '0' || c > '9') errors::bad_device(text);
    index = index * 10 + (c - '0');
  }
  return {unified ? DeviceType::unified : DeviceType::cuda, static_cast<std::int8_t>(index)};
}

}  // namespace tenon
