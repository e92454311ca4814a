#include "kernels.h"

#include <math.h>
#include <string.h>

// One body, compiled for several instruction sets and chosen by the loader; elsewhere (Arm) the base set has vectors.
#if defined(__x86_64__) && defined(__linux__)
#define DISPATCHED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define DISPATCHED
#endif

// exp(x) for x <= 0: 2^n * e^r by a polynomial of degree 6; relative error below 2e-7, 0 below -87.
static inline __attribute__((always_inline)) float exponential(float x) {
    x = x < -87.0f ? -87.0f : x;
    const float magic = 12582912.0f;
    const float shifted = x * 1.44269504088896341f + magic;
    const float n = shifted - magic;
    const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    float y = 1.9875691500e-4f;
    y = y * r + 1.3981999507e-3f;
    y = y * r + 8.3334519073e-3f;
    y = y * r + 4.1665795894e-2f;
    y = y * r + 1.6666665459e-1f;
    y = y * r + 5.0000001201e-1f;
    y = y * r * r + r + 1.0f;
    int32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    const uint32_t scale_bits = ((uint32_t)bits << 23) + 0x3f800000u;
    float scale;
    memcpy(&scale, &scale_bits, sizeof scale);
    return x <= -87.0f ? 0.0f : y * scale;
}

enum { BLOCK = 1024, SMALL_BLOCK = 128 };

// The largest of a block and of `best`, in lanes of their own, which is what lets the compiler use vectors; NaN is never
// larger.
static inline __attribute__((always_inline)) float block_maximum(const float *x, int32_t n, float best) {
    enum { LANES = 64 };
    float lanes[LANES];
    for (int32_t j = 0; j < LANES; j++) lanes[j] = best;
    int32_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int32_t j = 0; j < LANES; j++) lanes[j] = x[i + j] > lanes[j] ? x[i + j] : lanes[j];
    for (; i < n; i++) best = x[i] > best ? x[i] : best;
    for (int32_t j = 0; j < LANES; j++) best = lanes[j] > best ? lanes[j] : best;
    return best;
}

DISPATCHED int32_t specsearch_argmax(const float *x, int32_t n) {
    float best = x[0];
    int32_t block = 0;
    for (int32_t start = 0; start < n; start += BLOCK) {
        const float larger = block_maximum(x + start, start + BLOCK < n ? BLOCK : n - start, best);
        if (larger > best) {
            best = larger;
            block = start;
        }
    }
    for (int32_t i = block; i < n; i++)
        if (x[i] == best) return i;
    return 0;
}

DISPATCHED double specsearch_exponentials(const float *x, float *weights, int32_t n, float maximum, float scale) {
    double sum = 0;
    for (int32_t start = 0; start < n; start += BLOCK) {
        const int32_t end = start + BLOCK < n ? start + BLOCK : n;
        float part = 0;
        {
#pragma clang fp reassociate(on) contract(fast)
            for (int32_t i = start; i < end; i++) {
                const float w = exponential((x[i] - maximum) * scale);
                weights[i] = w;
                part += w;
            }
        }
        sum += part;
    }
    return sum;
}

DISPATCHED double specsearch_log_sum_exp(const float *x, int32_t n, float maximum) {
    double sum = 0;
    for (int32_t start = 0; start < n; start += BLOCK) {
        const int32_t end = start + BLOCK < n ? start + BLOCK : n;
        float part = 0;
        {
#pragma clang fp reassociate(on) contract(fast)
            for (int32_t i = start; i < end; i++) part += exponential(x[i] - maximum);
        }
        sum += part;
    }
    return (double)maximum + log(sum);
}

DISPATCHED void specsearch_scale(float *x, int32_t n, float factor) {
    for (int32_t i = 0; i < n; i++) x[i] *= factor;
}

DISPATCHED double specsearch_residual(const float *p, const float *q, float *residual, int32_t n) {
    double sum = 0;
    for (int32_t start = 0; start < n; start += BLOCK) {
        const int32_t end = start + BLOCK < n ? start + BLOCK : n;
        float part = 0;
        {
#pragma clang fp reassociate(on)
            for (int32_t i = start; i < end; i++) {
                const float d = p[i] - q[i];
                const float r = d > 0 ? d : 0;
                residual[i] = r;
                part += r;
            }
        }
        sum += part;
    }
    return sum;
}

DISPATCHED static float block_sum(const float *x, int32_t n) {
#pragma clang fp reassociate(on)
    float sum = 0;
    for (int32_t i = 0; i < n; i++) sum += x[i];
    return sum;
}

int32_t specsearch_inverse_cdf(const float *weights, int32_t n, double threshold) {
    double before = 0;
    int32_t last_block_end = 0;
    for (int32_t start = 0; start < n; start += SMALL_BLOCK) {
        const int32_t end = start + SMALL_BLOCK < n ? start + SMALL_BLOCK : n;
        const double sum = block_sum(weights + start, end - start);
        if (sum > 0) last_block_end = end;
        if (before + sum > threshold) {
            double running = before;
            for (int32_t i = start; i < end; i++) {
                running += weights[i];
                if (running > threshold && weights[i] > 0) return i;
            }
            break;  // the two sums differed in their last bits: the block's last positive weight
        }
        before += sum;
    }
    for (int32_t i = last_block_end - 1; i >= 0; i--)
        if (weights[i] > 0) return i;
    return -1;
}
