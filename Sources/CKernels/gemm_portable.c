// The reference kernels: what the SIMD kernels are tested against, and what runs where there is no other.

#include <string.h>

#include "gemm_kernel.h"

enum { height = 4, width = 16 };

static inline float as_float(uint32_t raw) {
    float result;
    memcpy(&result, &raw, 4);
    return result;
}

#define TILE(name, product)                                                                                          \
    static void name(size_t rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row, size_t a_step,        \
                     const uint32_t *b, float *c, size_t ldc, int accumulate, const float *bias) {                     \
        float sums[height][width];                                                                                     \
        memset(sums, 0, sizeof sums);                                                                                  \
        for (size_t step = 0; step < steps; step++) {                                                                  \
            const uint32_t *line = b + step * width;                                                                   \
            for (size_t row = 0; row < rows; row++) {                                                                  \
                uint32_t left = a[row * a_row + step * a_step];                                                        \
                for (size_t column = 0; column < width; column++) product;                                             \
            }                                                                                                          \
        }                                                                                                              \
        for (size_t row = 0; row < rows; row++) {                                                                      \
            for (size_t column = 0; column < columns; column++) {                                                      \
                float sum = sums[row][column];                                                                         \
                if (bias) sum += bias[column];                                                                         \
                if (accumulate) sum += c[row * ldc + column];                                                          \
                c[row * ldc + column] = sum;                                                                           \
            }                                                                                                          \
        }                                                                                                              \
    }

TILE(tile_f32, sums[row][column] += as_float(left) * as_float(line[column]))
TILE(tile_bf16, sums[row][column] += as_float(left << 16) * as_float(line[column] << 16) +
                                     as_float(left & 0xffff0000u) * as_float(line[column] & 0xffff0000u))

const struct gemm_kernel gemm_f32_portable = {.height = height, .width = width, .unit = 1, .tile = tile_f32};
const struct gemm_kernel gemm_bf16_portable = {.height = height, .width = width, .unit = 2, .tile = tile_bf16};
