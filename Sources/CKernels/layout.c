#include "ck_layout.h"

#include <string.h>

#include "clones.h"

void ck_gather_strided(float *out, const float *in, size_t rank, const size_t *shape, const size_t *strides) {
    if (rank == 0) {
        *out = *in;
        return;
    }
    size_t total = 1;
    for (size_t axis = 0; axis < rank; axis++) total *= shape[axis];
    if (total == 0) return;
    size_t index[8] = {0};
    size_t inner = shape[rank - 1], step = strides[rank - 1], offset = 0;
    for (size_t done = 0; done < total; done += inner) {
        const float *from = in + offset;
        float *to = out + done;
        if (step == 1) {
            memcpy(to, from, inner * sizeof(float));
        } else {
            for (size_t i = 0; i < inner; i++) to[i] = from[i * step];
        }
        for (size_t axis = rank - 1; axis-- > 0;) {
            offset += strides[axis];
            if (++index[axis] < shape[axis]) break;
            offset -= strides[axis] * shape[axis];
            index[axis] = 0;
        }
    }
}

/// to[x] += w · from[x + shift], where the shifted position lies inside the row
static inline __attribute__((always_inline)) void add_shifted(float *to, const float *from, float w, int shift,
                                                              size_t width) {
    size_t first = shift < 0 ? 1 : 0, last = shift > 0 ? width - 1 : width;
    for (size_t x = first; x < last; x++) to[x] += w * from[(ptrdiff_t)x + shift];
}

CK_CLONES void ck_conv3x3(float *out, const float *in, const float *weights, const float *bias, size_t ci, size_t co,
                          size_t height, size_t width) {
    for (size_t o = 0; o < co; o++) {
        for (size_t y = 0; y < height; y++) {
            float *to = out + (o * height + y) * width;
            for (size_t x = 0; x < width; x++) to[x] = bias[o];
            for (size_t i = 0; i < ci; i++) {
                for (int dy = -1; dy <= 1; dy++) {
                    if ((dy < 0 && y == 0) || (dy > 0 && y + 1 == height)) continue;
                    const float *from = in + (i * height + (size_t)((ptrdiff_t)y + dy)) * width;
                    for (int dx = -1; dx <= 1; dx++)
                        add_shifted(to, from, weights[((o * ci + i) * 3 + (size_t)(dy + 1)) * 3 + (size_t)(dx + 1)], dx,
                                    width);
                }
            }
        }
    }
}

CK_CLONES void ck_conv3x3_gradient(float *din, float *dweights, float *dbias, const float *dout, const float *in,
                                   const float *weights, size_t ci, size_t co, size_t height, size_t width) {
#pragma clang fp reassociate(on)
    memset(din, 0, ci * height * width * sizeof(float));
    for (size_t o = 0; o < co; o++) {
        for (size_t y = 0; y < height; y++) {
            const float *from = dout + (o * height + y) * width;
            float total = 0;
            for (size_t x = 0; x < width; x++) total += from[x];
            dbias[o] += total;
            for (size_t i = 0; i < ci; i++) {
                for (int dy = -1; dy <= 1; dy++) {
                    if ((dy < 0 && y == 0) || (dy > 0 && y + 1 == height)) continue;
                    size_t row = (i * height + (size_t)((ptrdiff_t)y + dy)) * width;
                    for (int dx = -1; dx <= 1; dx++) {
                        size_t at = ((o * ci + i) * 3 + (size_t)(dy + 1)) * 3 + (size_t)(dx + 1);
                        size_t first = dx < 0 ? 1 : 0, last = dx > 0 ? width - 1 : width;
                        float sum = 0;
                        for (size_t x = first; x < last; x++) sum += from[x] * in[row + (size_t)((ptrdiff_t)x + dx)];
                        dweights[at] += sum;
                        float w = weights[at];
                        for (size_t x = first; x < last; x++) din[row + (size_t)((ptrdiff_t)x + dx)] += w * from[x];
                    }
                }
            }
        }
    }
}
