// A square of vectors whose rows become its columns. Included once per SIMD target.
#if defined(TENON_TRANSPOSE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TENON_TRANSPOSE_INL_H_
#undef TENON_TRANSPOSE_INL_H_
#else
#define TENON_TRANSPOSE_INL_H_
#endif

#include <hwy/highway.h>

#include <utility>

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

template <class T, int kBytes>
struct Square {
  typedef T V __attribute__((vector_size(kBytes)));
  static constexpr int N = kBytes / static_cast<int>(sizeof(T));
  using Lanes = std::make_index_sequence<N>;

  static HWY_INLINE void transpose(V* v) { stage<1>(v); }

 private:
  // The S x S blocks beside the diagonal change places.
  template <int S, std::size_t... I>
  static HWY_INLINE void swap_blocks(V& a, V& b, std::index_sequence<I...>) {
    const V x =
        __builtin_shufflevector(a, b, (static_cast<int>(I) & S ? N + static_cast<int>(I) - S : static_cast<int>(I))...);
    b = __builtin_shufflevector(a, b, (static_cast<int>(I) & S ? N + static_cast<int>(I) : static_cast<int>(I) + S)...);
    a = x;
  }
  template <int S>
  static HWY_INLINE void stage(V* v) {
    if constexpr (S < N) {
#pragma GCC unroll 16
      for (int i = 0; i < N; ++i)
        if (!(i & S)) swap_blocks<S>(v[i], v[i + S], Lanes{});
      stage<2 * S>(v);
    }
  }
};

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
