#pragma once
#include <cmath>
#include "tenon/macros.h"
namespace tenon::scalar {
TENON_INLINE float exp(float x) { return std::exp(x); }
TENON_INLINE double exp(double x) { return std::exp(x); }
TENON_INLINE float exp2(float x) { return std::exp2(x); }
TENON_INLINE double exp2(double x) { return std::exp2(x); }
TENON_INLINE float expm1(float x) { return std::expm1(x); }
TENON_INLINE double expm1(double x) { return std::expm1(x); }
TENON_INLINE float log(float x) { return std::log(x); }
TENON_INLINE double log(double x) { return std::log(x); }
TENON_INLINE float log2(float x) { return std::log2(x); }
TENON_INLINE double log2(double x) { return std::log2(x); }
TENON_INLINE float log10(float x) { return std::log10(x); }
TENON_INLINE double log10(double x) { return std::log10(x); }
TENON_INLINE float log1p(float x) { return std::log1p(x); }
TENON_INLINE double log1p(double x) { return std::log1p(x); }
TENON_INLINE float sqrt(float x) { return std::sqrt(x); }
TENON_INLINE double sqrt(double x) { return std::sqrt(x); }
TENON_INLINE float cbrt(float x) { return std::cbrt(x); }
TENON_INLINE double cbrt(double x) { return std::cbrt(x); }
TENON_INLINE float sin(float x) { return std::sin(x); }
TENON_INLINE double sin(double x) { return std::sin(x); }
TENON_INLINE float cos(float x) { return std::cos(x); }
TENON_INLINE double cos(double x) { return std::cos(x); }
TENON_INLINE float tan(float x) { return std::tan(x); }
TENON_INLINE double tan(double x) { return std::tan(x); }
TENON_INLINE float asin(float x) { return std::asin(x); }
TENON_INLINE double asin(double x) { return std::asin(x); }
TENON_INLINE float acos(float x) { return std::acos(x); }
TENON_INLINE double acos(double x) { return std::acos(x); }
TENON_INLINE float atan(float x) { return std::atan(x); }
TENON_INLINE double atan(double x) { return std::atan(x); }
TENON_INLINE float sinh(float x) { return std::sinh(x); }
TENON_INLINE double sinh(double x) { return std::sinh(x); }
TENON_INLINE float cosh(float x) { return std::cosh(x); }
TENON_INLINE double cosh(double x) { return std::cosh(x); }
TENON_INLINE float tanh(float x) { return std::tanh(x); }
TENON_INLINE double tanh(double x) { return std::tanh(x); }
TENON_INLINE float asinh(float x) { return std::asinh(x); }
TENON_INLINE double asinh(double x) { return std::asinh(x); }
TENON_INLINE float acosh(float x) { return std::acosh(x); }
TENON_INLINE double acosh(double x) { return std::acosh(x); }
TENON_INLINE float atanh(float x) { return std::atanh(x); }
TENON_INLINE double atanh(double x) { return std::atanh(x); }
TENON_INLINE float erf(float x) { return std::erf(x); }
TENON_INLINE double erf(double x) { return std::erf(x); }
TENON_INLINE float erfc(float x) { return std::erfc(x); }
TENON_INLINE double erfc(double x) { return std::erfc(x); }
TENON_INLINE float floor(float x) { return std::floor(x); }
TENON_INLINE double floor(double x) { return std::floor(x); }
TENON_INLINE float ceil(float x) { return std::ceil(x); }
TENON_INLINE double ceil(double x) { return std::ceil(x); }
TENON_INLINE float trunc(float x) { return std::trunc(x); }
TENON_INLINE double trunc(double x) { return std::trunc(x); }
TENON_INLINE float rint(float x) { return std::rint(x); }
TENON_INLINE double rint(double x) { return std::rint(x); }
TENON_INLINE float atan2(float x, float y) { return std::atan2(x, y); }
TENON_INLINE double atan2(double x, double y) { return std::atan2(x, y); }
TENON_INLINE float pow(float x, float y) { return std::pow(x, y); }
TENON_INLINE double pow(double x, double y) { return std::pow(x, y); }
TENON_INLINE float hypot(float x, float y) { return std::hypot(x, y); }
TENON_INLINE double hypot(double x, double y) { return std::hypot(x, y); }
TENON_INLINE float copysign(float x, float y) { return std::copysign(x, y); }
TENON_INLINE double copysign(double x, double y) { return std::copysign(x, y); }
TENON_INLINE float nextafter(float x, float y) { return std::nextafter(x, y); }
TENON_INLINE double nextafter(double x, double y) { return std::nextafter(x, y); }
TENON_INLINE float fmod(float x, float y) { return std::fmod(x, y); }
TENON_INLINE double fmod(double x, double y) { return std::fmod(x, y); }
TENON_INLINE float sigmoid(float x) { return 1 / (1 + std::exp(-x)); }
TENON_INLINE float softplus(float x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }
TENON_INLINE float silu(float x) { return x * sigmoid(x); }
TENON_INLINE float gelu(float x) { return x * std::erfc(x * float(-0.70710678118654752)) / 2; }
TENON_INLINE float logaddexp(float a, float b) { return a == b ? a + float(0.69314718055994531) : std::fmax(a, b) + std::log1p(std::exp(-std::fabs(a - b))); }
TENON_INLINE float sinc(float x) { return x == 0 ? 1 : std::sin(float(3.14159265358979323846) * x) / (float(3.14159265358979323846) * x); }
TENON_INLINE float lgamma(float x) { return std::lgamma(x); }
TENON_INLINE float digamma(float x) { double r = 0, y = x; while (y < 10) { r -= 1 / y; y += 1; } double f = 1 / (y * y); return float(r + std::log(y) - 0.5 / y - f * (1.0 / 12 - f * (1.0 / 120 - f / 252))); }
TENON_INLINE float trigamma(float x) { double r = 0, y = x; while (y < 10) { r += 1 / (y * y); y += 1; } double f = 1 / (y * y); return float(r + 1 / y + f / 2 + f / y * (1.0 / 6 - f * (1.0 / 30 - f / 42))); }
TENON_INLINE double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
TENON_INLINE double softplus(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }
TENON_INLINE double silu(double x) { return x * sigmoid(x); }
TENON_INLINE double gelu(double x) { return x * std::erfc(x * double(-0.70710678118654752)) / 2; }
TENON_INLINE double logaddexp(double a, double b) { return a == b ? a + double(0.69314718055994531) : std::fmax(a, b) + std::log1p(std::exp(-std::fabs(a - b))); }
TENON_INLINE double sinc(double x) { return x == 0 ? 1 : std::sin(double(3.14159265358979323846) * x) / (double(3.14159265358979323846) * x); }
TENON_INLINE double lgamma(double x) { return std::lgamma(x); }
TENON_INLINE double digamma(double x) { double r = 0, y = x; while (y < 10) { r -= 1 / y; y += 1; } double f = 1 / (y * y); return double(r + std::log(y) - 0.5 / y - f * (1.0 / 12 - f * (1.0 / 120 - f / 252))); }
TENON_INLINE double trigamma(double x) { double r = 0, y = x; while (y < 10) { r += 1 / (y * y); y += 1; } double f = 1 / (y * y); return double(r + 1 / y + f / 2 + f / y * (1.0 / 6 - f * (1.0 / 30 - f / 42))); }
}
