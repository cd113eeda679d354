#pragma once
#include <stdbool.h>
#include <stddef.h>

/// Loads OpenBLAS, once. The library chooses its kernels while it loads, and the version that Debian 12 ships does not
/// know recent CPUs, so OPENBLAS_CORETYPE is set first from what the CPU can do, unless the user has set it.
/// Returns false where the library cannot be loaded; `cob_problem` then says why.
bool cob_load(void);

/// Why loading failed; an empty string when it did not.
const char *cob_problem(void);

/// The name of the kernels in use ("SkylakeX"); an empty string when the library is not loaded.
const char *cob_core_name(void);

/// C[m×n] = beta·C + op(A)·op(B), row-major float32, on the calling thread alone. The library must be loaded.
void cob_sgemm(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, const float *a, size_t lda,
               const float *b, size_t ldb, float beta, float *c, size_t ldc);
