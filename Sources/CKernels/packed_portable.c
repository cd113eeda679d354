// Tiles over panels of 32 outputs in plain C, vectorised by the compiler for what the CPU has: the reference, and what
// CPUs without the instructions run.

#include <string.h>

#include "ck_packed.h"
#include "clones.h"
#include "packed_kernel.h"

enum { height = 4, width = ck_panel_width };

static inline __attribute__((always_inline)) float as_float(uint32_t raw) {
    float result;
    memcpy(&result, &raw, 4);
    return result;
}

static inline __attribute__((always_inline)) void finish(float sums[height][width], size_t rows, size_t columns,
                                                         float *c, size_t ldc, int accumulate, const float *bias) {
    for (size_t row = 0; row < rows; row++) {
        for (size_t column = 0; column < columns; column++) {
            float sum = sums[row][column];
            if (bias) sum += bias[column];
            if (accumulate) sum += c[row * ldc + column];
            c[row * ldc + column] = sum;
        }
    }
}

CK_CLONES void tile_f32_panel(size_t rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row, size_t a_step,
                              const uint32_t *b, float *c, size_t ldc, int accumulate, const float *bias) {
    float sums[height][width];
    memset(sums, 0, sizeof sums);
    for (size_t step = 0; step < steps; step++) {
        const uint32_t *line = b + step * width;
        for (size_t row = 0; row < rows; row++) {
            float left = as_float(a[row * a_row + step * a_step]);
            for (size_t column = 0; column < width; column++) sums[row][column] += left * as_float(line[column]);
        }
    }
    finish(sums, rows, columns, c, ldc, accumulate, bias);
}

CK_CLONES void tile_bf16_panel(size_t rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row,
                               size_t a_step, const uint32_t *b, float *c, size_t ldc, int accumulate,
                               const float *bias) {
    float sums[height][width];
    memset(sums, 0, sizeof sums);
    for (size_t step = 0; step < steps; step++) {
        const uint32_t *line = b + step * width;
        for (size_t row = 0; row < rows; row++) {
            uint32_t left = a[row * a_row + step * a_step];
            float low = as_float(left << 16), high = as_float(left & 0xffff0000u);
            for (size_t column = 0; column < width; column++) {
                sums[row][column] += low * as_float(line[column] << 16);
                sums[row][column] += high * as_float(line[column] & 0xffff0000u);
            }
        }
    }
    finish(sums, rows, columns, c, ldc, accumulate, bias);
}

CK_CLONES void tile_int8_portable(size_t rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row,
                                  const uint32_t *b, float *c, size_t ldc, const struct int8_factors *factors,
                                  const float *bias) {
    int32_t sums[height][width];
    memset(sums, 0, sizeof sums);
    for (size_t step = 0; step < steps; step++) {
        const uint32_t *line = b + step * width;
        for (size_t row = 0; row < rows; row++) {
            uint32_t left = a[row * a_row + step];
            for (size_t column = 0; column < width; column++) {
                int32_t sum = 0;
                for (int byte = 0; byte < 4; byte++)
                    sum += (int32_t)(left >> 8 * byte & 0xff) * (int8_t)(line[column] >> 8 * byte & 0xff);
                sums[row][column] += sum;
            }
        }
    }
    for (size_t row = 0; row < rows; row++) {
        for (size_t column = 0; column < columns; column++) {
            float value = (float)(sums[row][column] - 128 * factors->sums[column]) *
                          (factors->rows[row] * factors->columns[column]);
            c[row * ldc + column] = bias ? value + bias[column] : value;
        }
    }
}
