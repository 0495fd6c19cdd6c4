#include "casting.h"

#include "core/errors.h"

namespace tenon::py {

Casting casting_named(const char* op, const std::string& name) {
  for (int i = 0; i < static_cast<int>(std::size(kCastings)); ++i)
    if (name == kCastings[i]) return static_cast<Casting>(i);
  errors::fail(op, "casting must be one of 'no', 'equiv', 'safe', 'same_kind', 'unsafe'; got '", name, "'");
}

void check_cast(std::string_view op, DType from, DType to, Casting casting) {
  if (!can_cast(from, to, casting))
    errors::fail<TypeError>(op, from, " cannot become ", to, " by casting='", kCastings[static_cast<int>(casting)],
                            "'");
}

void check_operand(std::string_view op, DType from, DType to, Casting casting) {
  if (casting != Casting::safe || promote(from, to) != to) check_cast(op, from, to, casting);
}

void check_promotion(std::string_view op, std::span<const Tensor> ts, Casting casting) {
  if (casting >= Casting::same_kind || ts.empty()) return;
  DType common = ts[0].dtype();
  for (const Tensor& t : ts) common = promote(common, t.dtype());
  for (const Tensor& t : ts) check_operand(op, t.dtype(), common, casting);
}

}  // namespace tenon::py
