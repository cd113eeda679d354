// Attention for short sequences: one head of one sample is a job. Its keys and values are packed once, and a few queries at
// a time go all the way from scores to result, so that their scores stay in the caches.

#include "ck_attention.h"

#include <string.h>

#include "ck_elementwise.h"
#include "ck_memory.h"
#include "ck_pool.h"
#include "gemm_kernel.h"

struct attention {
    struct ck_attention shape;
    enum ck_level level;
    enum ck_type type;
    const struct ck_elementwise *elementwise;
    float *out, *probabilities;
    float *dq, *dk, *dv;
    const float *dout, *saved, *q, *k, *v;
    size_t scratch;  // bytes for the largest product
};

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

static size_t scratch_bytes(const struct attention *p) {
    size_t t = p->shape.queries, s = p->shape.keys, d = p->shape.dim;
    size_t bytes = ck_gemm_scratch(p->level, p->type, t, s, d);
    bytes = larger(bytes, ck_gemm_scratch(p->level, p->type, t, d, s));
    return larger(bytes, ck_gemm_scratch(p->level, p->type, s, d, t));
}

enum { queries_at_once = 64 };  // at most; in whole tiles

// Scores of queries from `first` on to probabilities; what a query does not see has none.
static void weigh(const struct attention *p, float *scores, size_t first, size_t rows) {
    const struct ck_attention *shape = &p->shape;
    size_t s = shape->keys;
    if (!shape->causal) {
        p->elementwise->softmax(scores, scores, shape->scale, 0, rows, s);
        return;
    }
    for (size_t row = 0; row < rows; row++, scores += s) {
        size_t seen = larger(first + row + 1, shape->prefix);
        if (seen > s) seen = s;
        p->elementwise->softmax(scores, scores, shape->scale, 0, 1, seen);
        memset(scores + seen, 0, (s - seen) * sizeof(float));
    }
}

static void forward(void *context, size_t index, int thread) {
    (void)thread;
    const struct attention *p = context;
    const struct ck_attention *shape = &p->shape;
    size_t t = shape->queries, s = shape->keys, d = shape->dim, width = shape->heads * d;
    if (t == 0 || d == 0) return;
    size_t b = index / shape->heads, h = index % shape->heads;
    const float *q = p->q + b * t * shape->q_stride + h * d;
    const float *k = p->k + b * s * shape->kv_stride + h * d;
    const float *v = p->v + b * s * shape->kv_stride + h * d;
    float *out = p->out + b * t * width + h * d;
    if (s == 0) {
        for (size_t row = 0; row < t; row++) memset(out + row * width, 0, d * sizeof(float));
        return;
    }
    size_t height = gemm_height(p->level, p->type), most = queries_at_once / height * height;
    if (t < most) most = t;
    size_t key_bytes = gemm_right_bytes(p->level, p->type, s, d);
    size_t value_bytes = gemm_right_bytes(p->level, p->type, d, s);
    size_t left_bytes = larger(gemm_left_bytes(p->level, p->type, most, d), gemm_left_bytes(p->level, p->type, most, s));
    size_t bytes = key_bytes + value_bytes + left_bytes + (p->probabilities ? 0 : most * s * sizeof(float));
    char *scratch = ck_allocate(bytes);
    char *keys = scratch, *values = keys + key_bytes, *left = values + value_bytes;
    gemm_pack_right(p->level, p->type, true, s, d, k, shape->kv_stride, keys);
    gemm_pack_right(p->level, p->type, false, d, s, v, shape->kv_stride, values);
    for (size_t first = 0; first < t; first += most) {
        size_t rows = t - first < most ? t - first : most;
        float *scores =
            p->probabilities ? p->probabilities + (index * t + first) * s : (float *)(void *)(left + left_bytes);
        gemm_with_right(p->level, p->type, rows, s, d, q + first * shape->q_stride, shape->q_stride, keys, scores, s,
                        left);
        weigh(p, scores, first, rows);
        gemm_with_right(p->level, p->type, rows, d, s, scores, s, values, out + first * width, width, left);
    }
    ck_free(scratch, bytes);
}

static void gradient(void *context, size_t index, int thread) {
    (void)thread;
    const struct attention *p = context;
    const struct ck_attention *shape = &p->shape;
    size_t t = shape->queries, s = shape->keys, d = shape->dim, width = shape->heads * d;
    size_t b = index / shape->heads, h = index % shape->heads;
    size_t at_q = b * t * shape->q_stride + h * d, at_kv = b * s * shape->kv_stride + h * d;
    const float *dout = p->dout + b * t * width + h * d, *probabilities = p->saved + index * t * s;
    size_t bytes = p->scratch + t * s * sizeof(float);
    char *scratch = ck_allocate(bytes);
    float *scores = (float *)(scratch + p->scratch);
    ck_gemm_serial(p->level, p->type, true, false, s, d, t, probabilities, s, dout, width, 0, p->dv + at_kv,
                   shape->kv_stride, 0, scratch);
    ck_gemm_serial(p->level, p->type, false, true, t, s, d, dout, width, p->v + at_kv, shape->kv_stride, 0, scores, s,
                   0, scratch);
    p->elementwise->softmax_gradient(scores, probabilities, scores, shape->scale, t, s);
    ck_gemm_serial(p->level, p->type, false, false, t, d, s, scores, s, p->k + at_kv, shape->kv_stride, 0,
                   p->dq + at_q, shape->q_stride, 0, scratch);
    ck_gemm_serial(p->level, p->type, true, false, s, d, t, scores, s, p->q + at_q, shape->q_stride, 0, p->dk + at_kv,
                   shape->kv_stride, 0, scratch);
    ck_free(scratch, bytes);
}

void ck_attention_forward(enum ck_level level, enum ck_type type, const struct ck_attention *shape, float *out,
                          float *probabilities, const float *q, const float *k, const float *v) {
    struct attention p = {.shape = *shape, .level = level, .type = type, .elementwise = ck_elementwise_for(level),
                          .out = out, .probabilities = probabilities, .q = q, .k = k, .v = v};
    p.scratch = scratch_bytes(&p);
    ck_parallel(shape->batch * shape->heads, forward, &p);
}

void ck_attention_gradient(enum ck_level level, enum ck_type type, const struct ck_attention *shape, float *dq,
                           float *dk, float *dv, const float *dout, const float *probabilities, const float *q,
                           const float *k, const float *v) {
    struct attention p = {.shape = *shape, .level = level, .type = type, .elementwise = ck_elementwise_for(level),
                          .dq = dq, .dk = dk, .dv = dv, .dout = dout, .saved = probabilities, .q = q, .k = k, .v = v};
    p.scratch = scratch_bytes(&p);
    ck_parallel(shape->batch * shape->heads, gradient, &p);
}
