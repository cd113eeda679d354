// Convolutions with weights that were packed once: no matrix of taps is laid out. An image lies as rows of pixels, each with its
// channels side by side and surrounded by zeros, so that what a row of the kernel reads at a pixel is one run of memory, and the
// tiles of products read it where it is.

#include <string.h>

#include "ck_convolution.h"
#include "ck_memory.h"
#include "ck_pool.h"
#include "clones.h"
#include "convolution_image.h"
#include "packed_words.h"

enum {
    pixels_per_job = 224,  // about: their sums for a panel are 28 KiB
    channels_at_once = 32,
    lines_at_once = 4,
    strip_values = 1 << 20,  // of the matrix of a strip
    image_bytes = 64 << 20,  // of samples that are laid out at a time, but for a single one that takes more
};

size_t ck_convolution_channels(enum ck_type type, size_t channels) {
    return (channels + unit_of(type) - 1) / unit_of(type) * unit_of(type);
}

typedef uint32_t words16 __attribute__((vector_size(64)));
typedef float floats16 __attribute__((vector_size(64)));

enum { side = 16 };

/// Lanes 0...15 of a block's row where the bit of its distance to another row is not set, and those of the other row that many
/// places before where it is; and the two the other way round.
#define LANE(i, k) (((i) & (k)) == 0 ? (i) : 16 + (i) - (k))
#define OTHER(i, k) (((i) & (k)) == 0 ? (i) + (k) : 16 + (i))
#define ALL(F, k) \
    F(0, k), F(1, k), F(2, k), F(3, k), F(4, k), F(5, k), F(6, k), F(7, k), F(8, k), F(9, k), F(10, k), F(11, k), F(12, k), \
        F(13, k), F(14, k), F(15, k)
#define EXCHANGE(k) \
    _Pragma("unroll") for (int i = 0; i < side; i++) { \
        if (i & (k)) continue; \
        words16 first = rows[i], second = rows[i + (k)]; \
        rows[i] = __builtin_shufflevector(first, second, ALL(LANE, k)); \
        rows[i + (k)] = __builtin_shufflevector(first, second, ALL(OTHER, k)); \
    }

/// Transposes 16×16 elements, by exchanging ever smaller blocks.
static inline __attribute__((always_inline)) void transpose(words16 rows[side]) {
    EXCHANGE(8)
    EXCHANGE(4)
    EXCHANGE(2)
    EXCHANGE(1)
}

/// Elements of two channels each, for `count` pixels of planes that lie `width` apart: words[element][pixel].
CK_CLONES static void pair_channels(uint32_t *words, const float *planes, size_t width, size_t channels, size_t count) {
    for (size_t element = 0; element < (channels + 1) / 2; element++) {
        const float *low = planes + 2 * element * width, *high = low + width;
        uint32_t *out = words + element * width;
        if (2 * element + 1 < channels) {
            for (size_t x = 0; x < count; x++) out[x] = rounded(low[x]) | rounded(high[x]) << 16;
        } else {
            for (size_t x = 0; x < count; x++) out[x] = rounded(low[x]);
        }
    }
}

/// words[element][pixel] → image[pixel][element], every pixel `times` times.
CK_CLONES static void interleave(uint32_t *image, size_t pixel, const uint32_t *words, size_t width, size_t elements,
                                 size_t count, size_t times) {
    size_t whole = count / side * side, blocks = elements / side * side;
    for (size_t x = 0; x < whole; x += side) {
        for (size_t element = 0; element < blocks; element += side) {
            words16 rows[side];
            for (size_t i = 0; i < side; i++) memcpy(&rows[i], words + (element + i) * width + x, sizeof rows[i]);
            transpose(rows);
            for (size_t i = 0; i < side; i++) {
                uint32_t *to = image + (x + i) * times * pixel + element;
                memcpy(to, &rows[i], sizeof rows[i]);
                if (times == 2) memcpy(to + pixel, &rows[i], sizeof rows[i]);
            }
        }
    }
    for (size_t x = 0; x < count; x++) {
        uint32_t *to = image + x * times * pixel;
        size_t first = x < whole ? blocks : 0;
        for (size_t element = first; element < elements; element++) to[element] = words[element * width + x];
        if (times == 2) memcpy(to + pixel + first, to + first, (elements - first) * sizeof(uint32_t));
    }
}

