#include "ck_convolution.h"

#include <stdbool.h>
#include <string.h>

#include "clones.h"

/// The output columns [*begin, *end) of which a tap at kernel column `tap` reads inside the plane.
static void inside(const struct ck_convolution *f, size_t tap, size_t *begin, size_t *end) {
    // The least x with x·stride + tap >= left, and the least with x·stride + tap >= left + width.
    size_t start = tap >= f->left ? 0 : (f->left - tap + f->stride - 1) / f->stride;
    size_t limit = f->left + f->width;
    size_t stop = tap >= limit ? 0 : (limit - tap + f->stride - 1) / f->stride;
    *end = stop < f->out_width ? stop : f->out_width;
    *begin = start < *end ? start : *end;
}

/// Whether a tap at kernel row `tap` of output row y reads inside the plane, and which row.
static bool row_inside(const struct ck_convolution *f, size_t y, size_t tap, size_t *row) {
    size_t at = y * f->stride + tap;
    *row = at - f->top;
    return at >= f->top && at - f->top < f->height;
}

CK_CLONES void ck_unfold(float *out, const float *in, const struct ck_convolution *form, size_t first, size_t rows) {
    size_t width = form->out_width, stride = form->stride;
    for (size_t ky = 0; ky < form->kernel_height; ky++) {
        for (size_t kx = 0; kx < form->kernel_width; kx++) {
            size_t begin, end, row;
            inside(form, kx, &begin, &end);
            for (size_t y = first; y < first + rows; y++, out += width) {
                if (!row_inside(form, y, ky, &row) || begin == end) {
                    memset(out, 0, width * sizeof(float));
                    continue;
                }
                memset(out, 0, begin * sizeof(float));
                const float *from = in + row * form->width + (begin * stride + kx - form->left);
                if (stride == 1) {
                    memcpy(out + begin, from, (end - begin) * sizeof(float));
                } else {
                    for (size_t x = 0; x < end - begin; x++) out[begin + x] = from[x * stride];
                }
                memset(out + end, 0, (width - end) * sizeof(float));
            }
        }
    }
}

CK_CLONES void ck_fold(float *out, const float *in, const struct ck_convolution *form, size_t first, size_t rows) {
    size_t width = form->out_width, stride = form->stride;
    for (size_t ky = 0; ky < form->kernel_height; ky++) {
        for (size_t kx = 0; kx < form->kernel_width; kx++) {
            size_t begin, end, row;
            inside(form, kx, &begin, &end);
            for (size_t y = first; y < first + rows; y++, in += width) {
                if (!row_inside(form, y, ky, &row) || begin == end) continue;
                float *to = out + row * form->width + (begin * stride + kx - form->left);
                for (size_t x = 0; x < end - begin; x++) to[x * stride] += in[begin + x];
            }
        }
    }
}
