// int8 tiles of 6 rows and 16 columns with vpdpbusd on registers of 256 bits. CPUs have the instruction in one of two encodings:
// that of AVX-VNNI, or that of AVX-512 VNNI with VL. The same loops are compiled for both.

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "packed_kernel.h"
#include "packed_words.h"

enum { height = avxvnni_height, part = 16 };

#define INLINE static inline __attribute__((always_inline))
#define AVX2 __attribute__((target("avx2,fma")))

/// Writes the sums of a row and 8 columns to c, scaled.
INLINE AVX2 void put(float *c, size_t columns, __m256i sums, size_t column, float row, const struct int8_factors *factors,
                     const float *bias) {
    if (columns >= column + 8) {
        __m256i correction = _mm256_slli_epi32(_mm256_loadu_si256((const __m256i *)(const void *)(factors->sums + column)), 7);
        __m256 sum = _mm256_cvtepi32_ps(_mm256_sub_epi32(sums, correction));
        __m256 value = _mm256_mul_ps(sum, _mm256_mul_ps(_mm256_set1_ps(row), _mm256_loadu_ps(factors->columns + column)));
        if (bias) value = _mm256_add_ps(value, _mm256_loadu_ps(bias + column));
        _mm256_storeu_ps(c + column, value);
        return;
    }
    int32_t line[8];
    _mm256_storeu_si256((__m256i *)(void *)line, sums);
    for (size_t i = 0; column + i < columns; i++) {
        size_t at = column + i;
        float value = (float)(line[i] - factors->sums[at] * 128) * (row * factors->columns[at]);
        c[at] = bias ? value + bias[at] : value;
    }
}

#define TILE(NAME, TARGET, DOT)                                                                                                  \
    INLINE TARGET void NAME##_rows(const int rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row,                \
                                   const uint32_t *b, float *c, size_t ldc, const struct int8_factors *factors,                  \
                                   const float *bias) {                                                                          \
        for (size_t first = 0; first < columns; first += part) {                                                                 \
            __m256i sums[height][2];                                                                                             \
            _Pragma("unroll") for (int row = 0; row < rows; row++) sums[row][0] = sums[row][1] = _mm256_setzero_si256();         \
            for (size_t step = 0; step < steps; step++) {                                                                        \
                const __m256i *line = (const __m256i *)(const void *)(b + step * ck_panel_width + first);                        \
                __m256i low = _mm256_load_si256(line), high = _mm256_load_si256(line + 1);                                       \
                _Pragma("unroll") for (int row = 0; row < rows; row++) {                                                         \
                    __m256i left = _mm256_set1_epi32((int)a[(size_t)row * a_row + step]);                                        \
                    sums[row][0] = DOT(sums[row][0], left, low);                                                                 \
                    sums[row][1] = DOT(sums[row][1], left, high);                                                                \
                }                                                                                                                \
            }                                                                                                                    \
            _Pragma("unroll") for (int row = 0; row < rows; row++) {                                                             \
                put(c + (size_t)row * ldc, columns, sums[row][0], first, factors->rows[row], factors, bias);                     \
                if (first + 8 < columns)                                                                                         \
                    put(c + (size_t)row * ldc, columns, sums[row][1], first + 8, factors->rows[row], factors, bias);             \
            }                                                                                                                    \
        }                                                                                                                        \
    }                                                                                                                            \
    static TARGET void NAME(size_t rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row, const uint32_t *b,       \
                            float *c, size_t ldc, const struct int8_factors *factors, const float *bias) {                       \
        switch (rows) {                                                                                                          \
            case 1: NAME##_rows(1, columns, steps, a, a_row, b, c, ldc, factors, bias); break;                                   \
            case 2: NAME##_rows(2, columns, steps, a, a_row, b, c, ldc, factors, bias); break;                                   \
            case 3: NAME##_rows(3, columns, steps, a, a_row, b, c, ldc, factors, bias); break;                                   \
            case 4: NAME##_rows(4, columns, steps, a, a_row, b, c, ldc, factors, bias); break;                                   \
            case 5: NAME##_rows(5, columns, steps, a, a_row, b, c, ldc, factors, bias); break;                                   \
            case 6: NAME##_rows(6, columns, steps, a, a_row, b, c, ldc, factors, bias); break;                                   \
        }                                                                                                                        \
    }

TILE(tile_short, __attribute__((target("avx2,fma,avxvnni"))), _mm256_dpbusd_avx_epi32)
TILE(tile_long, __attribute__((target("avx2,fma,avx512vl,avx512vnni"))), _mm256_dpbusd_epi32)

int8_tile tile_int8_avxvnni(void) {
    if (ck_has_avx_vnni()) return tile_short;
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni") ? tile_long : NULL;
}

AVX2 float round_int8_bytes_avx2(uint8_t *out, const float *values, size_t count) {
    float top = largest_avx2(values, count), inverse = top > 0 ? 127 / top : 0;
    __m256 factor = _mm256_set1_ps(inverse);
    size_t i = 0;
    for (; i + 32 <= count; i += 32) {
        __m256i whole[4];
        // Conversions round to the nearest, ties to even, as `nearest` does.
        _Pragma("unroll") for (int j = 0; j < 4; j++)
            whole[j] = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(values + i + 8 * j), factor));
        // Packing goes by halves of a register: 32-bit words then lie as 0, 2, 4, 6, 1, 3, 5, 7.
        __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(whole[0], whole[1]), _mm256_packs_epi32(whole[2], whole[3]));
        bytes = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
        _mm256_storeu_si256((__m256i *)(void *)(out + i), _mm256_xor_si256(bytes, _mm256_set1_epi8((char)0x80)));
    }
    for (; i < count; i++) out[i] = (uint8_t)(nearest(values[i] * inverse) + 128);
    for (; i % 4 != 0; i++) out[i] = 0;
    return top / 127;
}
#endif
