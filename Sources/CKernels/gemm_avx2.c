// Tiles of 6 rows and 16 columns: 12 of the 16 vector registers hold sums.

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "gemm_kernel.h"

enum { height = 6, width = 16 };

#define TARGET __attribute__((target("avx2,fma")))

/// Writes a row's sums; through memory only where they are not all wanted, since what was just written by vectors is slow to
/// read back in other pieces.
static inline __attribute__((always_inline)) TARGET void put(float *out, size_t columns, const __m256 sums[2], int accumulate,
                                                             const float *bias) {
    if (columns == width) {
        for (int half = 0; half < 2; half++) {
            __m256 sum = sums[half];
            if (bias) sum = _mm256_add_ps(sum, _mm256_loadu_ps(bias + 8 * half));
            if (accumulate) sum = _mm256_add_ps(sum, _mm256_loadu_ps(out + 8 * half));
            _mm256_storeu_ps(out + 8 * half, sum);
        }
        return;
    }
    float line[width];
    _mm256_storeu_ps(line, sums[0]);
    _mm256_storeu_ps(line + 8, sums[1]);
    for (size_t column = 0; column < columns; column++) {
        float sum = line[column];
        if (bias) sum += bias[column];
        if (accumulate) sum += out[column];
        out[column] = sum;
    }
}

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
    _Pragma("unroll") for (int row = 0; row < rows; row++) put(c + row * ldc, columns, sums[row], accumulate, bias);
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

/// Eight rows of eight values become eight columns.
static inline __attribute__((always_inline)) TARGET void transpose(__m256 x[8]) {
    __m256 pairs[8], fours[8];
    for (int i = 0; i < 8; i += 2) {
        pairs[i] = _mm256_unpacklo_ps(x[i], x[i + 1]);
        pairs[i + 1] = _mm256_unpackhi_ps(x[i], x[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        for (int half = 0; half < 2; half++) {
            fours[i + 2 * half] = _mm256_shuffle_ps(pairs[i + half], pairs[i + half + 2], 0x44);
            fours[i + 2 * half + 1] = _mm256_shuffle_ps(pairs[i + half], pairs[i + half + 2], 0xee);
        }
    }
    for (int i = 0; i < 4; i++) {
        x[i] = _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x20);
        x[i + 4] = _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x31);
    }
}

static TARGET size_t pack(uint32_t *out, size_t stride, const float *source, size_t across, size_t lines, size_t steps) {
    size_t line = 0;
    for (; line + 8 <= lines; line += 8) {
        const float *from = source + line * across;
        size_t step = 0;
        for (; step + 8 <= steps; step += 8) {
            __m256 x[8];
            for (int i = 0; i < 8; i++) x[i] = _mm256_loadu_ps(from + (size_t)i * across + step);
            transpose(x);
            for (int i = 0; i < 8; i++) _mm256_storeu_ps((float *)(void *)(out + (step + (size_t)i) * stride + line), x[i]);
        }
        for (; step < steps; step++)
            for (int i = 0; i < 8; i++) memcpy(out + step * stride + line + i, from + (size_t)i * across + step, sizeof(float));
    }
    return line;
}

const struct gemm_kernel gemm_f32_avx2 = {.height = height, .width = width, .unit = 1, .tile = tile, .pack = pack};
#endif
