#include "reference.h"

#include "backends/scalar/elementwise.h"

namespace tenon::test {
namespace {

template <class F, int Arity, bool Select, class Out, class T>
void apply(const void* const* in, void* out) {
  auto at = [&]<class A>(int i) { return *static_cast<const A*>(in[i]); };
  using First = std::conditional_t<Select, bool, T>;
  Out& o = *static_cast<Out*>(out);
  if constexpr (Arity == 1) o = static_cast<Out>(F{}(at.template operator()<T>(0)));
  else if constexpr (Arity == 2) o = static_cast<Out>(F{}(at.template operator()<T>(0), at.template operator()<T>(1)));
  else
    o = static_cast<Out>(
        F{}(at.template operator()<First>(0), at.template operator()<T>(1), at.template operator()<T>(2)));
}

// Whether a rule takes T, stated once more and on its own.
template <Rule R, class T>
consteval bool takes() {
  constexpr bool boolean = std::is_same_v<T, bool>, integer = std::is_integral_v<T> && !boolean;
  constexpr bool complex = requires(T t) { t.im; };
  switch (R) {
    case Rule::arithmetic:
    case Rule::magnitude:
    case Rule::compare:
    case Rule::select:
    case Rule::any: return true;
    case Rule::numeric:
    case Rule::power: return !boolean;
    case Rule::ordered:
    case Rule::order: return !complex;
    case Rule::real:
    case Rule::quotient: return !complex && !boolean;
    case Rule::integral: return boolean || integer;
    case Rule::shift:
    case Rule::whole: return integer;
    case Rule::floating:
    case Rule::phase:
    case Rule::classify: return !boolean && !integer;
    case Rule::real_floating:
    case Rule::order1: return !boolean && !integer && !complex;
    case Rule::logical: return boolean;
  }
  return false;
}

template <class F, int Arity, Rule R>
Reference choose(DType d) {
  return dispatch(d, []<class T>() -> Reference {
    constexpr bool computes = std::is_arithmetic_v<T> || requires(T t) { t.im; };
    if constexpr (computes) {
      if constexpr (takes<R, T>()) {
        constexpr bool boolean =
            R == Rule::compare || R == Rule::order || R == Rule::logical || R == Rule::classify || R == Rule::order1;
        if constexpr (boolean) return &apply<F, Arity, false, bool, T>;
        else if constexpr ((R == Rule::magnitude || R == Rule::phase) && requires(T t) { t.im; })
          return &apply<F, Arity, false, decltype(T{}.re), T>;
        else return &apply<F, Arity, R == Rule::select, T, T>;
      }
    }
    return nullptr;
  });
}

}  // namespace

Reference reference(Op op, DType compute) {
  switch (op) {
#define UNARY(name, rule, ...) \
  case Op::name: return choose<scalar::ops::name, 1, Rule::rule>(compute);
#define BINARY(name, rule, ...) \
  case Op::name: return choose<scalar::ops::name, 2, Rule::rule>(compute);
#define TERNARY(name, rule, ...) \
  case Op::name: return choose<scalar::ops::name, 3, Rule::rule>(compute);
#include "tenon/elementwise.def"
#undef UNARY
#undef BINARY
#undef TERNARY
    case Op::count: break;
  }
  return nullptr;
}

}  // namespace tenon::test
