#pragma once
#include <stddef.h>
#include <stdint.h>

/// Widening conversions to float32; the sources may be unaligned (checkpoint files do not promise alignment).
void ck_f32_from_f16(float *out, const void *in, size_t count);
void ck_f32_from_bf16(float *out, const void *in, size_t count);
void ck_f32_from_f64(float *out, const void *in, size_t count);

/// Narrowing conversions, round to nearest even; NaN stays NaN.
void ck_f16_from_f32(uint16_t *out, const float *in, size_t count);
void ck_bf16_from_f32(uint16_t *out, const float *in, size_t count);

/// The number of values that are NaN or infinite, and the index of the first one in `first` (count when there is none).
size_t ck_count_nonfinite_f32(const float *in, size_t count, size_t *first);

/// The number of bfloat16 values that are NaN or infinite; the source may be unaligned.
size_t ck_count_nonfinite_bf16(const void *in, size_t count);
