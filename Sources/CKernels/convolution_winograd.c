// 3×3 convolutions by Winograd's minimal filtering F(2×2, 3×3) (Lavin and Gray, arXiv 1509.09308, section 4.1): of each 4×4 pixels
// 16 sums and differences are made, channel by channel; each is multiplied with a matrix of its own; and sums and differences of
// the 16 products are 2×2 outputs. 16 multiplications stand where 36 did.

#include <string.h>

#include "ck_convolution.h"
#include "ck_memory.h"
#include "clones.h"
#include "convolution_image.h"
#include "packed_words.h"

enum {
    edge = 4,           // of the pixels that a place reads
    places = edge * edge,
    most_tiles = 56,    // of a job: whole tiles of products
    tile_step = 14,
    left_words = 1 << 17,  // of a job's transformed pixels: they stay in the second-level cache
};

struct winograd {
    struct convolution image;
    size_t across, down;  // tiles of 2×2 outputs, of a sample
    size_t tiles_per_job;
    size_t row;           // elements between the rows of transformed pixels
};

/// Bᵀ d B of the 4×4 pixels at `from`, whose lines are `line` values apart: out[place][channel].
CK_CLONES static void transform_pixels(float *restrict out, const float *restrict from, size_t line, size_t channels) {
    for (size_t c = 0; c < channels; c++) {
        float rows[edge][edge];
        for (size_t x = 0; x < edge; x++) {
            const float *at = from + x * channels + c;
            float a = at[0], b = at[line], d = at[2 * line], e = at[3 * line];
            rows[0][x] = a - d;
            rows[1][x] = b + d;
            rows[2][x] = d - b;
            rows[3][x] = b - e;
        }
        for (size_t y = 0; y < edge; y++) {
            float *to = out + y * edge * channels + c;
            to[0] = rows[y][0] - rows[y][2];
            to[channels] = rows[y][1] + rows[y][2];
            to[2 * channels] = rows[y][2] - rows[y][1];
            to[3 * channels] = rows[y][1] - rows[y][3];
        }
    }
}

/// Aᵀ m A of a tile's products, those of one place `distance` values after those of another, plus the bias: 2×2 outputs of a
/// panel's columns, the lower two to `below`.
CK_CLONES static void transform_sums(float *restrict above, float *restrict below, const float *restrict sums, size_t distance,
                                     const float *restrict bias) {
    for (size_t c = 0; c < ck_panel_width; c++) {
        float rows[2][edge];
        for (size_t x = 0; x < edge; x++) {
            const float *at = sums + x * distance + c;
            float a = at[0], b = at[edge * distance], d = at[2 * edge * distance], e = at[3 * edge * distance];
            rows[0][x] = a + b + d;
            rows[1][x] = b - d - e;
        }
        float added = bias ? bias[c] : 0;
        above[c] = rows[0][0] + rows[0][1] + rows[0][2] + added;
        above[ck_panel_width + c] = rows[0][1] - rows[0][2] - rows[0][3] + added;
        below[c] = rows[1][0] + rows[1][1] + rows[1][2] + added;
        below[ck_panel_width + c] = rows[1][1] - rows[1][2] - rows[1][3] + added;
    }
}

/// Rows of products as a type's tiles read them: [place][tile][channel].
static void transform_tiles(const struct winograd *w, size_t sample, size_t first, size_t count, uint32_t *left, float *values) {
    const struct convolution *p = &w->image;
    size_t channels = p->input->channels;
    for (size_t tile = 0; tile < count; tile++) {
        size_t y = 2 * ((first + tile) / w->across), x = 2 * ((first + tile) % w->across);
        const float *from = (const float *)(const void *)p->image + ((sample * p->height + y) * p->width + x) * p->pixel;
        transform_pixels(values, from, p->width * p->pixel, channels);
        for (size_t place = 0; place < places; place++) {
            uint32_t *to = left + (place * count + tile) * w->row;
            if (p->weights->type == CK_BF16) {
                p->kernels.round(to, values + place * channels, channels);
            } else {
                memcpy(to, values + place * channels, channels * sizeof(float));
            }
        }
    }
}

