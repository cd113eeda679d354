#pragma once
#include <stddef.h>

#include "ck_cpu.h"

/// The keys and values that one layer of a causal transformer keeps of the tokens it has read. For every row (a sequence)
/// and every head: keys in blocks of 16 tokens, [block][channel][16], so that one query meets 16 keys at a time; then
/// values, token by token, channels filled up to a multiple of 16.
struct ck_cached_attention {
    size_t rows, heads, dim, capacity;
    float scale;
};

/// Values (of float32) that a layer takes. They must be zero at the start.
size_t ck_cached_attention_size(const struct ck_cached_attention *form);

/// Keeps the keys and values of `tokens` new tokens of every row, the first of them at place `position`, and gives the
/// attention of their queries, each to the keys up to its own: out[rows, tokens, heads·dim] from
/// qkv[rows, tokens, 3·heads·dim], laid out [3][head][channel]. All float32, a head of a row to a job of the pool.
void ck_cached_attention(enum ck_level level, const struct ck_cached_attention *form, float *cache, size_t position,
                         size_t tokens, const float *qkv, float *out);

/// The first `length` keys and values, as [rows, heads, length, dim] each.
void ck_cached_attention_read(const struct ck_cached_attention *form, const float *cache, size_t length, float *keys,
                              float *values);
