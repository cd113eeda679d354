// int8 tiles of 14 rows and 32 columns with vpdpbusd.

#if defined(__x86_64__)
#include "avx512_words.h"
#include "gemm_kernel.h"
#include "packed_kernel.h"

enum { height = 14 };

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))

/// What the sums of 16 columns are scaled by.
struct columns {
    __m512i correction;
    __m512 scale, offset;
    __mmask16 mask;
};

INLINE TARGET struct columns columns_at(size_t column, size_t count, const struct int8_factors *factors, const float *bias) {
    __mmask16 mask = first_lanes(count);
    return (struct columns){
        .correction = _mm512_slli_epi32(_mm512_maskz_loadu_epi32(mask, factors->sums + column), 7),
        .scale = _mm512_maskz_loadu_ps(mask, factors->columns + column),
        .offset = bias ? _mm512_maskz_loadu_ps(mask, bias + column) : _mm512_setzero_ps(), .mask = mask};
}

/// Writes the sums of a row and 16 columns to c, scaled.
INLINE TARGET void put(float *c, __m512i sums, float row, struct columns columns) {
    __m512 sum = _mm512_cvtepi32_ps(_mm512_sub_epi32(sums, columns.correction));
    __m512 factor = _mm512_mul_ps(_mm512_set1_ps(row), columns.scale);
    _mm512_mask_storeu_ps(c, columns.mask, _mm512_add_ps(_mm512_mul_ps(sum, factor), columns.offset));
}

INLINE TARGET void tile_rows(const int rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row,
                             const uint32_t *b, float *c, size_t ldc, const struct int8_factors *factors,
                             const float *bias) {
    __m512i sums[height][2];
    _Pragma("unroll") for (int row = 0; row < rows; row++) {
        sums[row][0] = sums[row][1] = _mm512_setzero_si512();
        fetch_for_writing(c + row * ldc);
    }
    for (size_t step = 0; step < steps; step++) {
        __m512i first = _mm512_load_si512(b), second = _mm512_load_si512(b + 16);
        _Pragma("unroll") for (int row = 0; row < rows; row++) {
            __m512i left = _mm512_set1_epi32((int)a[row * a_row]);
            sums[row][0] = _mm512_dpbusd_epi32(sums[row][0], left, first);
            sums[row][1] = _mm512_dpbusd_epi32(sums[row][1], left, second);
        }
        a++;
        b += 32;
    }
    // Loops of known length: sums that an index chooses would live in memory.
    struct columns low = columns_at(0, columns, factors, bias);
    _Pragma("unroll") for (int row = 0; row < rows; row++) put(c + row * ldc, sums[row][0], factors->rows[row], low);
    if (columns <= 16) return;
    struct columns high = columns_at(16, columns - 16, factors, bias);
    _Pragma("unroll") for (int row = 0; row < rows; row++) put(c + row * ldc + 16, sums[row][1], factors->rows[row], high);
}

TARGET void tile_int8_vnni(size_t rows, size_t columns, size_t steps, const uint32_t *a, size_t a_row,
                           const uint32_t *b, float *c, size_t ldc, const struct int8_factors *factors,
                           const float *bias) {
    switch (rows) {
#define ROWS(n) \
    case n: tile_rows(n, columns, steps, a, a_row, b, c, ldc, factors, bias); break;
        ROWS(1) ROWS(2) ROWS(3) ROWS(4) ROWS(5) ROWS(6) ROWS(7)
        ROWS(8) ROWS(9) ROWS(10) ROWS(11) ROWS(12) ROWS(13) ROWS(14)
#undef ROWS
    }
}

