// Attention of a few new tokens to all that came before them: every key and value is read once, so that memory decides.

#include "ck_cached_attention.h"

#include <string.h>

#include "ck_elementwise.h"
#include "ck_memory.h"
#include "ck_pool.h"
#include "clones.h"

enum {
    side = 16,        // keys of a block, and channels that values are filled up to
    chains = 4,       // sums side by side: one alone would wait for each of its additions
    on_stack = 1024,  // scores that need no memory from the heap
};

typedef float lanes __attribute__((vector_size(4 * side), aligned(4)));

static inline size_t whole(size_t count) { return (count + side - 1) / side * side; }

static inline size_t key_size(const struct ck_cached_attention *form) { return whole(form->capacity) * form->dim; }

static inline size_t head_size(const struct ck_cached_attention *form) {
    return whole(key_size(form)) + form->capacity * whole(form->dim);
}

size_t ck_cached_attention_size(const struct ck_cached_attention *form) {
    return form->rows * form->heads * head_size(form);
}

/// scores = products of q with the keys of `blocks` blocks.
CK_CLONES static void meet(float *scores, const float *q, const float *keys, size_t dim, size_t blocks) {
    for (size_t block = 0; block < blocks; block++) {
        lanes sums[chains];
        memset(sums, 0, sizeof sums);
        size_t channel = 0;
        for (; channel + chains <= dim; channel += chains) {
            for (size_t i = 0; i < chains; i++) {
                lanes key;
                memcpy(&key, keys + (channel + i) * side, sizeof key);
                sums[i] += q[channel + i] * key;
            }
        }
        for (; channel < dim; channel++) {
            lanes key;
            memcpy(&key, keys + channel * side, sizeof key);
            sums[0] += q[channel] * key;
        }
        lanes all = (sums[0] + sums[1]) + (sums[2] + sums[3]);
        memcpy(scores + block * side, &all, sizeof all);
        keys += dim * side;
    }
}

/// out = the mean of `length` rows of values by their weights.
CK_CLONES static void mix(float *out, const float *weights, const float *values, size_t dim, size_t length) {
    size_t width = whole(dim);
    for (size_t channel = 0; channel < dim; channel += chains * side) {
        size_t parts = (width - channel) / side < chains ? (width - channel) / side : chains;
        lanes sums[chains];
        memset(sums, 0, sizeof sums);
        const float *row = values + channel;
        if (parts == chains) {
            for (size_t token = 0; token < length; token++, row += width) {
                for (size_t i = 0; i < chains; i++) {
                    lanes value;
                    memcpy(&value, row + i * side, sizeof value);
                    sums[i] += weights[token] * value;
                }
            }
        } else {
            for (size_t token = 0; token < length; token++, row += width) {
                for (size_t i = 0; i < parts; i++) {
                    lanes value;
                    memcpy(&value, row + i * side, sizeof value);
                    sums[i] += weights[token] * value;
                }
            }
        }
        size_t count = dim - channel < parts * side ? dim - channel : parts * side;
        memcpy(out + channel, sums, count * sizeof(float));
    }
}

struct work {
    const struct ck_cached_attention *form;
    const struct ck_elementwise *elementwise;
    float *cache;
    size_t position, tokens;
    const float *qkv;
    float *out;
};

static void attend(void *context, size_t index, int thread) {
    (void)thread;
    const struct work *w = context;
    const struct ck_cached_attention *form = w->form;
    size_t dim = form->dim, width = form->heads * dim, filled = whole(dim);
    size_t row = index / form->heads, head = index % form->heads;
    float *keys = w->cache + index * head_size(form), *values = keys + whole(key_size(form));
    const float *qkv = w->qkv + row * w->tokens * 3 * width + head * dim;
    float *out = w->out + row * w->tokens * width + head * dim;
    size_t last = w->position + w->tokens;
    float few[on_stack], *scores = whole(last) <= on_stack ? few : ck_allocate(whole(last) * sizeof(float));
    for (size_t token = 0; token < w->tokens; token++) {
        size_t place = w->position + token, length = place + 1;
        const float *q = qkv + token * 3 * width, *k = q + width, *v = k + width;
        float *key = keys + place / side * side * dim + place % side;
        for (size_t channel = 0; channel < dim; channel++) key[channel * side] = k[channel];
        memcpy(values + place * filled, v, dim * sizeof(float));
        meet(scores, q, keys, dim, (length + side - 1) / side);
        w->elementwise->softmax(scores, scores, form->scale, 0, 1, length);
        mix(out + token * width, scores, values, dim, length);
    }
    if (scores != few) ck_free(scores, whole(last) * sizeof(float));
}

void ck_cached_attention(enum ck_level level, const struct ck_cached_attention *form, float *cache, size_t position,
                         size_t tokens, const float *qkv, float *out) {
    struct work w = {.form = form, .elementwise = ck_elementwise_for(level), .cache = cache, .position = position,
                     .tokens = tokens, .qkv = qkv, .out = out};
    ck_parallel(form->rows * form->heads, attend, &w);
}

void ck_cached_attention_read(const struct ck_cached_attention *form, const float *cache, size_t length, float *keys,
                              float *values) {
    size_t dim = form->dim;
    for (size_t index = 0; index < form->rows * form->heads; index++) {
        const float *from_keys = cache + index * head_size(form), *from_values = from_keys + whole(key_size(form));
        for (size_t token = 0; token < length; token++) {
            float *key = keys + (index * length + token) * dim;
            const float *from = from_keys + token / side * side * dim + token % side;
            for (size_t channel = 0; channel < dim; channel++) key[channel] = from[channel * side];
            memcpy(values + (index * length + token) * dim, from_values + token * whole(dim), dim * sizeof(float));
        }
    }
}
