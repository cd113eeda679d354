// Activations and softmax with what AVX-512 has for them: powers of two without bounds to test, and a division in four cycles.
// The compiler's own vectors of the plain loops take nearly twice as long.

#pragma once

#include <immintrin.h>

#include "avx512_words.h"
#include "ck_elementwise.h"

#define WORDS __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma")))

/// 2^t, relative error below 2e-7 beside that of t; NaN stays NaN.
INLINE WORDS __m512 power_of_two(__m512 t) {
    __m512 f = _mm512_reduce_ps(t, 0);  // t less the nearest integer
    __m512 p = _mm512_set1_ps(1.5403530e-4f);
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(1.3333558e-3f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(9.6181291e-3f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(5.5504109e-2f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(2.4022651e-1f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(6.9314718e-1f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(1.0f));
    return _mm512_scalef_ps(p, _mm512_sub_ps(t, f));
}

/// 1/(1 + 2^t): an estimate of 14 bits and one step of Newton's.
INLINE WORDS __m512 logistic_of_power(__m512 t) {
    // The second operand is what comes of a NaN. Beyond 126 the estimate would be subnormal.
    __m512 d = _mm512_add_ps(power_of_two(_mm512_min_ps(_mm512_set1_ps(126.0f), t)), _mm512_set1_ps(1.0f));
    __m512 r = _mm512_rcp14_ps(d);
    return _mm512_fmadd_ps(_mm512_fnmadd_ps(d, r, _mm512_set1_ps(1.0f)), r, r);
}

INLINE WORDS __m512 silu_of(__m512 x) {
    return _mm512_mul_ps(x, logistic_of_power(_mm512_mul_ps(x, _mm512_set1_ps(-1.44269504f))));
}

/// GELU by its approximation with a tanh: x times the logistic function of 1.5957691(x + 0.044715x³).
INLINE WORDS __m512 gelu_of(__m512 x) {
    __m512 inner = _mm512_fmadd_ps(_mm512_mul_ps(x, x), _mm512_set1_ps(-0.10294324f), _mm512_set1_ps(-2.3022082f));
    return _mm512_mul_ps(x, logistic_of_power(_mm512_mul_ps(x, inner)));
}

/// BODY for all vectors of COUNT values: `mask` says which of a vector's are there. Whole vectors are done apart, where the
/// compiler knows the mask.
#define EACH_VECTOR(COUNT, BODY)                                                 \
    {                                                                            \
        size_t i = 0;                                                            \
        for (const __mmask16 mask = 0xffff; i + 16 <= (COUNT); i += 16) BODY;    \
        if (i < (COUNT)) {                                                       \
            const __mmask16 mask = first_lanes((COUNT) - i);                     \
            BODY;                                                                \
        }                                                                        \
    }

WORDS static void silu_avx512(float *out, const float *x, size_t count) {
    EACH_VECTOR(count, _mm512_mask_storeu_ps(out + i, mask, silu_of(_mm512_maskz_loadu_ps(mask, x + i))))
}

WORDS static void gelu_avx512(float *out, const float *x, size_t count) {
    EACH_VECTOR(count, _mm512_mask_storeu_ps(out + i, mask, gelu_of(_mm512_maskz_loadu_ps(mask, x + i))))
}

WORDS static void swiglu_avx512(float *out, const float *x, size_t rows, size_t half) {
    for (size_t row = 0; row < rows; row++, out += half, x += 2 * half)
        EACH_VECTOR(half, _mm512_mask_storeu_ps(out + i, mask,
                                                _mm512_mul_ps(silu_of(_mm512_maskz_loadu_ps(mask, x + i)),
                                                              _mm512_maskz_loadu_ps(mask, x + half + i))))
}

/// out = e^(scale · (x - top)), and their sum.
WORDS static float exponentials_avx512(float *out, const float *x, float scale, float top, size_t count) {
    __m512 factor = _mm512_set1_ps(scale * 1.44269504f), highest = _mm512_set1_ps(top), total = _mm512_setzero_ps();
    EACH_VECTOR(count, {
        __m512 e = power_of_two(_mm512_mul_ps(_mm512_sub_ps(_mm512_maskz_loadu_ps(mask, x + i), highest), factor));
        _mm512_mask_storeu_ps(out + i, mask, e);
        total = _mm512_mask_add_ps(total, mask, total, e);
    })
    return _mm512_reduce_add_ps(total);
}

#undef EACH_VECTOR
#undef WORDS
