#pragma once
// An image as convolutions with packed weights read it: lines of pixels, each with its channels side by side, and zeros around.

#include "ck_convolution.h"
#include "ck_pool.h"
#include "gemm_kernel.h"
#include "packed_kernel.h"

/// A convolution, and the image that is laid out for it.
struct convolution {
    const struct ck_packed *weights;
    const struct ck_packed *phases;  // of a doubled image: see `ck_convolve_doubled`; or NULL
    const struct ck_convolution *form;
    const struct ck_convolution_input *input;
    const struct ck_elementwise *elementwise;
    struct packed_kernels kernels;
    float *out;
    size_t out_height;
    const float *bias, *residual;
    size_t unit;           // channels in an element
    size_t pixel;          // elements of a pixel
    size_t height, width;  // of the image with its border
    size_t inside;         // columns of an input's line that are within it
    size_t lines;          // of all samples that are laid out
    uint32_t *image;
    size_t first_sample;   // of those that are laid out
    size_t lines_per_job, line_jobs, panels_per_job, panels, steps;
};

/// Sets up what does not depend on how products are made. `unit` is the number of channels in an element of the image, and
/// `beyond` that of lines and pixels that are read beyond those under the kernel of an output.
void convolution_begin(struct convolution *p, size_t unit, size_t beyond);
/// Lays out images, some samples at a time, and runs the jobs that make outputs of them on the pool: `line_jobs` of them, of
/// all samples that are laid out, for each group of `panels_per_job` panels.
void convolution_run(struct convolution *p, size_t jobs_per_sample, ck_work job, void *context);
/// sums[pixel][column] → out[column][pixel], the residual added where there is one; pixels of sums are `apart` values apart.
void convolution_write(float *out, const float *residual, const float *sums, size_t apart, size_t columns, size_t pixels,
                       size_t plane);
