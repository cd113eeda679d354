#include "ck_elementwise.h"

#if defined(__x86_64__)
#include "activations_avx512.h"

#define ELEMENTWISE_AVX512
#define ELEMENTWISE_TABLE ck_elementwise_avx512
extern const struct ck_elementwise ck_elementwise_avx512;
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma"))), apply_to = function)
#include "elementwise.inc"
#pragma clang attribute pop
#endif
