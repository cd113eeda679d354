// Tiles of 14 rows and 32 columns: 28 of the 32 vector registers hold sums, two hold a line of b, one the broadcast of a.

#if defined(__x86_64__)
#include <string.h>

#include "avx512_words.h"
#include "gemm_kernel.h"
#include "packed_kernel.h"

enum { height = 14, width = 32 };

INLINE F32 __m512 product_f32(__m512 sum, uint32_t left, __m512i right) {
    float value;
    memcpy(&value, &left, 4);
    return _mm512_fmadd_ps(_mm512_set1_ps(value), _mm512_castsi512_ps(right), sum);
}

INLINE BF16 __m512 product_bf16(__m512 sum, uint32_t left, __m512i right) {
    return _mm512_dpbf16_ps(sum, (__m512bh)_mm512_set1_epi32((int)left), (__m512bh)right);
}

#define BODY(TARGET, NAME, PRODUCT)                                                                                    \
    INLINE TARGET void NAME##_rows(const int rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row,      \
                                   size_t a_step, const uint32_t *b, float *c, size_t ldc, int accumulate,             \
                                   const float *bias) {                                                                \
        __m512 sums[height][2];                                                                                        \
        _Pragma("unroll") for (int row = 0; row < rows; row++) {                                                       \
            sums[row][0] = _mm512_setzero_ps();                                                                        \
            sums[row][1] = _mm512_setzero_ps();                                                                        \
            fetch_for_writing(c + row * ldc);                                                                          \
        }                                                                                                              \
        for (size_t step = 0; step < steps; step++) {                                                                  \
            __m512i first = _mm512_load_si512(b), second = _mm512_load_si512(b + 16);                                  \
            _Pragma("unroll") for (int row = 0; row < rows; row++) {                                                   \
                uint32_t left = a[row * a_row];                                                                        \
                sums[row][0] = PRODUCT(sums[row][0], left, first);                                                     \
                sums[row][1] = PRODUCT(sums[row][1], left, second);                                                    \
            }                                                                                                          \
            a += a_step;                                                                                               \
            b += width;                                                                                                \
        }                                                                                                              \
        __mmask16 low = columns >= 16 ? 0xffff : (__mmask16)((1u << columns) - 1);                                     \
        __mmask16 high = columns >= 32 ? 0xffff : columns > 16 ? (__mmask16)((1u << (columns - 16)) - 1) : 0;          \
        __m512 bias0 = _mm512_setzero_ps(), bias1 = _mm512_setzero_ps();                                               \
        if (bias) {                                                                                                    \
            bias0 = _mm512_maskz_loadu_ps(low, bias);                                                                  \
            bias1 = _mm512_maskz_loadu_ps(high, bias + 16);                                                            \
        }                                                                                                              \
        _Pragma("unroll") for (int row = 0; row < rows; row++) {                                                       \
            float *out = c + row * ldc;                                                                                \
            __m512 sum0 = _mm512_add_ps(sums[row][0], bias0), sum1 = _mm512_add_ps(sums[row][1], bias1);               \
            if (accumulate) {                                                                                          \
                sum0 = _mm512_add_ps(sum0, _mm512_maskz_loadu_ps(low, out));                                           \
                sum1 = _mm512_add_ps(sum1, _mm512_maskz_loadu_ps(high, out + 16));                                     \
            }                                                                                                          \
            _mm512_mask_storeu_ps(out, low, sum0);                                                                     \
            _mm512_mask_storeu_ps(out + 16, high, sum1);                                                               \
        }                                                                                                              \
    }                                                                                                                  \
    static TARGET void NAME(size_t rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row, size_t a_step, \
                            const uint32_t *b, float *c, size_t ldc, int accumulate, const float *bias) {              \
        switch (rows) {                                                                                                \
            ROWS(NAME, 1) ROWS(NAME, 2) ROWS(NAME, 3) ROWS(NAME, 4) ROWS(NAME, 5) ROWS(NAME, 6) ROWS(NAME, 7)          \
            ROWS(NAME, 8) ROWS(NAME, 9) ROWS(NAME, 10) ROWS(NAME, 11) ROWS(NAME, 12) ROWS(NAME, 13) ROWS(NAME, 14)     \
        }                                                                                                              \
    }

#define ROWS(NAME, n) \
    case n: NAME##_rows(n, columns, steps, a, a_row, a_step, b, c, ldc, accumulate, bias); break;

BODY(F32, tile_f32, product_f32)
BODY(BF16, tile_bf16, product_bf16)

