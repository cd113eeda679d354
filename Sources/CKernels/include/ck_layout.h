#pragma once
#include <stddef.h>

/// out, row-major with extents `shape`, takes its element at (i, j, …) from in[i·strides[0] + j·strides[1] + …];
/// rank at most 8.
void ck_gather_strided(float *out, const float *in, size_t rank, const size_t *shape, const size_t *strides);

/// 3×3 convolution, zero padding 1, of a planar image: out[co, height, width] from in[ci, height, width] with weights
/// [co, ci, 3, 3] and bias [co].
void ck_conv3x3(float *out, const float *in, const float *weights, const float *bias, size_t ci, size_t co,
                size_t height, size_t width);
/// din = (not +=), dweights += and dbias += for the above.
void ck_conv3x3_gradient(float *din, float *dweights, float *dbias, const float *dout, const float *in,
                         const float *weights, size_t ci, size_t co, size_t height, size_t width);