/// Lays out channels [first, first + channels) of a line of the image.
static void lay_channels(const struct convolution *p, uint32_t *line, size_t sample, size_t y, size_t first, size_t channels,
                         float *values) {
    const struct ck_convolution *form = p->form;
    const struct ck_convolution_input *input = p->input;
    size_t times = input->doubles ? 2 : 1, width = form->width / times, plane = form->height / times * width;
    size_t count = p->inside / times;
    for (size_t c = 0; c < channels; c++) {
        size_t channel = sample * input->channels + first + c;
        const float *from = input->planes + channel * plane + (y - form->top) / times * width;
        float *to = values + c * width;
        if (input->scale) {
            p->elementwise->affine(to, from, input->scale[channel], input->shift[channel], width);
        } else {
            memcpy(to, from, width * sizeof(float));
        }
        if (input->activates) p->elementwise->activate(input->activation, to, to, width);
    }
    uint32_t *to = line + form->left * p->pixel + first / p->unit;
    if (p->unit == 2) {
        uint32_t *words = (uint32_t *)(values + channels_at_once * width);
        pair_channels(words, values, width, channels, width);
        interleave(to, p->pixel, words, width, (channels + 1) / 2, count, times);
    } else {
        interleave(to, p->pixel, (const uint32_t *)(const void *)values, width, channels, count, times);
    }
}

/// Lays out some lines of the image with its border, a few channels of all of them at a time: of a plane neighbouring lines are
/// read one after the other.
static void lay_job(void *context, size_t index, int thread) {
    (void)thread;
    const struct convolution *p = context;
    const struct ck_convolution *form = p->form;
    size_t first_line = index * lines_at_once, lines = p->lines - first_line;
    if (lines > lines_at_once) lines = lines_at_once;
    size_t bytes = 2 * channels_at_once * form->width * sizeof(float);
    float *values = ck_allocate(bytes);
    uint32_t *image = p->image + first_line * p->width * p->pixel;
    bool fills_up = p->pixel * p->unit > p->input->channels;
    for (size_t i = 0; i < lines; i++) {
        uint32_t *line = image + i * p->width * p->pixel;
        size_t y = (first_line + i) % p->height;
        size_t before = form->left < p->width ? form->left : p->width, after = before + p->inside;
        if (fills_up || y < form->top || y - form->top >= form->height) {
            memset(line, 0, p->width * p->pixel * sizeof(uint32_t));
        } else {
            memset(line, 0, before * p->pixel * sizeof(uint32_t));
            memset(line + after * p->pixel, 0, (p->width - after) * p->pixel * sizeof(uint32_t));
        }
    }
    for (size_t first = 0; first < p->input->channels; first += channels_at_once) {
        size_t channels = p->input->channels - first < channels_at_once ? p->input->channels - first : channels_at_once;
        for (size_t i = 0; i < lines; i++) {
            size_t sample = p->first_sample + (first_line + i) / p->height, y = (first_line + i) % p->height;
            if (y >= form->top && y - form->top < form->height)
                lay_channels(p, image + i * p->width * p->pixel, sample, y, first, channels, values);
        }
    }
    ck_free(values, bytes);
}

/// Lays out `lines` lines from `first_sample` on, on the pool.
static void convolution_lay(struct convolution *p) { ck_parallel((p->lines + lines_at_once - 1) / lines_at_once, lay_job, p); }

