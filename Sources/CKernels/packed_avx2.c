// Tiles of 3 rows over panels of 32 outputs: 12 of the 16 vector registers hold sums. bfloat16 is widened on the way.

#if defined(__x86_64__)
#include <immintrin.h>

#include "packed_kernel.h"

enum { height = 3, vectors = 4, width = 8 * vectors };

#define TARGET __attribute__((target("avx2,fma")))
#define INLINE static inline __attribute__((always_inline))

INLINE TARGET void store(const int rows, __m256 sums[height][vectors], size_t columns, float *c, size_t ldc,
                         int accumulate, const float *bias) {
    for (int row = 0; row < rows; row++) {
        float line[width];
        for (int i = 0; i < vectors; i++) _mm256_storeu_ps(line + 8 * i, sums[row][i]);
        float *out = c + (size_t)row * ldc;
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
#endif