INLINE BF16 void few_rows_bf16(const int rows, size_t steps, const uint32_t *a, size_t a_row, const uint32_t *b,
                               size_t distance, float *c, size_t ldc, int accumulate, const float *bias) {
    __m512 sums[few_rows][2 * few_panels];
    _Pragma("unroll") for (int row = 0; row < rows; row++)
        _Pragma("unroll") for (int half = 0; half < 2 * few_panels; half++) sums[row][half] = _mm512_setzero_ps();
    for (size_t step = 0; step < steps; step++) {
        _Pragma("unroll") for (int half = 0; half < 2 * few_panels; half++) {
            __m512i right = _mm512_load_si512(b + (size_t)(half / 2) * distance + step * width + (size_t)(half % 2) * 16);
            _Pragma("unroll") for (int row = 0; row < rows; row++)
                sums[row][half] = product_bf16(sums[row][half], a[row * a_row + step], right);
        }
    }
    _Pragma("unroll") for (int half = 0; half < 2 * few_panels; half++) {
        __m512 offset = bias ? _mm512_loadu_ps(bias + half * 16) : _mm512_setzero_ps();
        _Pragma("unroll") for (int row = 0; row < rows; row++) {
            float *out = c + row * ldc + half * 16;
            __m512 sum = _mm512_add_ps(sums[row][half], offset);
            if (accumulate) sum = _mm512_add_ps(sum, _mm512_loadu_ps(out));
            _mm512_storeu_ps(out, sum);
        }
    }
}

BF16 void tile_bf16_few_avx512(size_t rows, size_t steps, const uint32_t *a, size_t a_row, const uint32_t *b, size_t distance,
                               float *c, size_t ldc, int accumulate, const float *bias) {
    if (rows == 1) {
        few_rows_bf16(1, steps, a, a_row, b, distance, c, ldc, accumulate, bias);
    } else {
        few_rows_bf16(2, steps, a, a_row, b, distance, c, ldc, accumulate, bias);
    }
}

INLINE F32 __m512i load_f32(const float *from) { return _mm512_loadu_si512(from); }

/// Sixteen pairs rounded to bfloat16.
INLINE BF16 __m512i load_bf16(const float *from) {
    return (__m512i)_mm512_cvtne2ps_pbh(_mm512_loadu_ps(from + 16), _mm512_loadu_ps(from));
}

