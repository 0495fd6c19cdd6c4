// Random numbers of gamma, Poisson and binomial distributions.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include "tenon/ops/random.h"

namespace tenon {

// Each number depends on the seed and its place alone, and takes one position of the generator's stream (a gamma number
// three). They are drawn on the host in float64, so that each device gives the same, and rounded once. All throw
// DtypeError for what is no float, ValueError for a parameter out of range, NaN included.

// Gamma variables of these shapes, > 0, and scale 1: Marsaglia and Tsang, "A simple method for generating gamma variables"
// (2000). The gradient is implicit, as gamma_slope() has it.
TENON_API Tensor standard_gamma(const Tensor& alpha, Generator* g = nullptr);
// The derivative of gamma variables x by their shape, their probability P(alpha, x) being constant: -(dP / d alpha) / p(x)
// (Figurnov, Mohamed, Mnih, "Implicit reparameterization gradients", 2018). It has no derivative (GradError).
TENON_API Tensor gamma_slope(const Tensor& alpha, const Tensor& x);
// Poisson variables of these means, >= 0, without a gradient: by inversion below 10, else by Hoermann's PTRS, "The transformed
// rejection method for generating Poisson random variables" (1993).
TENON_API Tensor poisson(const Tensor& rate, Generator* g = nullptr);
// The numbers of successes in `count` trials, whole numbers >= 0, of these probabilities, broadcast, in count's dtype,
// without a gradient: by inversion for means below 10, else by Hoermann's BTRS, "The generation of binomial random
// variates" (1993).
TENON_API Tensor binomial(const Tensor& count, const Tensor& prob, Generator* g = nullptr);

}  // namespace tenon
