// Sums and products.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/reduce_sum.cc"
#include "backends/cpu/targets.h"
#include "backends/cpu/reduce-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

template <class T>
struct Accumulators {  // floats and halves: eight elements are added in float32, all else in float64
  using Leaf = std::conditional_t<std::is_same_v<T, double>, double, float>;
  using Lane = double;
  using State = double;
};
template <class T>
struct Accumulators<complex<T>> {
  using Leaf = complex<T>;
  using Lane = complex<T>;
  using State = complex128;
};
template <class T>
  requires std::is_integral_v<T>
struct Accumulators<T> {
  template <class Narrow, class Middle, class Widest>
  using by_size = std::conditional_t<sizeof(T) == 1, Narrow, std::conditional_t<sizeof(T) == 2, Middle, Widest>>;
  using Lane = std::conditional_t<std::is_signed_v<T>, by_size<std::int16_t, std::int32_t, std::int64_t>,
                                  by_size<std::uint16_t, std::uint32_t, std::uint64_t>>;
  using Leaf = Lane;
  using State = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
};

template <>
struct Accumulators<Truth> : Accumulators<std::uint8_t> {};

template <class T>
struct Sum {
  using Leaf = typename Accumulators<T>::Leaf;
  using Lane = typename Accumulators<T>::Lane;
  using State = typename Accumulators<T>::State;
  static constexpr DType kResult = dtype_of<State>;
  static HWY_INLINE Lane identity() { return Lane(0); }
  static HWY_INLINE Leaf lift(T x) { return static_cast<Leaf>(x); }
  // Joins two leaves, or a lane and a leaf.
  template <class A>
  static HWY_INLINE A combine(A a, Leaf b) {
    return static_cast<A>(a + b);
  }
  static HWY_INLINE State widen(Lane x) { return State(x); }
  static HWY_INLINE State merge(State a, State b) { return a + b; }
};

template <class T>
struct Prod {
  using State = typename Accumulators<T>::State;
  using Lane = State;
  static constexpr DType kResult = dtype_of<State>;
  static HWY_INLINE Lane identity() { return Lane(1); }
  static HWY_INLINE Lane lift(T x) { return static_cast<Lane>(x); }
  static HWY_INLINE Lane combine(Lane a, Lane b) { return a * b; }
  static HWY_INLINE State widen(Lane x) { return x; }
  static HWY_INLINE State merge(State a, State b) { return a * b; }
  // Where a lane has left the range of numbers although neighbours would have kept the product inside,
  // the order as written is what the caller expects.
  static HWY_INLINE bool in_order(State s)
    requires std::is_floating_point_v<State>
  {
    return s == 0 || s - s != 0;
  }
};

template <class T>
void add(ReduceTable& t, DType d) {
  using E = Loaded<T>;
  t[static_cast<int>(Reduction::sum)][static_cast<int>(d)] = fold_kernel<Sum<E>, E>();
  // Products are formed of the widest elements only: others are converted on the way.
  if constexpr (std::is_same_v<E, typename Accumulators<E>::State>)
    t[static_cast<int>(Reduction::prod)][static_cast<int>(d)] = fold_kernel<Prod<E>, E>();
}

void add_sums(ReduceTable& t) {
#define X(name, type, kind, bits) \
  if constexpr (Kind::kind != Kind::float8) add<type>(t, DType::name);
  TENON_FOR_EACH_DTYPE(X)
#undef X
  // A sum of truth values is an int64, as of signed integers.
  t[static_cast<int>(Reduction::sum)][0].result = DType::int64;
}

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(add_sums);
void add_sum_kernels(ReduceTable& t) { HWY_DYNAMIC_DISPATCH(add_sums)(t); }
}  // namespace tenon::cpu
#endif
