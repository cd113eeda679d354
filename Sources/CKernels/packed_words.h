// The 32-bit elements of packed matrices: how many there are, and how values become part of them.

#pragma once

#include <stdint.h>
#include <string.h>

#include "ck_packed.h"

static inline size_t unit_of(enum ck_type type) { return type == CK_INT8 ? 4 : type == CK_BF16 ? 2 : 1; }

static inline size_t steps_of(enum ck_type type, size_t inputs) { return (inputs + unit_of(type) - 1) / unit_of(type); }

static inline size_t panels_of(size_t outputs) { return (outputs + ck_panel_width - 1) / ck_panel_width; }

static inline uint32_t raw_bits(float value) {
    uint32_t raw;
    memcpy(&raw, &value, 4);
    return raw;
}

static inline uint32_t rounded(float value) {
    uint32_t raw = raw_bits(value);
    return (raw & 0x7fffffff) > 0x7f800000u ? raw >> 16 | 0x40 : (raw + 0x7fff + (raw >> 16 & 1)) >> 16;
}

/// To the nearest integer, ties to even: adding 1.5·2^23 leaves the integer in the low bits.
static inline int32_t nearest(float value) {
    return (int32_t)(raw_bits(value + 12582912.0f) - 0x4b400000u);
}

static inline float largest(const float *values, size_t count) {
    float top = 0;
    for (size_t i = 0; i < count; i++) {
        float magnitude = values[i] < 0 ? -values[i] : values[i];
        top = magnitude > top ? magnitude : top;
    }
    return top;
}
