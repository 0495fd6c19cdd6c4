// The logarithm of cumulative sums of exponentials. Shifted by the largest element so far, nothing overflows and nothing
// that counts underflows: s[i] = s[i - 1] exp(m[i - 1] - m[i]) + exp(x[i] - m[i]).
#include "ops/composing.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/elementwise/math.h"
#include "tenon/ops.h"

namespace tenon {

Tensor logcumsumexp(const Tensor& t, std::int64_t dim) {
  constexpr const char* op = "logcumsumexp";
  errors::check_real(op, t);
  const int d = normalize_axis(op, dim, t.ndim());
  if (t.ndim() == 0 || t.numel() == 0) return clone(fractional(t));
  return rounded_once(t, [&](const Tensor& x) {
    Tensor shift, fade;  // both are constants of the gradient: the result does not depend on them
    {
      NoGrad guard;
      const Tensor largest = cummax(x.detach(), d).values;
      shift = where(isfinite(largest), largest, 0);
      const std::int64_t n = x.size(d);
      const Tensor steps = minimum(sub(narrow(shift, d, 0, n - 1), narrow(shift, d, 1, n - 1)), 0);
      const Tensor parts[] = {full(narrow(x, d, 0, 1).shape(), 0, x.dtype(), x.device()), exp(steps)};
      fade = cat(parts, d);
    }
    return add(shift, log(linear_recurrence(fade, exp(sub(x, shift)), d)));
  });
}

}  // namespace tenon
