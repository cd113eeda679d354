#pragma once
#include <stddef.h>
#include <stdint.h>

#include "ck_elementwise.h"
#include "ck_gemm.h"

/// Weights in the order in which the kernels read them: panels of 32 outputs, in each the inputs one 32-bit element
/// (one float32, two bfloat16, four int8) after the other, and in each of these the 32 outputs. The layout is the same on
/// every machine, so that packed weights can be kept in files.
enum { ck_panel_width = 32 };

/// Bytes of the packed form of a matrix [outputs, inputs].
size_t ck_packed_bytes(enum ck_type type, size_t outputs, size_t inputs);

/// Packs a row-major matrix [outputs, inputs] whose values are of type `source`: CK_F32, or CK_BF16 at any alignment. For
/// CK_INT8 every output is rounded to steps of its own scale (a 127th of
/// its largest weight), and `scales` and `sums` receive that scale and the sum of its integers; both are NULL otherwise.
void ck_pack(enum ck_type type, size_t outputs, size_t inputs, enum ck_type source, const void *weights, void *packed,
             float *scales, int32_t *sums);

/// A packed matrix.
struct ck_packed {
    enum ck_type type;
    size_t outputs, inputs;
    const void *data;      // aligned to 64
    const float *scales;   // CK_INT8 only
    const int32_t *sums;   // CK_INT8 only
};

/// c[rows×outputs] = a[rows×inputs] · Wᵀ + bias on the pool; all float32 and row-major; bias may be NULL. With CK_BF16
/// rows of a are rounded to bfloat16, with CK_INT8 to 8-bit integers in steps of a 127th of each row's largest value.
/// Results do not depend on the number of threads.
void ck_gemm_packed(enum ck_level level, size_t rows, const float *a, size_t lda, const struct ck_packed *weights,
                    float *c, size_t ldc, const float *bias);

/// What becomes of a product while it is still in the caches: c = activation(c), then c = residual + gate ∘ c.
struct ck_finish {
    bool activates;
    enum ck_activation activation;
    const float *residual;  // [rows×outputs] without gaps, or NULL
    const float *gate;      // a row of `outputs` for every `rows_per_gate` rows, or NULL
    size_t rows_per_gate;
};

/// The same with the work of `finish` done on the result; finish may be NULL.
void ck_gemm_packed_finished(enum ck_level level, size_t rows, const float *a, size_t lda,
                             const struct ck_packed *weights, float *c, size_t ldc, const float *bias,
                             const struct ck_finish *finish);
