// The promotion table against the rules of NumPy 2 and the Array API, stated as properties.
#include "helpers.h"

namespace {

using namespace tenon;
using test::message;

std::vector<DType> dtypes(bool (*keep)(DType)) {
  std::vector<DType> out;
  for (int i = 0; i < kDTypes; ++i)
    if (const auto d = static_cast<DType>(i); !is_float8(d) && keep(d)) out.push_back(d);
  return out;
}
std::vector<DType> dtypes_above_float8() {
  return dtypes([](DType) { return true; });
}
bool is_int(DType d) { return is_integral(d); }
bool is_signed_int(DType d) { return kind(d) == Kind::signed_integer; }
bool is_unsigned_int(DType d) { return kind(d) == Kind::unsigned_integer; }
bool is_inexact(DType d) { return is_floating(d) || is_complex(d); }

TEST(DType, NamesAndSizes) {
  EXPECT_EQ(name(DType::bool_), "bool");
  EXPECT_EQ(name(DType::bfloat16), "bfloat16");
  EXPECT_EQ(name(DType::float8_e4m3fn), "float8_e4m3fn");
  for (int i = 0; i < kDTypes; ++i) {
    const auto d = static_cast<DType>(i);
    const auto size = dispatch(d, []<class T>() { return sizeof(T); });
    EXPECT_EQ(itemsize(d), size) << name(d);
    EXPECT_EQ(dispatch(d, []<class T>() { return dtype_of<T>; }), d);
  }
}

TEST(Promotion, IsSymmetricIdempotentAndHasBoolAsItsLeast) {
  for (DType a : dtypes_above_float8()) {
    EXPECT_EQ(promote(a, a), a);
    EXPECT_EQ(promote(a, DType::bool_), a);
    for (DType b : dtypes_above_float8()) {
      EXPECT_EQ(promote(a, b), promote(b, a)) << name(a) << " " << name(b);
      // The result takes both without a step down, and taking an operand again changes nothing.
      EXPECT_TRUE(can_cast_same_kind(a, promote(a, b)));
      EXPECT_EQ(promote(promote(a, b), a), promote(a, b)) << name(a) << " " << name(b);
    }
  }
}

TEST(Promotion, IsAssociativeWithinAKind) {
  for (auto keep : {+[](DType d) { return is_signed_int(d); }, +[](DType d) { return is_unsigned_int(d); },
                    +[](DType d) { return is_floating(d); }, +[](DType d) { return is_complex(d); },
                    +[](DType d) { return is_inexact(d); }})
    for (DType a : dtypes(keep))
      for (DType b : dtypes(keep))
        for (DType c : dtypes(keep))
          EXPECT_EQ(promote(promote(a, b), c), promote(a, promote(b, c))) << name(a) << name(b) << name(c);
}

TEST(Promotion, OfIntegersHoldsEveryValueOfBoth) {
  for (DType a : dtypes(is_int)) {
    for (DType b : dtypes(is_int)) {
      const DType p = promote(a, b);
      const bool mixed = is_signed_int(a) != is_signed_int(b);
      if (!mixed) {
        EXPECT_EQ(p, itemsize(a) >= itemsize(b) ? a : b);
        continue;
      }
      const DType u = is_signed_int(a) ? b : a, s = is_signed_int(a) ? a : b;
      if (u == DType::uint64) {
        EXPECT_EQ(p, DType::float64) << name(s);  // no integer holds both; NumPy's answer
      } else {
        // The smallest signed dtype that is wider than the unsigned one and no narrower than the signed one.
        EXPECT_TRUE(is_signed_int(p));
        EXPECT_EQ(itemsize(p), std::max(itemsize(s), 2 * itemsize(u))) << name(a) << " " << name(b);
      }
    }
  }
}

TEST(Promotion, OfIntegersWithFloatsKeepsTheFloat) {
  for (DType i : dtypes(is_int))
    for (DType f : dtypes(is_inexact)) EXPECT_EQ(promote(i, f), f) << name(i) << " " << name(f);
}

TEST(Promotion, OfFloatsHoldsEveryValueOfBoth) {
  for (DType a : dtypes(is_inexact)) {
    for (DType b : dtypes(is_inexact)) {
      const DType p = promote(a, b);
      EXPECT_EQ(is_complex(p), is_complex(a) || is_complex(b));
      EXPECT_GE(itemsize(real_dtype(p)), std::max(itemsize(real_dtype(a)), itemsize(real_dtype(b))));
      if (!is_complex(p)) {
        EXPECT_LE(itemsize(p), 2 * std::max(itemsize(a), itemsize(b)));
        if (itemsize(a) != itemsize(b)) { EXPECT_EQ(p, itemsize(a) > itemsize(b) ? a : b); }
      }
    }
  }
  EXPECT_EQ(promote(DType::float16, DType::bfloat16), DType::float32);
  EXPECT_EQ(promote(DType::float64, DType::complex64), DType::complex128);
  EXPECT_EQ(promote(DType::bfloat16, DType::complex64), DType::complex64);
}

TEST(Promotion, RefusesFloat8ExceptWithItself) {
  EXPECT_EQ(promote(DType::float8_e5m2, DType::float8_e5m2), DType::float8_e5m2);
  for (DType d : dtypes_above_float8()) EXPECT_THROW(promote(DType::float8_e5m2, d), DtypeError) << name(d);
  EXPECT_THROW(promote(DType::float8_e5m2, DType::float8_e4m3fn), TypeError);
}

TEST(Promotion, RealAndComplexBelongTogether) {
  for (DType d : dtypes_above_float8()) {
    EXPECT_TRUE(is_complex(complex_dtype(d)));
    EXPECT_FALSE(is_complex(real_dtype(d)));
    if (is_complex(d)) { EXPECT_EQ(complex_dtype(real_dtype(d)), d); }
    if (is_inexact(d)) { EXPECT_GE(itemsize(real_dtype(complex_dtype(d))), itemsize(real_dtype(d))); }
  }
}

TEST(Promotion, CastsOfTheSameKindFormAChain) {
  const DType chain[] = {DType::bool_, DType::int8, DType::float16, DType::complex64};
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 4; ++j) EXPECT_EQ(can_cast_same_kind(chain[i], chain[j]), i <= j);
  EXPECT_TRUE(can_cast_same_kind(DType::float64, DType::float16));
  EXPECT_TRUE(can_cast_same_kind(DType::uint64, DType::int8));
}