CK_CLONES void convolution_write(float *out, const float *residual, const float *sums, size_t apart, size_t columns,
                                   size_t pixels, size_t plane) {
    size_t whole = pixels / side * side, blocks = columns / side * side;
    for (size_t first = 0; first < whole; first += side) {
        for (size_t column = 0; column < blocks; column += side) {
            words16 rows[side];
            for (size_t i = 0; i < side; i++) memcpy(&rows[i], sums + (first + i) * apart + column, sizeof rows[i]);
            transpose(rows);
            for (size_t i = 0; i < side; i++) {
                size_t place = (column + i) * plane + first;
                if (residual) {
                    floats16 values, added;
                    memcpy(&values, &rows[i], sizeof values);
                    memcpy(&added, residual + place, sizeof added);
                    values += added;
                    memcpy(out + place, &values, sizeof values);
                } else {
                    memcpy(out + place, &rows[i], sizeof rows[i]);
                }
            }
        }
    }
    for (size_t column = 0; column < columns; column++) {
        float *to = out + column * plane;
        const float *added = residual ? residual + column * plane : NULL;
        for (size_t i = column < blocks ? whole : 0; i < pixels; i++)
            to[i] = added ? sums[i * apart + column] + added[i] : sums[i * apart + column];
    }
}

/// The sums of a panel of weights over the pixels of output lines [first, last), of which the image's line and pixel
/// (dy, dx) further on are read: sums[line][pixel][column].
static void sum_lines(const struct convolution *p, const struct ck_packed *weights, size_t panel, size_t sample, size_t first,
                      size_t last, size_t dy, size_t dx, float *sums) {
    const struct ck_convolution *form = p->form;
    size_t width = form->out_width, column = panel * ck_panel_width;
    size_t columns = weights->outputs - column < ck_panel_width ? weights->outputs - column : ck_panel_width;
    const uint32_t *panel_weights = (const uint32_t *)weights->data + panel * p->steps * ck_panel_width;
    size_t run = form->kernel_width * p->pixel, a_row = form->stride * p->pixel;
    // As many tiles to a line as it takes, of heights as equal as can be.
    size_t tiles = (width + p->kernels.height - 1) / p->kernels.height;
    bool accumulates = false;
    for (size_t ky = 0; ky < form->kernel_height; ky++) {
        for (size_t block = 0; block < run; block += p->kernels.block_steps) {
            size_t steps = run - block < p->kernels.block_steps ? run - block : p->kernels.block_steps;
            const uint32_t *b = panel_weights + (ky * run + block) * ck_panel_width;
            const float *bias = p->bias && !accumulates ? p->bias + column : NULL;
            for (size_t y = first; y < last; y++) {
                size_t line = sample * p->height + y * form->stride + dy + ky;
                const uint32_t *a = p->image + (line * p->width + dx) * p->pixel + block;
                float *c = sums + (y - first) * width * ck_panel_width;
                for (size_t tile = 0, x = 0; tile < tiles; tile++) {
                    size_t end = (tile + 1) * width / tiles;
                    p->kernels.tile(end - x, columns, steps, a + x * a_row, a_row, 1, b, c + x * ck_panel_width, ck_panel_width,
                                    accumulates, bias);
                    x = end;
                }
            }
            accumulates = true;
        }
    }
}

/// even[pixel][column], odd[pixel][column] → out[column][2·pixel], out[column][2·pixel + 1].
static void write_doubled(float *out, const float *even, const float *odd, size_t columns, size_t pixels, size_t plane) {
    for (size_t column = 0; column < columns; column++) {
        float *to = out + column * plane;
        for (size_t i = 0; i < pixels; i++) {
            to[2 * i] = even[i * ck_panel_width + column];
            to[2 * i + 1] = odd[i * ck_panel_width + column];
        }
    }
}

