// Tiles for NEON: 24 of the 32 vector registers hold sums. Six rows of 16 columns for products of two tensors, three of 32
// for packed weights.

#if defined(__aarch64__)
#include <arm_neon.h>

#include "gemm_kernel.h"
#include "packed_kernel.h"

#define INLINE static inline __attribute__((always_inline))

INLINE void tile_rows(const int rows, const int vectors, size_t columns, size_t steps, const uint32_t *a, size_t a_row,
                      size_t a_step, const uint32_t *b, float *c, size_t ldc, int accumulate, const float *bias) {
    float32x4_t sums[6][8];
    for (int row = 0; row < rows; row++)
        for (int i = 0; i < vectors; i++) sums[row][i] = vdupq_n_f32(0);
    for (size_t step = 0; step < steps; step++) {
        const float *line = (const float *)(const void *)b + step * 4 * (size_t)vectors;
        for (int i = 0; i < vectors; i++) {
            float32x4_t right = vld1q_f32(line + 4 * i);
            for (int row = 0; row < rows; row++) {
                const float *left = (const float *)(const void *)a + (size_t)row * a_row + step * a_step;
                sums[row][i] = vfmaq_n_f32(sums[row][i], right, *left);
            }
        }
    }
    for (int row = 0; row < rows; row++) {
        float line[32];
        for (int i = 0; i < vectors; i++) vst1q_f32(line + 4 * i, sums[row][i]);
        float *out = c + (size_t)row * ldc;
        for (size_t column = 0; column < columns; column++) {
            float sum = line[column];
            if (bias) sum += bias[column];
            if (accumulate) sum += out[column];
            out[column] = sum;
        }
    }
}

#define ROWS(n, vectors) \
    case n: tile_rows(n, vectors, columns, steps, a, a_row, a_step, b, c, ldc, accumulate, bias); break;

static void tile(size_t rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row, size_t a_step,
                 const uint32_t *b, float *c, size_t ldc, int accumulate, const float *bias) {
    switch (rows) { ROWS(1, 4) ROWS(2, 4) ROWS(3, 4) ROWS(4, 4) ROWS(5, 4) ROWS(6, 4) }
}

void tile_f32_panel_neon(size_t rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row, size_t a_step,
                         const uint32_t *b, float *c, size_t ldc, int accumulate, const float *bias) {
    switch (rows) { ROWS(1, 8) ROWS(2, 8) ROWS(3, 8) }
}

const struct gemm_kernel gemm_f32_neon = {.height = 6, .width = 16, .unit = 1, .tile = tile};
#endif
