// Loops of nothing but multiply-and-add on registers. Enough sums run side by side to cover the instruction's latency, and
// an empty assembler statement keeps the compiler from seeing what they hold.

#include "ck_peak.h"

#include <stdint.h>
#include <string.h>

#include "clones.h"
#include "gemm_kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define LOOP(TARGET, NAME, VECTOR, SUMS, REGISTER, ZERO, STEP)                                    \
    static TARGET void NAME(size_t rounds) {                                                      \
        VECTOR sums[SUMS], left = ZERO, right = ZERO;                                             \
        for (int i = 0; i < SUMS; i++) sums[i] = ZERO;                                            \
        __asm__ volatile("" : "+" REGISTER(left), "+" REGISTER(right));                           \
        for (size_t round = 0; round < rounds; round++) {                                         \
            _Pragma("unroll") for (int i = 0; i < SUMS; i++) sums[i] = STEP;                      \
            _Pragma("unroll") for (int i = 0; i < SUMS; i++) __asm__ volatile("" : "+" REGISTER(sums[i])); \
        }                                                                                         \
    }

#if defined(__x86_64__)
#define AVX2 __attribute__((target("avx2,fma")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma")))
#define VNNI __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))
#define BF16 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")))

LOOP(AVX2, f32_avx2, __m256, 12, "x", _mm256_setzero_ps(), _mm256_fmadd_ps(left, right, sums[i]))
LOOP(AVX512, f32_avx512, __m512, 24, "v", _mm512_setzero_ps(), _mm512_fmadd_ps(left, right, sums[i]))
LOOP(VNNI, int8_vnni, __m512i, 24, "v", _mm512_setzero_si512(), _mm512_dpbusd_epi32(sums[i], left, right))
LOOP(BF16, bf16_avx512, __m512, 24, "v", _mm512_setzero_ps(),
     _mm512_dpbf16_ps(sums[i], (__m512bh)left, (__m512bh)right))

/// Four tiles of sums, as products have them.
#define TILES(NAME, STEP)                                                  \
    static __attribute__((target("amx-tile,amx-bf16,amx-int8"))) void NAME(size_t rounds) { \
        begin_amx();                                                       \
        _tile_zero(0), _tile_zero(1), _tile_zero(2), _tile_zero(3);        \
        _tile_zero(4), _tile_zero(5), _tile_zero(6), _tile_zero(7);        \
        for (size_t round = 0; round < rounds; round++) {                  \
            STEP(0, 4, 6), STEP(1, 4, 7), STEP(2, 5, 6), STEP(3, 5, 7);    \
        }                                                                  \
        end_amx();                                                         \
    }
TILES(bf16_amx, _tile_dpbf16ps)
TILES(int8_amx, _tile_dpbusd)
#elif defined(__aarch64__)
LOOP(, f32_neon, float32x4_t, 24, "w", vdupq_n_f32(0), vfmaq_f32(sums[i], left, right))
#endif

/// What the compiler makes of plain C: four values to a vector where there are vectors.
typedef float quad __attribute__((vector_size(16)));
static void f32_portable(size_t rounds) {
    quad sums[12] = {{0}}, left = {0}, right = {0};
    for (size_t round = 0; round < rounds; round++) {
#pragma unroll
        for (int i = 0; i < 12; i++) sums[i] = sums[i] + left * right;
        // Memory stands for registers here: no constraint letter serves every machine.
        __asm__ volatile("" : : "r"(&left), "r"(&right) : "memory");
    }
    __asm__ volatile("" : : "r"(sums) : "memory");
}

double ck_peak(enum ck_level level, enum ck_type type, size_t rounds) {
    double all = (double)rounds;
#if defined(__x86_64__)
    if (type == CK_BF16) {
        if (level < CK_AVX512_BF16) return 0;
        if (level >= CK_AMX) {
            bf16_amx(rounds);
            return all * 4 * 16 * 16 * 32 * 2;
        }
        bf16_avx512(rounds);
        return all * 24 * 32 * 2;
    }
    if (type == CK_INT8) {
        if (level < CK_AVX512_VNNI) return 0;
        if (level >= CK_AMX) {
            int8_amx(rounds);
            return all * 4 * 16 * 16 * 64 * 2;
        }
        int8_vnni(rounds);
        return all * 24 * 64 * 2;
    }
    if (level >= CK_AVX512) {
        f32_avx512(rounds);
        return all * 24 * 16 * 2;
    }
    if (level >= CK_AVX2) {
        f32_avx2(rounds);
        return all * 12 * 8 * 2;
    }
#elif defined(__aarch64__)
    (void)level;
    if (type != CK_F32) return 0;
    f32_neon(rounds);
    return all * 24 * 4 * 2;
#endif
    if (type != CK_F32) return 0;
    f32_portable(rounds);
    return all * 12 * 4 * 2;
}

typedef uint64_t words __attribute__((vector_size(64), aligned(8)));

CK_CLONES unsigned long long ck_read_memory(const void *memory, size_t bytes) {
    words sums[4];
    memset(sums, 0, sizeof sums);
    const char *from = memory;
    for (size_t at = 0; at + sizeof sums <= bytes; at += sizeof sums) {
        for (size_t i = 0; i < 4; i++) {
            words value;
            memcpy(&value, from + at + i * sizeof value, sizeof value);
            sums[i] ^= value;
        }
    }
    uint64_t whole[32], result = 0;
    memcpy(whole, sums, sizeof whole);
    for (size_t i = 0; i < 32; i++) result ^= whole[i];
    return result;
}
