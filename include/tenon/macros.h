// The few macros that the headers share.
#pragma once

#if defined(__CUDACC__)
#define TENON_HD __host__ __device__
#else
#define TENON_HD
#endif

// Inlined even across SIMD targets, so that one scalar definition vectorises for each of them.
#if defined(__CUDACC__)
#define TENON_INLINE TENON_HD inline
#else
#define TENON_INLINE inline __attribute__((always_inline))
#endif

#define TENON_API __attribute__((visibility("default")))