#define PACK(TARGET, NAME, LOAD, UNIT)                                                                                 \
    static TARGET size_t NAME(uint32_t *out, size_t stride, const float *source, size_t across, size_t lines,          \
                              size_t steps) {                                                                          \
        size_t line = 0, blocks = steps / 16;                                                                          \
        for (; line + 16 <= lines; line += 16) {                                                                       \
            const float *from = source + line * across;                                                                \
            for (size_t block = 0; block < blocks; block++) {                                                          \
                __m512i x[16];                                                                                         \
                _Pragma("unroll") for (int i = 0; i < 16; i++) x[i] = LOAD(from + i * across + block * 16 * UNIT);      \
                transpose(x);                                                                                          \
                _Pragma("unroll") for (int i = 0; i < 16; i++)                                                         \
                    _mm512_storeu_si512(out + (block * 16 + i) * stride + line, x[i]);                                 \
            }                                                                                                          \
            for (size_t step = blocks * 16; step < steps; step++) {                                                    \
                for (size_t i = 0; i < 16; i++) {                                                                      \
                    float pair[2 * 16] = {0};                                                                          \
                    memcpy(pair, from + i * across + step * UNIT, UNIT * sizeof(float));                               \
                    out[step * stride + line + i] = (uint32_t)_mm_cvtsi128_si32(_mm512_castsi512_si128(LOAD(pair)));   \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
        return line;                                                                                                   \
    }

PACK(F32, pack_f32, load_f32, 1)
PACK(BF16, pack_bf16, load_bf16, 2)

/// Panels of `width` lines: for those of a tile's width this is inlined with the number known.
#define PANELS(TARGET, NAME, PREPARE, ELEMENT, UNIT)                                                                   \
    INLINE TARGET void NAME##_width(uint32_t *out, size_t distance, const size_t width, const float *source,           \
                                    size_t along, size_t lines, size_t steps) {                                        \
        PREPARE;                                                                                                       \
        for (size_t step = 0; step < steps; step++) {                                                                  \
            const float *low = source + step * UNIT * along, *high = low + along;                                      \
            uint32_t *to = out + step * width;                                                                         \
            /* What a whole vector writes beyond the panel's width, the next step overwrites; the last must not. */    \
            int beyond = step + 1 < steps;                                                                             \
            for (size_t line = 0; line < lines; line += width, to += distance) {                                       \
                for (size_t i = 0; i < width; i += 16) {                                                               \
                    __mmask16 kept = first_lanes(width - i);                                                           \
                    __mmask16 known = line + width <= lines   ? kept                                                   \
                                      : line + i >= lines     ? 0                                                      \
                                                              : first_lanes(lines - line - i) & kept;                  \
                    (void)high;                                                                                        \
                    __m512i element = ELEMENT;                                                                         \
                    if (beyond || kept == 0xffff) {                                                                    \
                        _mm512_storeu_si512(to + i, element);                                                          \
                    } else {                                                                                           \
                        _mm512_mask_storeu_epi32(to + i, kept, element);                                               \
                    }                                                                                                  \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    static TARGET void NAME(uint32_t *out, size_t distance, size_t panel, const float *source, size_t along,           \
                            size_t lines, size_t steps) {                                                              \
        if (panel == width) {                                                                                          \
            NAME##_width(out, distance, width, source, along, lines, steps);                                           \
        } else {                                                                                                       \
            NAME##_width(out, distance, panel, source, along, lines, steps);                                           \
        }                                                                                                              \
    }

PANELS(F32, panels_f32, , _mm512_maskz_loadu_epi32(known, low + line + i), 1)

PANELS(BF16, panels_bf16, __m512i order = turns(),
       in_turns(_mm512_cvtne2ps_pbh(_mm512_maskz_loadu_ps(known, high + line + i),
                                    _mm512_maskz_loadu_ps(known, low + line + i)), order), 2)

/// Rounds `count` values to elements, 16 of them at a time, `apart` elements from one time to the next. `fills` says whether
/// the last ones are filled up with zeros.
INLINE BF16 void round_elements(uint32_t *out, const size_t apart, const float *values, size_t count, const int fills) {
    size_t i = 0;
    for (; i + 32 <= count; i += 32, out += apart) _mm512_storeu_si512(out, load_bf16(values + i));
    if (i == count) return;
    size_t rest = count - i;
    __m512 low = _mm512_maskz_loadu_ps(first_lanes(rest), values + i);
    __m512 high = rest > 16 ? _mm512_maskz_loadu_ps(first_lanes(rest - 16), values + i + 16) : _mm512_setzero_ps();
    _mm512_mask_storeu_epi32(out, fills ? 0xffff : first_lanes((rest + 1) / 2), (__m512i)_mm512_cvtne2ps_pbh(high, low));
}

static BF16 void round_bf16(uint32_t *out, const float *values, size_t count) {
    round_elements(out, 16, values, count, 0);
}

static BF16 void round_block_bf16(uint32_t *out, const float *values, size_t count) {
    round_elements(out, gemm_block_elements, values, count, 1);
}

static BF16 void blocks_bf16(uint32_t *out, size_t distance, const float *source, size_t along, size_t lines, size_t k) {
    __m512i order = turns();
    for (size_t step = 0; step < (k + 1) / 2; step += 16) {
        for (size_t line = 0; line < lines; line += 16) {
            __mmask16 known = first_lanes(lines - line);
            __m512i x[16];
            _Pragma("unroll") for (size_t i = 0; i < 16; i++) {
                size_t at = 2 * (step + i);
                const float *low = source + at * along + line;
                x[i] = in_turns(_mm512_cvtne2ps_pbh(_mm512_maskz_loadu_ps(at + 1 < k ? known : 0, low + along),
                                                    _mm512_maskz_loadu_ps(at < k ? known : 0, low)), order);
            }
            transpose(x);
            uint32_t *to = out + line / 16 * distance + step * 16;
            _Pragma("unroll") for (size_t i = 0; i < 16; i++) _mm512_storeu_si512(to + i * 16, x[i]);
        }
    }
}

const struct gemm_kernel gemm_f32_avx512 = {
    .height = height, .width = width, .unit = 1, .tile = tile_f32, .pack = pack_f32, .pack_panels = panels_f32};
const struct gemm_kernel gemm_bf16_avx512 = {
    .height = height, .width = width, .unit = 2, .tile = tile_bf16, .pack = pack_bf16, .pack_panels = panels_bf16,
    .round = round_bf16};

const struct gemm_kernel gemm_bf16_amx = {
    .height = 32, .width = width, .unit = 2, .tile = tile_bf16_amx, .pack = pack_bf16,
    .pack_panels = panels_bf16, .round = round_block_bf16, .pack_blocks = blocks_bf16, .begin = begin_amx, .end = end_amx};
#endif