/// Lines and panels that a job has to do.
static void convolve_job(void *context, size_t index, int thread) {
    (void)thread;
    const struct convolution *p = context;
    size_t width = p->form->out_width, job = index % p->line_jobs, group = index / p->line_jobs;
    size_t jobs_per_sample = (p->out_height + p->lines_per_job - 1) / p->lines_per_job;
    size_t sample = job / jobs_per_sample, first = job % jobs_per_sample * p->lines_per_job;
    size_t last = first + p->lines_per_job < p->out_height ? first + p->lines_per_job : p->out_height;
    size_t panel_end = (group + 1) * p->panels_per_job < p->panels ? (group + 1) * p->panels_per_job : p->panels;
    size_t outputs = p->weights->outputs, count = (last - first) * width * ck_panel_width;
    float *sums = ck_allocate(2 * count * sizeof(float));
    for (size_t panel = group * p->panels_per_job; panel < panel_end; panel++) {
        size_t column = panel * ck_panel_width, columns = outputs - column < ck_panel_width ? outputs - column : ck_panel_width;
        size_t place = (p->first_sample + sample) * outputs + column;
        if (!p->phases) {
            size_t plane = p->out_height * width, start = place * plane + first * width;
            sum_lines(p, p->weights, panel, sample, first, last, 0, 0, sums);
            convolution_write(p->out + start, p->residual ? p->residual + start : NULL, sums, ck_panel_width, columns,
                         (last - first) * width, plane);
            continue;
        }
        for (size_t dy = 0; dy < 2; dy++) {
            for (size_t dx = 0; dx < 2; dx++)
                sum_lines(p, p->phases + 2 * dy + dx, panel, sample, first, last, dy, dx, sums + dx * count);
            for (size_t y = first; y < last; y++) {
                const float *even = sums + (y - first) * width * ck_panel_width;
                write_doubled(p->out + place * 4 * p->out_height * width + (2 * y + dy) * 2 * width, even, even + count, columns,
                              width, 4 * p->out_height * width);
            }
        }
    }
    ck_free(sums, 2 * count * sizeof(float));
}

void convolution_begin(struct convolution *p, size_t unit, size_t beyond) {
    const struct ck_convolution *form = p->form;
    p->unit = unit;
    p->pixel = ck_convolution_channels(p->weights->type, p->input->channels) / unit;
    p->height = (p->out_height - 1) * form->stride + form->kernel_height + beyond;
    p->width = (form->out_width - 1) * form->stride + form->kernel_width + beyond;
    p->inside = p->width <= form->left ? 0 : p->width - form->left < form->width ? p->width - form->left : form->width;
}

void convolution_run(struct convolution *p, size_t jobs_per_sample, ck_work job, void *context) {
    size_t sample_bytes = p->height * p->width * p->pixel * sizeof(uint32_t), all = p->input->samples;
    size_t samples = image_bytes / (sample_bytes ? sample_bytes : 1);
    if (samples < 1) samples = 1;
    if (samples > all) samples = all;
    p->image = ck_allocate(samples * sample_bytes);
    for (p->first_sample = 0; p->first_sample < all; p->first_sample += samples) {
        size_t count = all - p->first_sample < samples ? all - p->first_sample : samples;
        p->lines = count * p->height;
        convolution_lay(p);
        p->line_jobs = count * jobs_per_sample;
        p->panels_per_job = p->panels * p->line_jobs / (16 * (size_t)ck_thread_count());
        if (p->panels_per_job < 1) p->panels_per_job = 1;
        if (p->panels_per_job > p->panels) p->panels_per_job = p->panels;
        ck_parallel(p->line_jobs * ((p->panels + p->panels_per_job - 1) / p->panels_per_job), job, context);
    }
    ck_free(p->image, samples * sample_bytes);
}

/// What AMX tiles read are blocks, which this image has none of: the values under the kernel at a strip of pixels are laid out
/// as a matrix instead, for a product like any other.
struct strip {
    const struct convolution *convolution;
    size_t first, pixels, taps;
    float *matrix, *sums;
};

static void gather_job(void *context, size_t index, int thread) {
    (void)thread;
    const struct strip *strip = context;
    const struct convolution *p = strip->convolution;
    const struct ck_convolution *form = p->form;
    size_t at = strip->first + index, y = at / form->out_width, x = at % form->out_width;
    size_t run = form->kernel_width * p->pixel;
    float *out = strip->matrix + index * strip->taps;
    for (size_t ky = 0; ky < form->kernel_height; ky++) {
        const uint32_t *from = p->image + ((y * form->stride + ky) * p->width + x * form->stride) * p->pixel;
        memcpy(out + ky * run, from, run * sizeof(float));
    }
}

