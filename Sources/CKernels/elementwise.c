#include "ck_elementwise.h"

extern const struct ck_elementwise ck_elementwise_portable, ck_elementwise_avx2, ck_elementwise_avx512;

const struct ck_elementwise *ck_elementwise_for(enum ck_level level) {
#if defined(__x86_64__)
    if (level >= CK_AVX512) return &ck_elementwise_avx512;
    if (level >= CK_AVX2) return &ck_elementwise_avx2;
#endif
    (void)level;
    return &ck_elementwise_portable;
}
