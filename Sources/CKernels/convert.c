// Conversions between float32 and the storage types of checkpoints. Branch-free bodies, so that the compiler vectorises
// them for the baseline of every CPU.

#include "ck_convert.h"

#include <string.h>

#include "clones.h"

static inline uint32_t bits(float value) {
    uint32_t raw;
    memcpy(&raw, &value, 4);
    return raw;
}

static inline float value(uint32_t raw) {
    float result;
    memcpy(&result, &raw, 4);
    return result;
}

static inline float widen_f16(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    uint32_t magnitude = half & 0x7fff;
    // Subnormal halves go by way of 2^-14 (1 + m / 1024), since their bits alone would be a subnormal float32, which
    // the threads of the pool read as zero.
    uint32_t small = bits(value((magnitude << 13) + 0x38800000u) - 0x1p-14f);
    uint32_t finite = magnitude < 0x400 ? small : (magnitude << 13) + 0x38000000u;
    uint32_t infinite = magnitude >= 0x7c00 ? 0x7f800000u | (magnitude & 0x3ff) << 13 : finite;
    return value(sign | infinite);
}

static inline uint16_t narrow_f16(float input) {
    uint32_t raw = bits(input);
    uint32_t sign = raw >> 16 & 0x8000;
    uint32_t magnitude = raw & 0x7fffffff;
    // Adding half a unit of the subnormal spacing lets the FPU do the rounding for small values.
    uint32_t small = bits(value(magnitude) + 0.5f) - 0x3f000000u;
    uint32_t normal = (magnitude + 0xfffu + (magnitude >> 13 & 1) - 0x38000000u) >> 13;
    uint32_t result = magnitude < 0x38800000u ? small : normal;
    result = magnitude >= 0x477ff000u ? 0x7c00 : result;
    result = magnitude > 0x7f800000u ? 0x7e00 : result;
    return (uint16_t)(sign | result);
}

static inline uint16_t narrow_bf16(float input) {
    uint32_t raw = bits(input);
    uint32_t rounded = (raw + 0x7fff + (raw >> 16 & 1)) >> 16;
    return (uint16_t)((raw & 0x7fffffff) > 0x7f800000u ? (raw >> 16 | 0x40) : rounded);
}

CK_CLONES void ck_f32_from_f16(float *out, const void *in, size_t count) {
    const char *source = in;
    for (size_t i = 0; i < count; i++) {
        uint16_t half;
        memcpy(&half, source + 2 * i, 2);
        out[i] = widen_f16(half);
    }
}

CK_CLONES void ck_f32_from_bf16(float *out, const void *in, size_t count) {
    const char *source = in;
    for (size_t i = 0; i < count; i++) {
        uint16_t half;
        memcpy(&half, source + 2 * i, 2);
        out[i] = value((uint32_t)half << 16);
    }
}

CK_CLONES void ck_f32_from_f64(float *out, const void *in, size_t count) {
    const char *source = in;
    for (size_t i = 0; i < count; i++) {
        double wide;
        memcpy(&wide, source + 8 * i, 8);
        out[i] = (float)wide;
    }
}

CK_CLONES void ck_f16_from_f32(uint16_t *out, const float *in, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = narrow_f16(in[i]);
}

CK_CLONES void ck_bf16_from_f32(uint16_t *out, const float *in, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = narrow_bf16(in[i]);
}

size_t ck_count_nonfinite_f32(const float *in, size_t count, size_t *first) {
    size_t total = 0;
    for (size_t i = 0; i < count; i++) total += (bits(in[i]) & 0x7f800000u) == 0x7f800000u;
    *first = count;
    if (total > 0) {
        for (size_t i = 0; i < count; i++) {
            if ((bits(in[i]) & 0x7f800000u) == 0x7f800000u) {
                *first = i;
                break;
            }
        }
    }
    return total;
}

CK_CLONES size_t ck_count_nonfinite_bf16(const void *in, size_t count) {
    const char *source = in;
    size_t total = 0;
    for (size_t start = 0; start < count; start += 1 << 12) {
        uint16_t found = 0;
        for (size_t i = start; i < count && i < start + (1 << 12); i++) {
            uint16_t value;
            memcpy(&value, source + 2 * i, 2);
            found += (value & 0x7f80) == 0x7f80;
        }
        total += found;
    }
    return total;
}
