#pragma once
#include <stddef.h>
#include <stdint.h>

#include "ck_cpu.h"

enum ck_activation { CK_RELU, CK_GELU_TANH, CK_GELU_ERF, CK_QUICK_GELU, CK_SILU, CK_EXP, CK_ABS, CK_TANH };

/// The element-wise and row-wise kernels of one instruction-set level. Everything is float32 and contiguous; "rows" are
/// `width` values each; outputs may be the same memory as an input of the same shape.
struct ck_elementwise {
    void (*activate)(enum ck_activation kind, float *out, const float *x, size_t count);
    /// dx = dy · f'(x)
    void (*activate_gradient)(enum ck_activation kind, float *dx, const float *x, const float *dy, size_t count);

    void (*add)(float *out, const float *a, const float *b, size_t count);
    void (*subtract)(float *out, const float *a, const float *b, size_t count);
    void (*multiply)(float *out, const float *a, const float *b, size_t count);
    /// out = scale · a + offset
    void (*affine)(float *out, const float *a, float scale, float offset, size_t count);
    /// y += scale · x
    void (*accumulate)(float *y, const float *x, float scale, size_t count);

    /// out = x + row, the same row for every row of x
    void (*add_row)(float *out, const float *x, const float *row, size_t rows, size_t width);
    /// out = x + gate ∘ y, one gate row for all rows
    void (*add_gated)(float *out, const float *x, const float *gate, const float *y, size_t rows, size_t width);
    /// dy = gate ∘ dout; dgate += column sums of dout ∘ y
    void (*add_gated_gradient)(float *dy, float *dgate, const float *dout, const float *gate, const float *y,
                               size_t rows, size_t width);
    /// out += column sums of x
    void (*sum_columns)(float *out, const float *x, size_t rows, size_t width);
    /// The sum, sum of squares and sum of absolute values, in double over short float32 runs.
    double (*sum)(const float *x, size_t count);
    double (*sum_squares)(const float *x, size_t count);
    double (*sum_absolute)(const float *x, size_t count);
    double (*dot)(const float *a, const float *b, size_t count);

    /// out = (x - mean) · r · (gain_offset + gain) + bias for each row; gain and bias may be NULL (1 and 0).
    /// r = 1/sqrt(variance + epsilon); with `unbiased`, r = 1/(s + epsilon), s² the variance over width - 1.
    /// mean and r of each row are stored where `means` and `scales` are not NULL.
    void (*normalize)(float *out, float *means, float *scales, const float *x, const float *gain, float gain_offset,
                      const float *bias, size_t rows, size_t width, float epsilon, int unbiased);
    /// dx for the above; dgain += and dbias += where they are not NULL.
    void (*normalize_gradient)(float *dx, float *dgain, float *dbias, const float *dy, const float *x,
                               const float *means, const float *scales, const float *gain, float gain_offset,
                               size_t rows, size_t width, float epsilon, int unbiased);

    /// out = softmax(scale · x) for each row; row r sees the columns up to r when `causal`.
    void (*softmax)(float *out, const float *x, float scale, int causal, size_t rows, size_t width);
    /// dx = scale · p ∘ (dp - Σ dp ∘ p)
    void (*softmax_gradient)(float *dx, const float *p, const float *dp, float scale, size_t rows, size_t width);
    /// losses = -log softmax(x)[target] for each row (0 where target < 0), p = softmax(x).
    void (*cross_entropy)(float *losses, float *p, const float *x, const int32_t *targets, size_t rows, size_t width);

    /// out[rows×h] = silu(a) ∘ b for rows [a, b] of 2h
    void (*swiglu)(float *out, const float *x, size_t rows, size_t half);
    void (*swiglu_gradient)(float *dx, const float *x, const float *dout, size_t rows, size_t half);

    /// Rotates adjacent pairs of `heads` heads of `dim` channels in place by the angles of one position
    /// (cosines and sines hold dim values); `direction` 1, or -1 for the inverse.
    void (*rotate)(float *x, const float *cosines, const float *sines, size_t heads, size_t dim, float direction);

    /// One AdamW update (decoupled weight decay): correction1 = 1 - beta1^step, correction2 = 1 - beta2^step.
    void (*adamw)(float *parameter, float *first, float *second, const float *gradient, size_t count, float rate,
                  float beta1, float beta2, float epsilon, float decay, float correction1, float correction2,
                  float gradient_scale);
    /// average = decay · average + (1 - decay) · parameter
    void (*average)(float *average, const float *parameter, float decay, size_t count);
};

/// The kernels of a level (of the highest level below it that has its own).
const struct ck_elementwise *ck_elementwise_for(enum ck_level level);
