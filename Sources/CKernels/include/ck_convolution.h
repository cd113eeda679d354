#pragma once
#include <stddef.h>

/// How a kernel of `kernel_height`×`kernel_width` moves over a plane of `height`×`width` that is surrounded by zeros:
/// output (y, x) reads rows from y·stride - top and columns from x·stride - left.
struct ck_convolution {
    size_t height, width;
    size_t kernel_height, kernel_width;
    size_t stride, top, left;
    /// Columns of the output.
    size_t out_width;
};

/// The values that every tap of the kernel reads for the output rows [first, first + rows): out[tap][y][x] with taps in
/// row-major order, from one plane `in`.
void ck_unfold(float *out, const float *in, const struct ck_convolution *form, size_t first, size_t rows);
/// The way back: every value of `in` is added to the place of `out` that it was read from.
void ck_fold(float *out, const float *in, const struct ck_convolution *form, size_t first, size_t rows);
