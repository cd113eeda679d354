// Values as 32-bit elements in vectors of 16, for the kernels that have AVX-512.

#pragma once
#if defined(__x86_64__)
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define F32 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma")))
#define BF16 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma,avx512bf16")))
#define INLINE static inline __attribute__((always_inline))

INLINE __mmask16 first_lanes(size_t count) { return count >= 16 ? 0xffff : (__mmask16)((1u << count) - 1); }

/// Asks for the two lines of c that a tile's row is written to, long before it is: a write that waits for them holds the next
/// tile up.
INLINE void fetch_for_writing(const float *c) {
    __builtin_prefetch(c, 1);
    __builtin_prefetch(c + 16, 1);
}

/// Rows and columns of a 16×16 block of 32-bit elements exchanged.
INLINE F32 void transpose(__m512i x[16]) {
    __m512i y[16];
    for (int i = 0; i < 8; i++) {
        y[2 * i] = _mm512_unpacklo_epi32(x[2 * i], x[2 * i + 1]);
        y[2 * i + 1] = _mm512_unpackhi_epi32(x[2 * i], x[2 * i + 1]);
    }
    for (int i = 0; i < 4; i++) {
        x[4 * i] = _mm512_unpacklo_epi64(y[4 * i], y[4 * i + 2]);
        x[4 * i + 1] = _mm512_unpackhi_epi64(y[4 * i], y[4 * i + 2]);
        x[4 * i + 2] = _mm512_unpacklo_epi64(y[4 * i + 1], y[4 * i + 3]);
        x[4 * i + 3] = _mm512_unpackhi_epi64(y[4 * i + 1], y[4 * i + 3]);
    }
    // Now lane l of x[4g + j] holds column 4l + j of rows 4g to 4g + 3.
    for (int j = 0; j < 4; j++) {
        __m512i low = _mm512_shuffle_i32x4(x[j], x[4 + j], 0x88), high = _mm512_shuffle_i32x4(x[8 + j], x[12 + j], 0x88);
        __m512i low2 = _mm512_shuffle_i32x4(x[j], x[4 + j], 0xdd), high2 = _mm512_shuffle_i32x4(x[8 + j], x[12 + j], 0xdd);
        y[j] = _mm512_shuffle_i32x4(low, high, 0x88);
        y[8 + j] = _mm512_shuffle_i32x4(low, high, 0xdd);
        y[4 + j] = _mm512_shuffle_i32x4(low2, high2, 0x88);
        y[12 + j] = _mm512_shuffle_i32x4(low2, high2, 0xdd);
    }
    for (int i = 0; i < 16; i++) x[i] = y[i];
}

/// The low halves of 16 pairs and their high halves, which stand one after the other, in turns.
INLINE BF16 __m512i in_turns(__m512bh halves, __m512i order) { return _mm512_permutexvar_epi16(order, (__m512i)halves); }

INLINE F32 __m512i turns(void) {
    uint16_t order[32];
    for (int i = 0; i < 32; i++) order[i] = (uint16_t)(i / 2 + i % 2 * 16);
    return _mm512_loadu_si512(order);
}
#endif
