#pragma once
#include <stddef.h>
#include <stdint.h>

#include "gemm_kernel.h"

/// The scales and corrections of int8 products: c = row · column · (sum - 128 · column sum).
struct int8_factors {
    const float *rows;
    const float *columns;
    const int32_t *sums;
};

/// One tile of an int8 product: `steps` elements of four unsigned activations (offset by 128) against four signed weights;
/// c[rows×columns] = factors applied to the sums, plus bias where it is not NULL.
typedef void (*int8_tile)(size_t rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row, const uint32_t *b,
                          float *c, size_t ldc, const struct int8_factors *factors, const float *bias);

enum { few_rows = 2, few_panels = 4 };
/// Rows of the tiles of AVX2.
enum { avx2_height = 3, avx2_int8_height = 6, avxvnni_height = 6 };

/// Rounds a row of `count` values to 8 bits offset by 128, in steps of a 127th of the largest, and returns the step. What
/// fills the last element up is 0: weights are zero there, so that any value serves.
typedef float (*int8_round)(uint8_t *out, const float *values, size_t count);

void tile_int8_portable(size_t rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row, const uint32_t *b,
                        float *c, size_t ldc, const struct int8_factors *factors, const float *bias);
void tile_f32_panel(size_t rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row, size_t a_step,
                    const uint32_t *b, float *c, size_t ldc, int accumulate, const float *bias);
void tile_bf16_panel(size_t rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row, size_t a_step,
                     const uint32_t *b, float *c, size_t ldc, int accumulate, const float *bias);
#if defined(__aarch64__)
void tile_f32_panel_neon(size_t rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row, size_t a_step,
                         const uint32_t *b, float *c, size_t ldc, int accumulate, const float *bias);
#elif defined(__x86_64__)
void tile_f32_panel_avx2(size_t rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row, size_t a_step,
                         const uint32_t *b, float *c, size_t ldc, int accumulate, const float *bias);
void tile_bf16_panel_avx2(size_t rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row, size_t a_step,
                          const uint32_t *b, float *c, size_t ldc, int accumulate, const float *bias);
/// Reads signed activations of 16 bits, as `round_int8_avx2` makes them, so that an element of theirs takes two; needs no sums
/// of weights.
void tile_int8_avx2(size_t rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row, const uint32_t *b, float *c,
                    size_t ldc, const struct int8_factors *factors, const float *bias);
float round_int8_avx2(uint8_t *out, const float *values, size_t count);
/// The largest magnitude.
float largest_avx2(const float *values, size_t count);
/// The tile for the encoding of vpdpbusd that this CPU has; NULL where it has none.
int8_tile tile_int8_avxvnni(void);
float round_int8_bytes_avx2(uint8_t *out, const float *values, size_t count);
/// The same for 1 to `few_rows` rows and `few_panels` whole panels side by side, `distance` elements apart: a core that waits
/// for memory has more of it on the way, and sums are the same.
void tile_bf16_few_avx512(size_t rows, size_t steps, const uint32_t *a, size_t a_row, const uint32_t *b, size_t distance,
                          float *c, size_t ldc, int accumulate, const float *bias);
void tile_int8_few_vnni(size_t rows, size_t steps, const uint32_t *a, size_t a_row, const uint32_t *b, size_t distance,
                        float *c, size_t ldc, const struct int8_factors *factors, const float *bias);
float round_int8_avx512(uint8_t *out, const float *values, size_t count);
void tile_int8_vnni(size_t rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row, const uint32_t *b,
                    float *c, size_t ldc, const struct int8_factors *factors, const float *bias);
float round_block_int8_avx512(uint8_t *out, const float *values, size_t count);
/// Reads a in blocks (gemm_kernel.h); between `begin_amx` and `end_amx`.
void tile_int8_amx(size_t rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row, const uint32_t *b,
                   float *c, size_t ldc, const struct int8_factors *factors, const float *bias);
#endif

/// The kernels of products with packed weights of a type, at a level.
struct packed_kernels {
    gemm_tile tile;
    int8_tile tile8;
    gemm_round round;
    int8_round round8;
    size_t height;       // rows of a tile
    size_t block_steps;  // of k, that a panel is gone through with at a time
    bool in_blocks;      // as tiles of `gemm_pack_blocks` read activations
    bool has_few;        // the tiles for few rows
    size_t words;        // of 32 bits that an element of activations takes
    void (*begin)(void);
    void (*end)(void);
};

void packed_kernels_for(enum ck_level level, enum ck_type type, struct packed_kernels *kernels);
