#pragma once
#include <stdint.h>

/// Vectorised loops over one row of a vocabulary, in single precision; the widest instruction set is chosen at run time.
/// All lengths are positive. Rows need no alignment.

/// The index of the largest value; the first one among equals. NaN is never chosen unless at index 0.
int32_t specsearch_argmax(const float *x, int32_t n);

/// weights[i] = exp((x[i] - maximum) * scale); returns their sum.
double specsearch_exponentials(const float *x, float *weights, int32_t n, float maximum, float scale);

/// log(sum(exp(x[i]))), with `maximum` the largest x.
double specsearch_log_sum_exp(const float *x, int32_t n, float maximum);

/// x[i] *= factor.
void specsearch_scale(float *x, int32_t n, float factor);

/// residual[i] = max(0, p[i] - q[i]); returns their sum.
double specsearch_residual(const float *p, const float *q, float *residual, int32_t n);

/// The first index whose cumulative weight exceeds `threshold`; the last index of positive weight if none does, and -1 if
/// no weight is positive.
int32_t specsearch_inverse_cdf(const float *weights, int32_t n, double threshold);
