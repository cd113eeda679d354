#pragma once
#include <stddef.h>

#include "ck_gemm.h"

/// The shape of an attention: q, k and v hold `heads` heads of `dim` channels side by side in each token's row, and rows
/// are `stride` values apart (3·heads·dim for a packed q/k/v product). When `causal`, query r sees the keys up to r, and in
/// any case the first `prefix`: the tokens of a prefix see each other and nothing after them.
struct ck_attention {
    size_t batch, heads, queries, keys, dim;
    size_t q_stride, kv_stride;
    float scale;
    int causal;
    size_t prefix;
};

/// out[batch, queries, heads·dim] = softmax(scale · q kᵀ) v. The probabilities [batch, heads, queries, keys] are stored
/// where `probabilities` is not NULL.
void ck_attention_forward(enum ck_level level, enum ck_type type, const struct ck_attention *shape, float *out,
                          float *probabilities, const float *q, const float *k, const float *v);

/// The gradients, in the layouts of q, k and v.
void ck_attention_gradient(enum ck_level level, enum ck_type type, const struct ck_attention *shape, float *dq,
                           float *dk, float *dv, const float *dout, const float *probabilities, const float *q,
                           const float *k, const float *v);
