// tenon::add(a, b) and its like: a function for each row of elementwise.def.
#include "tenon/elementwise.h"

namespace tenon {

#define UNARY(name, ...) \
  Tensor name(const Operand& x) { return elementwise(Op::name, {&x, 1}); }
#define BINARY(name, ...)                           \
  Tensor name(const Operand& a, const Operand& b) { \
    const Operand ab[] = {a, b};                    \
    return elementwise(Op::name, ab);               \
  }
#define TERNARY(name, ...)                                            \
  Tensor name(const Operand& a, const Operand& b, const Operand& c) { \
    const Operand abc[] = {a, b, c};                                  \
    return elementwise(Op::name, abc);                                \
  }
#include "tenon/elementwise.names"
#undef UNARY
#undef BINARY
#undef TERNARY

}  // namespace tenon