void ck_convolve_in_strips(enum ck_level level, const struct ck_packed *weights, const struct ck_convolution *form,
                           const struct ck_convolution_input *input, float *out, size_t out_height, const float *bias,
                           const float *residual) {
    size_t outputs = weights->outputs, plane = out_height * form->out_width;
    if (input->samples == 0 || outputs == 0 || plane == 0) return;
    struct convolution p = {.weights = weights, .form = form, .input = input, .out_height = out_height,
                            .elementwise = ck_elementwise_for(level)};
    convolution_begin(&p, 1, 0);
    struct strip strip = {.convolution = &p, .taps = weights->inputs};
    size_t most = strip_values / (strip.taps ? strip.taps : 1) + 1;
    if (most > plane) most = plane;
    size_t image = p.height * p.width * p.pixel * sizeof(float);
    size_t bytes = image + most * (strip.taps + outputs) * sizeof(float);
    p.image = ck_allocate(bytes);
    strip.matrix = (float *)(void *)((char *)p.image + image);
    strip.sums = strip.matrix + most * strip.taps;
    for (p.first_sample = 0; p.first_sample < input->samples; p.first_sample++) {
        p.lines = p.height;
        convolution_lay(&p);
        for (strip.first = 0; strip.first < plane; strip.first += most) {
            strip.pixels = plane - strip.first < most ? plane - strip.first : most;
            ck_parallel(strip.pixels, gather_job, &strip);
            ck_gemm_packed(level, strip.pixels, strip.matrix, strip.taps, weights, strip.sums, outputs, bias);
            size_t start = p.first_sample * outputs * plane + strip.first;
            convolution_write(out + start, residual ? residual + start : NULL, strip.sums, outputs, outputs, strip.pixels, plane);
        }
    }
    ck_free(p.image, bytes);
}

/// Does the work; `beyond` as in `begin`.
static void convolve(struct convolution *p, size_t beyond) {
    convolution_begin(p, unit_of(p->weights->type), beyond);
    p->panels = panels_of(p->weights->outputs);
    p->steps = steps_of(p->weights->type, p->weights->inputs);
    p->lines_per_job = pixels_per_job / p->form->out_width;
    if (p->lines_per_job < 1) p->lines_per_job = 1;
    if (p->lines_per_job > p->out_height) p->lines_per_job = p->out_height;
    convolution_run(p, (p->out_height + p->lines_per_job - 1) / p->lines_per_job, convolve_job, p);
}

void ck_convolve(enum ck_level level, const struct ck_packed *weights, const struct ck_convolution *form,
                 const struct ck_convolution_input *input, float *out, size_t out_height, const float *bias,
                 const float *residual) {
    if (input->samples == 0 || weights->outputs == 0 || out_height == 0 || form->out_width == 0) return;
    struct convolution p = {.weights = weights, .form = form, .input = input, .out = out, .out_height = out_height,
                            .bias = bias, .residual = residual, .elementwise = ck_elementwise_for(level)};
    packed_kernels_for(level, weights->type, &p.kernels);
    if (p.kernels.in_blocks) {
        ck_convolve_in_strips(level, weights, form, input, out, out_height, bias, residual);
    } else {
        convolve(&p, 0);
    }
}

bool ck_convolves_in_place(enum ck_level level, enum ck_type type) {
    struct packed_kernels kernels;
    packed_kernels_for(level, type, &kernels);
    return !kernels.in_blocks;
}

void ck_convolve_doubled(enum ck_level level, const struct ck_packed phases[4], const struct ck_convolution_input *input,
                         size_t height, size_t width, float *out, const float *bias) {
    if (input->samples == 0 || phases[0].outputs == 0 || height == 0 || width == 0) return;
    const struct ck_convolution form = {.height = height, .width = width, .kernel_height = 2, .kernel_width = 2, .stride = 1,
                                        .top = 1, .left = 1, .out_width = width};
    struct convolution p = {.weights = phases, .phases = phases, .form = &form, .input = input, .out = out, .out_height = height,
                            .bias = bias, .elementwise = ck_elementwise_for(level)};
    packed_kernels_for(level, phases[0].type, &p.kernels);
    convolve(&p, 1);
}
