#include "ck_elementwise.h"

#if defined(__x86_64__)
#define ELEMENTWISE_TABLE ck_elementwise_avx2
extern const struct ck_elementwise ck_elementwise_avx2;
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "elementwise.inc"
#pragma clang attribute pop
#endif
