// Tiles of 3 rows over panels of 32 outputs: 12 of the 16 vector registers hold sums. bfloat16 is widened on the way.

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "packed_kernel.h"
#include "packed_words.h"

enum { height = avx2_height, vectors = 4, width = 8 * vectors };

#define TARGET __attribute__((target("avx2,fma")))
#define INLINE static inline __attribute__((always_inline))

INLINE TARGET void store(const int rows, __m256 sums[height][vectors], size_t columns, float *c, size_t ldc,
                         int accumulate, const float *bias) {
    for (int row = 0; row < rows; row++) {
        float *out = c + (size_t)row * ldc;
        if (columns == width) {
            for (int i = 0; i < vectors; i++) {
                __m256 sum = sums[row][i];
                if (bias) sum = _mm256_add_ps(sum, _mm256_loadu_ps(bias + 8 * i));
                if (accumulate) sum = _mm256_add_ps(sum, _mm256_loadu_ps(out + 8 * i));
                _mm256_storeu_ps(out + 8 * i, sum);
            }
            continue;
        }
        float line[width];
        for (int i = 0; i < vectors; i++) _mm256_storeu_ps(line + 8 * i, sums[row][i]);
        for (size_t column = 0; column < columns; column++) {
            float sum = line[column];
            if (bias) sum += bias[column];
            if (accumulate) sum += out[column];
            out[column] = sum;
        }
    }
}

INLINE TARGET __m256 low_half(__m256i pairs) { return _mm256_castsi256_ps(_mm256_slli_epi32(pairs, 16)); }

INLINE TARGET __m256 high_half(__m256i pairs) {
    return _mm256_castsi256_ps(_mm256_and_si256(pairs, _mm256_set1_epi32((int)0xffff0000)));
}

INLINE TARGET void rows_f32(const int rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row, size_t a_step,
                            const uint32_t *b, float *c, size_t ldc, int accumulate, const float *bias) {
    __m256 sums[height][vectors];
    for (int row = 0; row < rows; row++)
        for (int i = 0; i < vectors; i++) sums[row][i] = _mm256_setzero_ps();
    for (size_t step = 0; step < steps; step++) {
        const float *line = (const float *)b + step * width;
        __m256 left[height];
        for (int row = 0; row < rows; row++)
            left[row] = _mm256_broadcast_ss((const float *)a + (size_t)row * a_row + step * a_step);
        for (int i = 0; i < vectors; i++) {
            __m256 right = _mm256_load_ps(line + 8 * i);
            for (int row = 0; row < rows; row++) sums[row][i] = _mm256_fmadd_ps(left[row], right, sums[row][i]);
        }
    }
    store(rows, sums, columns, c, ldc, accumulate, bias);
}

INLINE TARGET void rows_bf16(const int rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row,
                             size_t a_step, const uint32_t *b, float *c, size_t ldc, int accumulate,
                             const float *bias) {
    __m256 sums[height][vectors];
    for (int row = 0; row < rows; row++)
        for (int i = 0; i < vectors; i++) sums[row][i] = _mm256_setzero_ps();
    for (size_t step = 0; step < steps; step++) {
        const uint32_t *line = b + step * width;
        for (int i = 0; i < vectors; i++) {
            __m256i right = _mm256_load_si256((const __m256i *)(const void *)(line + 8 * i));
            for (int row = 0; row < rows; row++) {
                __m256i left = _mm256_set1_epi32((int)a[(size_t)row * a_row + step * a_step]);
                sums[row][i] = _mm256_fmadd_ps(low_half(left), low_half(right), sums[row][i]);
                sums[row][i] = _mm256_fmadd_ps(high_half(left), high_half(right), sums[row][i]);
            }
        }
    }
    store(rows, sums, columns, c, ldc, accumulate, bias);
}

#define TILE(NAME, ROWS)                                                                                              \
    TARGET void NAME(size_t rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row, size_t a_step,       \
                     const uint32_t *b, float *c, size_t ldc, int accumulate, const float *bias) {                    \
        switch (rows) {                                                                                               \
            case 1: ROWS(1, columns, steps, a, a_row, a_step, b, c, ldc, accumulate, bias); break;                    \
            case 2: ROWS(2, columns, steps, a, a_row, a_step, b, c, ldc, accumulate, bias); break;                    \
            case 3: ROWS(3, columns, steps, a, a_row, a_step, b, c, ldc, accumulate, bias); break;                    \
        }                                                                                                             \
    }

TILE(tile_f32_panel_avx2, rows_f32)
TILE(tile_bf16_panel_avx2, rows_bf16)

