#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ck_gemm.h"

/// The inner product of one tile, for one instruction set and type. One step of k is `unit` values (two for bfloat16,
/// which the instruction consumes in pairs), stored in one 32-bit element.
///
/// c[rows×columns] (+)= sum over steps of a[row·a_row + step·a_step] · b[step·width + column]
/// columns ≤ width; `accumulate` adds to what c holds; bias (columns values) may be NULL.
typedef void (*gemm_tile)(size_t rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row, size_t a_step,
                          const uint32_t *b, float *c, size_t ldc, int accumulate, const float *bias);

/// Packs `lines` lines whose k runs contiguously, `across` values apart, as out[step·stride + line], for the first `steps`
/// whole elements of k. Returns the number of lines done, from the first; the caller does the others.
typedef size_t (*gemm_pack)(uint32_t *out, size_t stride, const float *source, size_t across, size_t lines,
                            size_t steps);

/// Packs `steps` whole elements of k of `lines` lines that lie side by side, neighbouring k `along` values apart, into panels
/// of `width` lines: out[panel·distance + step·width + line]. What the last panel has beyond `lines` is zero. `distance` leaves
/// room for a vector between panels.
typedef void (*gemm_pack_panels)(uint32_t *out, size_t distance, size_t width, const float *source, size_t along,
                                 size_t lines, size_t steps);

/// Rounds `count` values to elements of two, in place of k: what rows of a need. An odd last value is paired with zero.
typedef void (*gemm_round)(uint32_t *out, const float *values, size_t count);

/// Packs `lines` lines that lie side by side, neighbouring k `along` values apart, into blocks, 16 lines `distance` elements
/// after the 16 before.
typedef void (*gemm_pack_blocks)(uint32_t *out, size_t distance, const float *source, size_t along, size_t lines, size_t k);

/// Blocks of a: 16 rows, each with 16 elements of k after each other. The blocks along k follow each other, the last filled
/// up with zeros; then come those of the next 16 rows. Tiles read whole blocks: nothing comes of rows that are not there.
enum { gemm_block_side = 16, gemm_block_elements = gemm_block_side * gemm_block_side };

static inline size_t gemm_whole_blocks(size_t steps) {
    return (steps + gemm_block_side - 1) / gemm_block_side * gemm_block_side;
}

/// Where a row's first element stands in blocks that are `steps` (of whole blocks) long.
static inline size_t gemm_block_row(size_t row, size_t steps) {
    return row / gemm_block_side * gemm_block_side * steps + row % gemm_block_side * gemm_block_side;
}

/// The distance between rows of a, in elements: an odd number of lines, so that the rows of a tile lie in different sets of the
/// first-level cache and not, as at a distance of 4 KiB, all in one.
static inline size_t gemm_spread(size_t steps) {
    enum { line = 16 };
    size_t lines = (steps + line - 1) / line;
    return (lines | 1) * line;
}

/// Whether rows that far apart lie in less than four sets.
static inline bool gemm_is_crowded(size_t row) { return row > 0 && row % 512 == 0; }

struct gemm_kernel {
    size_t height;  // rows of a tile
    size_t width;   // columns of a tile
    size_t unit;    // values of k in a 32-bit element
    gemm_tile tile;
    // NULL where the portable loops serve.
    gemm_pack pack;
    gemm_pack_panels pack_panels;
    gemm_round round;
    // Where it is there, tiles read a in blocks: a_row is a row's number of steps in whole blocks and a_step that of rows in
    // a block, and `round` makes a row of blocks.
    gemm_pack_blocks pack_blocks;
    // What a thread has to do before its first tile and after its last; NULL where there is nothing.
    void (*begin)(void);
    void (*end)(void);
};

extern const struct gemm_kernel gemm_f32_portable, gemm_bf16_portable;
#if defined(__x86_64__)
extern const struct gemm_kernel gemm_f32_avx2, gemm_f32_avx512, gemm_bf16_avx512, gemm_bf16_amx;

/// Sets the tile registers up, and gives them back.
void begin_amx(void);
void end_amx(void);
void tile_bf16_amx(size_t rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row, size_t a_step,
                   const uint32_t *b, float *c, size_t ldc, int accumulate, const float *bias);
#elif defined(__aarch64__)
extern const struct gemm_kernel gemm_f32_neon;
#endif

/// Products on the calling thread with a right side that is packed once: op(B)[k×n] into `gemm_right_bytes` bytes aligned to
/// 64, then C[m×n] = A[m×k]·B with `gemm_left_bytes` bytes of scratch aligned to 64. m and n are above 0; tiles are of
/// `gemm_height` rows.
size_t gemm_height(enum ck_level level, enum ck_type type);
size_t gemm_right_bytes(enum ck_level level, enum ck_type type, size_t n, size_t k);
size_t gemm_left_bytes(enum ck_level level, enum ck_type type, size_t m, size_t k);
void gemm_pack_right(enum ck_level level, enum ck_type type, bool transposed, size_t n, size_t k, const float *b,
                     size_t ldb, void *packed);
void gemm_with_right(enum ck_level level, enum ck_type type, size_t m, size_t n, size_t k, const float *a, size_t lda,
                     const void *packed, float *c, size_t ldc, void *scratch);