/// The products of all places for a panel: sums[place][tile][column].
static void multiply(const struct winograd *w, size_t panel, size_t count, const uint32_t *left, float *sums) {
    const struct convolution *p = &w->image;
    size_t parts = (count + p->kernels.height - 1) / p->kernels.height;
    for (size_t place = 0; place < places; place++) {
        const uint32_t *b = (const uint32_t *)p->weights->data + (place * p->panels + panel) * p->steps * ck_panel_width;
        for (size_t block = 0; block < p->steps; block += p->kernels.block_steps) {
            size_t steps = p->steps - block < p->kernels.block_steps ? p->steps - block : p->kernels.block_steps;
            for (size_t part = 0, tile = 0; part < parts; part++) {
                size_t end = (part + 1) * count / parts;
                p->kernels.tile(end - tile, ck_panel_width, steps, left + (place * count + tile) * w->row + block, w->row, 1,
                                b + block * ck_panel_width, sums + (place * count + tile) * ck_panel_width, ck_panel_width,
                                block > 0, NULL);
                tile = end;
            }
        }
    }
}

/// Some tiles of a sample, and some panels of outputs.
static void winograd_job(void *context, size_t index, int thread) {
    (void)thread;
    const struct winograd *w = context;
    const struct convolution *p = &w->image;
    size_t tiles = w->across * w->down, jobs_per_sample = (tiles + w->tiles_per_job - 1) / w->tiles_per_job;
    size_t job = index % p->line_jobs, group = index / p->line_jobs;
    size_t sample = job / jobs_per_sample, first = job % jobs_per_sample * w->tiles_per_job;
    size_t count = tiles - first < w->tiles_per_job ? tiles - first : w->tiles_per_job;
    size_t panel_end = (group + 1) * p->panels_per_job < p->panels ? (group + 1) * p->panels_per_job : p->panels;
    size_t left_count = places * count * w->row, sum_count = places * count * ck_panel_width;
    size_t out_count = 4 * count * ck_panel_width, value_count = places * p->input->channels;
    size_t bytes = (left_count + sum_count + out_count + value_count) * sizeof(float);
    uint32_t *left = ck_allocate(bytes);
    float *sums = (float *)(void *)(left + left_count), *outputs = sums + sum_count, *values = outputs + out_count;
    transform_tiles(w, sample, first, count, left, values);
    size_t width = p->form->out_width, plane = p->out_height * width;
    for (size_t panel = group * p->panels_per_job; panel < panel_end; panel++) {
        size_t column = panel * ck_panel_width;
        size_t place = ((p->first_sample + sample) * p->panels * ck_panel_width + column) * plane;
        multiply(w, panel, count, left, sums);
        // A run of tiles beside each other is two lines of outputs.
        for (size_t tile = 0; tile < count;) {
            size_t x = 2 * ((first + tile) % w->across), y = 2 * ((first + tile) / w->across);
            size_t run = w->across - x / 2 < count - tile ? w->across - x / 2 : count - tile;
            float *below = outputs + 2 * run * ck_panel_width;
            for (size_t i = 0; i < run; i++) {
                size_t at = 2 * i * ck_panel_width;
                transform_sums(outputs + at, below + at, sums + (tile + i) * ck_panel_width, count * ck_panel_width,
                               p->bias ? p->bias + column : NULL);
            }
            size_t pixels = width - x < 2 * run ? width - x : 2 * run;
            for (size_t line = 0; line < 2 && y + line < p->out_height; line++) {
                size_t start = place + (y + line) * width + x;
                convolution_write(p->out + start, p->residual ? p->residual + start : NULL, line == 0 ? outputs : below,
                                  ck_panel_width, ck_panel_width, pixels, plane);
            }
            tile += run;
        }
    }
    ck_free(left, bytes);
}

void ck_convolve_winograd(enum ck_level level, const struct ck_packed *weights, const struct ck_convolution *form,
                          const struct ck_convolution_input *input, float *out, size_t out_height, const float *bias,
                          const float *residual) {
    size_t outputs = weights->outputs / places;
    if (input->samples == 0 || outputs == 0 || out_height == 0 || form->out_width == 0) return;
    struct winograd w = {.image = {.weights = weights, .form = form, .input = input, .out = out, .out_height = out_height,
                                   .bias = bias, .residual = residual, .elementwise = ck_elementwise_for(level)},
                         .across = (form->out_width + 1) / 2, .down = (out_height + 1) / 2};
    struct convolution *p = &w.image;
    packed_kernels_for(level, weights->type, &p->kernels);
    // A last tile may be half outside.
    convolution_begin(p, 1, 1);
    p->panels = outputs / ck_panel_width;
    p->steps = steps_of(weights->type, input->channels);
    w.row = gemm_spread(p->steps);
    w.tiles_per_job = left_words / (places * w.row) / tile_step * tile_step;
    if (w.tiles_per_job < tile_step) w.tiles_per_job = tile_step;
    if (w.tiles_per_job > most_tiles) w.tiles_per_job = most_tiles;
    convolution_run(p, (w.across * w.down + w.tiles_per_job - 1) / w.tiles_per_job, winograd_job, &w);
}