/// Sums over k of activations and weights, both widened to 16 bits, for some rows and a quarter of a panel: vpmaddubsw would
/// multiply twice as many at a time, but its sums of two products do not fit into 16 bits. An element of four values of k
/// becomes two sums of two for every output, which are added at the end.
INLINE TARGET void quarter_int8(const int rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row,
                                const uint32_t *b, float *c, size_t ldc, const struct int8_factors *factors,
                                const float *bias) {
    __m256i sums[avx2_int8_height][2];
    for (int row = 0; row < rows; row++)
        for (int i = 0; i < 2; i++) sums[row][i] = _mm256_setzero_si256();
    for (size_t step = 0; step < steps; step++) {
        __m256i right[2];
        for (int i = 0; i < 2; i++)
            right[i] = _mm256_cvtepi8_epi16(_mm_load_si128((const __m128i *)(const void *)(b + step * width + 4 * i)));
        for (int row = 0; row < rows; row++) {
            long long four;
            memcpy(&four, (const uint64_t *)(const void *)(a + (size_t)row * a_row) + step, sizeof four);
            __m256i left = _mm256_set1_epi64x(four);
            for (int i = 0; i < 2; i++) sums[row][i] = _mm256_add_epi32(sums[row][i], _mm256_madd_epi16(left, right[i]));
        }
    }
    for (int row = 0; row < rows; row++) {
        float line[8];
        float *out = c + (size_t)row * ldc;
        // The sums of neighbours come in the order 0 1 4 5 2 3 6 7.
        __m256i mixed = _mm256_hadd_epi32(sums[row][0], sums[row][1]);
        __m256 whole = _mm256_cvtepi32_ps(_mm256_permute4x64_epi64(mixed, 0xd8));
        if (columns == 8) {
            __m256 factor = _mm256_mul_ps(_mm256_set1_ps(factors->rows[row]), _mm256_loadu_ps(factors->columns));
            whole = _mm256_mul_ps(whole, factor);
            if (bias) whole = _mm256_add_ps(whole, _mm256_loadu_ps(bias));
            _mm256_storeu_ps(out, whole);
            continue;
        }
        _mm256_storeu_ps(line, whole);
        for (size_t column = 0; column < columns; column++) {
            float value = line[column] * (factors->rows[row] * factors->columns[column]);
            out[column] = bias ? value + bias[column] : value;
        }
    }
}

INLINE TARGET void rows_int8(const int rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row, const uint32_t *b,
                             float *c, size_t ldc, const struct int8_factors *factors, const float *bias) {
    for (size_t first = 0; first < columns; first += 8) {
        struct int8_factors part = {factors->rows, factors->columns + first, NULL};
        quarter_int8(rows, columns - first < 8 ? columns - first : 8, steps, a, a_row, b + first, c + first, ldc, &part,
                     bias ? bias + first : NULL);
    }
}

TARGET void tile_int8_avx2(size_t rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row, const uint32_t *b,
                           float *c, size_t ldc, const struct int8_factors *factors, const float *bias) {
    switch (rows) {
        case 1: rows_int8(1, columns, steps, a, a_row, b, c, ldc, factors, bias); break;
        case 2: rows_int8(2, columns, steps, a, a_row, b, c, ldc, factors, bias); break;
        case 3: rows_int8(3, columns, steps, a, a_row, b, c, ldc, factors, bias); break;
        case 4: rows_int8(4, columns, steps, a, a_row, b, c, ldc, factors, bias); break;
        case 5: rows_int8(5, columns, steps, a, a_row, b, c, ldc, factors, bias); break;
        case 6: rows_int8(6, columns, steps, a, a_row, b, c, ldc, factors, bias); break;
    }
}

TARGET float largest_avx2(const float *values, size_t count) {
    __m256 tops = _mm256_setzero_ps(), magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
    size_t i = 0;
    for (; i + 8 <= count; i += 8) tops = _mm256_max_ps(_mm256_and_ps(_mm256_loadu_ps(values + i), magnitude), tops);
    float lanes[8], top = largest(values + i, count - i);
    _mm256_storeu_ps(lanes, tops);
    for (int lane = 0; lane < 8; lane++) top = lanes[lane] > top ? lanes[lane] : top;
    return top;
}

TARGET float round_int8_avx2(uint8_t *out, const float *values, size_t count) {
    float top = largest_avx2(values, count), inverse = top > 0 ? 127 / top : 0;
    size_t i = 0;
    int16_t *wide = (int16_t *)(void *)out;
    __m256 factor = _mm256_set1_ps(inverse);
    // Conversions round to the nearest, ties to even, as `nearest` does.
    for (i = 0; i + 16 <= count; i += 16) {
        __m256i low = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(values + i), factor));
        __m256i high = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(values + i + 8), factor));
        // Packing goes by halves of a register.
        __m256i both = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xd8);
        _mm256_storeu_si256((__m256i *)(void *)(wide + i), both);
    }
    for (; i < count; i++) wide[i] = (int16_t)nearest(values[i] * inverse);
    for (; i % 4 != 0; i++) wide[i] = 0;
    return top / 127;
}
#endif