INLINE TARGET void few_rows_int8(const int rows, size_t steps, const uint32_t *a, size_t a_row, const uint32_t *b,
                                 size_t distance, float *c, size_t ldc, const struct int8_factors *factors,
                                 const float *bias) {
    __m512i sums[few_rows][2 * few_panels];
    _Pragma("unroll") for (int row = 0; row < rows; row++)
        _Pragma("unroll") for (int half = 0; half < 2 * few_panels; half++) sums[row][half] = _mm512_setzero_si512();
    for (size_t step = 0; step < steps; step++) {
        _Pragma("unroll") for (int half = 0; half < 2 * few_panels; half++) {
            __m512i right = _mm512_load_si512(b + (size_t)(half / 2) * distance + step * 32 + (size_t)(half % 2) * 16);
            _Pragma("unroll") for (int row = 0; row < rows; row++)
                sums[row][half] = _mm512_dpbusd_epi32(sums[row][half], _mm512_set1_epi32((int)a[row * a_row + step]), right);
        }
    }
    _Pragma("unroll") for (int half = 0; half < 2 * few_panels; half++) {
        struct columns part = columns_at((size_t)half * 16, 16, factors, bias);
        _Pragma("unroll") for (int row = 0; row < rows; row++) put(c + row * ldc + half * 16, sums[row][half], factors->rows[row], part);
    }
}

TARGET void tile_int8_few_vnni(size_t rows, size_t steps, const uint32_t *a, size_t a_row, const uint32_t *b, size_t distance,
                               float *c, size_t ldc, const struct int8_factors *factors, const float *bias) {
    if (rows == 1) {
        few_rows_int8(1, steps, a, a_row, b, distance, c, ldc, factors, bias);
    } else {
        few_rows_int8(2, steps, a, a_row, b, distance, c, ldc, factors, bias);
    }
}

/// Bytes go 64 at a time, `apart` bytes from one time to the next. `fills` says whether the last ones are filled up.
INLINE TARGET float round_bytes(uint8_t *out, const size_t apart, const float *values, size_t count,
                                const int fills) {
    __m512 tops[4];
    for (int i = 0; i < 4; i++) tops[i] = _mm512_setzero_ps();
    size_t i = 0;
    for (; i + 64 <= count; i += 64)
        for (int j = 0; j < 4; j++)
            tops[j] = _mm512_max_ps(_mm512_abs_ps(_mm512_loadu_ps(values + i + 16 * j)), tops[j]);
    for (; i < count; i += 16) {
        __mmask16 known = first_lanes(count - i);
        tops[0] = _mm512_max_ps(_mm512_abs_ps(_mm512_maskz_loadu_ps(known, values + i)), tops[0]);
    }
    float top = _mm512_reduce_max_ps(
        _mm512_max_ps(_mm512_max_ps(tops[0], tops[1]), _mm512_max_ps(tops[2], tops[3])));
    __m512 inverse = _mm512_set1_ps(top > 0 ? 127 / top : 0);
    for (i = 0; i + 64 <= count; i += 64) {
        __m512i whole[4];
        _Pragma("unroll") for (int j = 0; j < 4; j++)
            whole[j] = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(values + i + 16 * j), inverse));
        // Packing goes by quarters of a register: 32-bit words then lie as 0, 4, 8, 12, 1, 5 …
        __m512i bytes = _mm512_packs_epi16(_mm512_packs_epi32(whole[0], whole[1]), _mm512_packs_epi32(whole[2], whole[3]));
        bytes = _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), bytes);
        _mm512_storeu_si512(out + i / 64 * apart, _mm512_xor_si512(bytes, _mm512_set1_epi8((char)0x80)));
    }
    for (; i < count; i += 16) {
        __mmask16 known = first_lanes(count - i);
        __m512i whole = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_maskz_loadu_ps(known, values + i), inverse));
        __m128i bytes = _mm512_cvtepi32_epi8(_mm512_add_epi32(whole, _mm512_set1_epi32(128)));
        _mm_mask_storeu_epi8(out + i / 64 * apart + i % 64, known, bytes);
    }
    for (i = count; i % (fills ? 64 : 4) != 0; i++) out[i / 64 * apart + i % 64] = 0;
    return top / 127;
}

TARGET float round_int8_avx512(uint8_t *out, const float *values, size_t count) {
    return round_bytes(out, 64, values, count, 0);
}

TARGET float round_block_int8_avx512(uint8_t *out, const float *values, size_t count) {
    return round_bytes(out, gemm_block_elements * sizeof(uint32_t), values, count, 1);
}
#endif
