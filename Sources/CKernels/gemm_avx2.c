// Tiles of 6 rows and 16 columns: 12 of the 16 vector registers hold sums.

#if defined(__x86_64__)
#include <immintrin.h>

#include "gemm_kernel.h"

enum { height = 6, width = 16 };

#define TARGET __attribute__((target("avx2,fma")))

static inline __attribute__((always_inline)) TARGET void tile_rows(const int rows, size_t columns, size_t steps,
                                                                   const uint32_t *a, size_t a_row, size_t a_step,
                                                                   const uint32_t *b, float *c, size_t ldc,
                                                                   int accumulate, const float *bias) {
    __m256 sums[height][2];
    _Pragma("unroll") for (int row = 0; row < rows; row++) sums[row][0] = sums[row][1] = _mm256_setzero_ps();
    for (size_t step = 0; step < steps; step++) {
        __m256 first = _mm256_load_ps((const float *)b), second = _mm256_load_ps((const float *)b + 8);
        _Pragma("unroll") for (int row = 0; row < rows; row++) {
            __m256 left = _mm256_broadcast_ss((const float *)a + row * a_row);
            sums[row][0] = _mm256_fmadd_ps(left, first, sums[row][0]);
            sums[row][1] = _mm256_fmadd_ps(left, second, sums[row][1]);
        }
        a += a_step;
        b += width;
    }
    float line[width];
    _Pragma("unroll") for (int row = 0; row < rows; row++) {
        _mm256_storeu_ps(line, sums[row][0]);
        _mm256_storeu_ps(line + 8, sums[row][1]);
        float *out = c + row * ldc;
        for (size_t column = 0; column < columns; column++) {
            float sum = line[column];
            if (bias) sum += bias[column];
            if (accumulate) sum += out[column];
            out[column] = sum;
        }
    }
}

static TARGET void tile(size_t rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row, size_t a_step,
                        const uint32_t *b, float *c, size_t ldc, int accumulate, const float *bias) {
    switch (rows) {
#define ROWS(n) \
    case n: tile_rows(n, columns, steps, a, a_row, a_step, b, c, ldc, accumulate, bias); break;
        ROWS(1) ROWS(2) ROWS(3) ROWS(4) ROWS(5) ROWS(6)
#undef ROWS
    }
}

const struct gemm_kernel gemm_f32_avx2 = {.height = height, .width = width, .unit = 1, .tile = tile};
#endif