TEST(DefaultDType, IsFloat32AndCanBeChangedToAnotherFloatOnly) {
  EXPECT_EQ(default_float(), DType::float32);
  EXPECT_EQ(default_complex(), DType::complex64);
  set_default_float(DType::float64);
  EXPECT_EQ(default_complex(), DType::complex128);
  EXPECT_EQ(Scalar(1.5).default_dtype(), DType::float64);
  set_default_float(DType::float32);
  EXPECT_THROW(set_default_float(DType::int32), DtypeError);
  EXPECT_THROW(set_default_float(DType::float8_e5m2), DtypeError);
  EXPECT_EQ(default_float(), DType::float32);
}

TEST(Device, IsReadFromText) {
  EXPECT_EQ(parse_device("cpu"), kCpu);
  EXPECT_EQ(parse_device("cuda"), (Device{DeviceType::cuda, 0}));
  EXPECT_EQ(parse_device("cuda:12"), (Device{DeviceType::cuda, 12}));
  EXPECT_EQ(parse_device("cuda:1").str(), "cuda:1");
  for (const char* text : {"", "CPU", "cpu:0", "cuda:", "cuda:x", "cuda:-1", "cuda:123", "cudax", "mps"})
    EXPECT_THROW(parse_device(text), ValueError) << text;
}

}  // namespace
