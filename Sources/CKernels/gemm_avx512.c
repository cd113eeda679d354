// Tiles of 14 rows and 32 columns: 28 of the 32 vector registers hold sums, two hold a line of b, one the broadcast of a.

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "gemm_kernel.h"

enum { height = 14, width = 32 };

#define F32 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma")))
#define BF16 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma,avx512bf16")))
#define INLINE static inline __attribute__((always_inline))

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

const struct gemm_kernel gemm_f32_avx512 = {height, width, 1, tile_f32};
const struct gemm_kernel gemm_bf16_avx512 = {height, width, 2, tile_bf16};
#endif
