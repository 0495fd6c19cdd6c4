// Element types: the list, their properties and the promotion table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tenon/complex.h"
#include "tenon/floats.h"
#include "tenon/macros.h"

namespace tenon {

// X(name, C++ type, kind, bits). The order is ABI: kernel tables are indexed by it.
#define TENON_FOR_EACH_DTYPE(X)                         \
  X(bool_, bool, boolean, 8)                            \
  X(int8, std::int8_t, signed_integer, 8)               \
  X(int16, std::int16_t, signed_integer, 16)            \
  X(int32, std::int32_t, signed_integer, 32)            \
  X(int64, std::int64_t, signed_integer, 64)            \
  X(uint8, std::uint8_t, unsigned_integer, 8)           \
  X(uint16, std::uint16_t, unsigned_integer, 16)        \
  X(uint32, std::uint32_t, unsigned_integer, 32)        \
  X(uint64, std::uint64_t, unsigned_integer, 64)        \
  X(float16, ::tenon::half, floating, 16)               \
  X(bfloat16, ::tenon::bfloat16, floating, 16)          \
  X(float32, float, floating, 32)                       \
  X(float64, double, floating, 64)                      \
  X(complex64, ::tenon::complex<float>, complex, 64)    \
  X(complex128, ::tenon::complex<double>, complex, 128) \
  X(float8_e4m3fn, ::tenon::float8_e4m3fn, float8, 8)   \
  X(float8_e5m2, ::tenon::float8_e5m2, float8, 8)

// Some enumerators share their names with tenon's own types.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
enum class DType : std::uint8_t {
#define X(name, type, kind, bits) name,
  TENON_FOR_EACH_DTYPE(X)
#undef X
};
#pragma GCC diagnostic pop

inline constexpr int kDTypes = 17;

// float8 types are for storage, casts and exchange; no arithmetic is defined on them.
enum class Kind : std::uint8_t { boolean, signed_integer, unsigned_integer, floating, complex, float8 };

struct DTypeInfo {
  std::string_view name;
  Kind kind;
  std::uint8_t itemsize;
};

inline constexpr DTypeInfo kDTypeInfo[kDTypes] = {
#define X(name, type, kind, bits) {#name, Kind::kind, bits / 8},
    TENON_FOR_EACH_DTYPE(X)
#undef X
};

constexpr const DTypeInfo& info(DType d) { return kDTypeInfo[static_cast<int>(d)]; }
constexpr std::size_t itemsize(DType d) { return info(d).itemsize; }
constexpr Kind kind(DType d) { return info(d).kind; }
// "bool" for bool_, the enumerator's own name otherwise.
constexpr std::string_view name(DType d) { return d == DType::bool_ ? "bool" : info(d).name; }

constexpr bool is_bool(DType d) { return d == DType::bool_; }
constexpr bool is_integral(DType d) { return kind(d) == Kind::signed_integer || kind(d) == Kind::unsigned_integer; }
// float8 counts as floating, and so as differentiable.
constexpr bool is_floating(DType d) { return kind(d) == Kind::floating || kind(d) == Kind::float8; }
constexpr bool is_complex(DType d) { return kind(d) == Kind::complex; }
// float16 or bfloat16, which compute in float32.
constexpr bool is_half(DType d) { return d == DType::float16 || d == DType::bfloat16; }
constexpr bool is_float8(DType d) { return kind(d) == Kind::float8; }
constexpr bool is_differentiable(DType d) { return is_floating(d) || is_complex(d); }

// The dtype that both operands are converted to. Throws DtypeError where no conversion is implied (float8).
TENON_API DType promote(DType a, DType b);
// The dtype of the components of a complex dtype; the dtype itself otherwise.
TENON_API DType real_dtype(DType d);
// complex128 for float64, complex64 for lower floats, that of default_float() for integers and bools; a complex dtype
// itself.
TENON_API DType complex_dtype(DType d);
// Whether a value may be stored without changing its kind downwards (float to int, complex to real).
TENON_API bool can_cast_same_kind(DType from, DType to);

// The dtypes that tensors of Python floats and complex numbers get, in the whole process: float32 (complex64) unless
// changed. Throws DtypeError unless d is float16, bfloat16, float32 or float64.
TENON_API DType default_float();
TENON_API void set_default_float(DType d);
inline DType default_complex() { return complex_dtype(default_float()); }

// C++ type to DType.
template <class T>
struct dtype_of_;
#define X(name, type, kind, bits)               \
  template <>                                   \
  struct dtype_of_<type> {                      \
    static constexpr DType value = DType::name; \
  };
TENON_FOR_EACH_DTYPE(X)
#undef X
template <class T>
inline constexpr DType dtype_of = dtype_of_<T>::value;

// Calls f.template operator()<T>() with the C++ type of d. The one place where a DType becomes a type.
template <class F>
decltype(auto) dispatch(DType d, F&& f) {
  switch (d) {
#define X(name, type, kind, bits) \
  case DType::name: return f.template operator()<type>();
    TENON_FOR_EACH_DTYPE(X)
#undef X
  }
  __builtin_unreachable();
}

}  // namespace tenon
