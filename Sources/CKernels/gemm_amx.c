// Tiles of 32 rows and 32 columns: four tile registers hold sums, two hold rows of a and two hold lines of b. A tile
// register is 16 rows of 64 bytes; an instruction takes 16 elements of k of 16 rows against 16 columns.

#if defined(__x86_64__)
#include <string.h>

#include "avx512_words.h"
#include "gemm_kernel.h"
#include "packed_kernel.h"

#define AMX __attribute__((target("amx-tile,amx-bf16,amx-int8,avx512f,avx512bw,avx512dq,avx512vl")))

enum { side = gemm_block_side, height = 2 * side, width = 2 * side };

AMX void begin_amx(void) {
    // The layout that the instruction asks for: the palette, then for each register its bytes to a row and its rows.
    struct {
        uint8_t palette, start, reserved[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } configuration = {.palette = 1};
    for (int i = 0; i < 8; i++) {
        configuration.row_bytes[i] = side * sizeof(uint32_t);
        configuration.rows[i] = side;
    }
    _tile_loadconfig(&configuration);
}

AMX void end_amx(void) { _tile_release(); }

/// The last lines of b, fewer than a register takes, with zeros after them. Those of a have zeros already, but zero times
/// what happens to lie behind b need not be zero.
struct rest {
    _Alignas(64) uint32_t lines[side][width];
};

INLINE void fill_rest(struct rest *rest, size_t steps, const uint32_t *b) {
    memcpy(rest->lines, b, steps * sizeof rest->lines[0]);
    memset(rest->lines + steps, 0, (side - steps) * sizeof rest->lines[0]);
}

#define STEP(PRODUCT, IS_TALL, B)                                       \
    do {                                                                \
        _tile_loadd(4, a, side * sizeof *a);                            \
        _tile_loadd(6, B, width * sizeof *b);                           \
        _tile_loadd(7, (B) + side, width * sizeof *b);                  \
        PRODUCT(0, 4, 6);                                               \
        PRODUCT(1, 4, 7);                                               \
        if (IS_TALL) {                                                  \
            _tile_loadd(5, a + side * a_row, side * sizeof *a);         \
            PRODUCT(2, 5, 6);                                           \
            PRODUCT(3, 5, 7);                                           \
        }                                                               \
    } while (0)

/// Sums over all steps. Of 16 rows or fewer, half of the registers suffice.
#define SUM(PRODUCT, IS_TALL)                                           \
    do {                                                                \
        size_t left = steps;                                            \
        for (; left >= side; left -= side) {                            \
            STEP(PRODUCT, IS_TALL, b);                                  \
            a += gemm_block_elements;                                   \
            b += side * width;                                          \
        }                                                               \
        if (left > 0) {                                                 \
            struct rest rest;                                           \
            fill_rest(&rest, left, b);                                  \
            STEP(PRODUCT, IS_TALL, rest.lines[0]);                      \
        }                                                               \
    } while (0)

INLINE AMX void load_sums(const float *from, size_t stride, int is_tall) {
    _tile_loadd(0, from, stride * sizeof *from);
    _tile_loadd(1, from + side, stride * sizeof *from);
    if (is_tall) {
        _tile_loadd(2, from + side * stride, stride * sizeof *from);
        _tile_loadd(3, from + side * stride + side, stride * sizeof *from);
    }
}

INLINE AMX void store_sums(void *to, size_t stride, int is_tall) {
    uint32_t *out = to;
    _tile_stored(0, out, stride * sizeof *out);
    _tile_stored(1, out + side, stride * sizeof *out);
    if (is_tall) {
        _tile_stored(2, out + side * stride, stride * sizeof *out);
        _tile_stored(3, out + side * stride + side, stride * sizeof *out);
    }
}

INLINE AMX void zero_sums(void) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
}

/// Sums start from what c holds and from the bias, and are built up from there: a row's result is the same in a tile that
/// is whole and in one that is not.
AMX void tile_bf16_amx(size_t rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row, size_t a_step,
                       const uint32_t *b, float *c, size_t ldc, int accumulate, const float *bias) {
    (void)a_step;
    int is_whole = rows == height && columns == width, is_tall = rows > side;
    _Alignas(64) float sums[height][width];
    if (!accumulate && !bias) {
        zero_sums();
    } else if (is_whole && !bias) {
        load_sums(c, ldc, 1);
    } else if (is_whole && !accumulate) {
        load_sums(bias, 0, 1);
    } else {
        __mmask16 low = first_lanes(columns), high = columns > side ? first_lanes(columns - side) : 0;
        __m512 bias0 = _mm512_setzero_ps(), bias1 = _mm512_setzero_ps();
        if (bias) {
            bias0 = _mm512_maskz_loadu_ps(low, bias);
            bias1 = _mm512_maskz_loadu_ps(high, bias + side);
        }
        for (size_t row = 0; row < (is_tall ? height : side); row++) {
            int holds = accumulate && row < rows;
            _mm512_store_ps(sums[row], holds ? _mm512_add_ps(bias0, _mm512_maskz_loadu_ps(low, c + row * ldc)) : bias0);
            _mm512_store_ps(sums[row] + side,
                            holds ? _mm512_add_ps(bias1, _mm512_maskz_loadu_ps(high, c + row * ldc + side)) : bias1);
        }
        load_sums(sums[0], width, is_tall);
    }
    if (is_tall) {
        SUM(_tile_dpbf16ps, 1);
    } else {
        SUM(_tile_dpbf16ps, 0);
    }
    if (is_whole) {
        store_sums(c, ldc, 1);
        return;
    }
    store_sums(sums[0], width, is_tall);
    for (size_t row = 0; row < rows; row++) memcpy(c + row * ldc, sums[row], columns * sizeof(float));
}

AMX void tile_int8_amx(size_t rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row, const uint32_t *b,
                       float *c, size_t ldc, const struct int8_factors *factors, const float *bias) {
    int is_tall = rows > side;
    zero_sums();
    if (is_tall) {
        SUM(_tile_dpbusd, 1);
    } else {
        SUM(_tile_dpbusd, 0);
    }
    _Alignas(64) int32_t sums[height][width];
    store_sums(sums[0], width, is_tall);
    for (size_t half = 0; half < columns; half += side) {
        __mmask16 mask = first_lanes(columns - half);
        __m512i correction = _mm512_slli_epi32(_mm512_maskz_loadu_epi32(mask, factors->sums + half), 7);
        __m512 scale = _mm512_maskz_loadu_ps(mask, factors->columns + half);
        __m512 offset = bias ? _mm512_maskz_loadu_ps(mask, bias + half) : _mm512_setzero_ps();
        for (size_t row = 0; row < rows; row++) {
            __m512 sum = _mm512_cvtepi32_ps(_mm512_sub_epi32(_mm512_load_si512(sums[row] + half), correction));
            __m512 factor = _mm512_mul_ps(_mm512_set1_ps(factors->rows[row]), scale);
            _mm512_mask_storeu_ps(c + row * ldc + half, mask, _mm512_add_ps(_mm512_mul_ps(sum, factor), offset));
        }
    }
}
#endif
