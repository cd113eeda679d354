#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "ck_cpu.h"

/// The type that products are computed in; sums are always float32.
enum ck_type { CK_F32 = 0, CK_BF16 = 1, CK_INT8 = 2 };

/// Whether the level has a kernel of its own for the type; otherwise the product falls back to float32.
bool ck_gemm_has(enum ck_level level, enum ck_type type);

/// C[m×n] = beta·C + op(A)[m×k] · op(B)[k×n] + bias, all float32 in memory and row-major with the given row strides;
/// op transposes where the flag is set; beta is 0 or 1; bias (n values, added once to each row) may be NULL.
///
/// With CK_BF16 both operands are rounded to bfloat16 (nearest even) while they are packed. The result does not depend
/// on the number of threads.
void ck_gemm(enum ck_level level, enum ck_type type, bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k,
             const float *a, size_t lda, const float *b, size_t ldb, float beta, float *c, size_t ldc,
             const float *bias);

/// The same on the calling thread alone, with `scratch` of `ck_gemm_scratch` bytes aligned to 64.
void ck_gemm_serial(enum ck_level level, enum ck_type type, bool transpose_a, bool transpose_b, size_t m, size_t n,
                    size_t k, const float *a, size_t lda, const float *b, size_t ldb, float beta, float *c, size_t ldc,
                    const float *bias, void *scratch);
size_t ck_gemm_scratch(enum ck_level level, enum ck_type type, size_t m, size_t n, size_t k);
