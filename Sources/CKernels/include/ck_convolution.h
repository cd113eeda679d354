#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "ck_elementwise.h"
#include "ck_packed.h"

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

/// Images that are convolved, and what becomes of them before.
struct ck_convolution_input {
    const float *planes;         // [samples, channels, height, width]
    size_t samples, channels;
    const float *scale, *shift;  // [samples, channels], for scale · x + shift; NULL for x as it is
    bool activates;              // after that
    enum ck_activation activation;
    bool doubles;                // every pixel stands for 2×2 ones: planes are half as high and wide as the form says,
                                 // whose stride is 1
};

/// Channels that a pixel of packed weights has: such of the image, filled up to whole elements of a type.
size_t ck_convolution_channels(enum ck_type type, size_t channels);

/// out[samples, outputs, out_height, form.out_width] = the convolution of the input, plus the bias of every output and a residual
/// of out's shape, where these are not NULL. Weights are a packed matrix (CK_F32 or CK_BF16) [outputs, kernel_height ·
/// kernel_width · `ck_convolution_channels`], with zeros in the channels that fill up. On the pool; results do not depend on
/// the number of threads.
void ck_convolve(enum ck_level level, const struct ck_packed *weights, const struct ck_convolution *form,
                 const struct ck_convolution_input *input, float *out, size_t out_height, const float *bias,
                 const float *residual);

/// The same by products over matrices of what lies under the kernel, as levels do whose tiles cannot read images.
void ck_convolve_in_strips(enum ck_level level, const struct ck_packed *weights, const struct ck_convolution *form,
                           const struct ck_convolution_input *input, float *out, size_t out_height, const float *bias,
                           const float *residual);

/// Whether a level's tiles can read images, as `ck_convolve_doubled` wants.
bool ck_convolves_in_place(enum ck_level level, enum ck_type type);

/// out[samples, outputs, 2·height, 2·width] = the 3×3 convolution, with one line of zeros around, of images whose every pixel
/// stands for 2×2. Of the three pixels under a kernel's row two are the same one, so that a 2×2 kernel of sums serves, another
/// for each of the four places of an output in its 2×2: phases[2·(y mod 2) + x mod 2] are packed matrices [outputs, 2·2 ·
/// `ck_convolution_channels`]. At even places the pixel before and the own one have the weights w0 and w1 + w2, at odd ones the
/// own and the next w0 + w1 and w2. The input's `doubles` is false.
void ck_convolve_doubled(enum ck_level level, const struct ck_packed phases[4], const struct ck_convolution_input *input,
                         size_t height, size_t width, float *out, const float *bias);

/// The same as `ck_convolve` for kernels of 3×3 moved by one pixel, in 16 multiplications for 2×2 outputs and channel where that
/// takes 36. Weights are a packed matrix (CK_F32 or CK_BF16) [16 · outputs, channels], whose blocks of outputs are the places of
/// G g Gᵀ, with G = (1 0 0; ½ ½ ½; ½ -½ ½; 0 0 1), line by line; outputs are a multiple of `ck_panel_width` and channels even. Sums
/// and differences of pixels are rounded to the type of the weights. For levels whose tiles can read images.
void ck_convolve_winograd(enum ck_level level, const struct ck_packed *weights, const struct ck_convolution *form,
                          const struct ck_convolution_input *input, float *out, size_t out_height, const float *bias,
                          const float *residual);
