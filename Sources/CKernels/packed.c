// Products with weights that were packed once.

#include "ck_packed.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "ck_memory.h"
#include "ck_pool.h"
#include "clones.h"
#include "gemm_kernel.h"
#include "packed_kernel.h"
#include "packed_words.h"

/// Rows of activations as the tiles read them.
CK_CLONES static void round_row_bf16(uint32_t *out, const float *from, size_t k) {
    for (size_t step = 0; step < k / 2; step++) out[step] = rounded(from[2 * step]) | rounded(from[2 * step + 1]) << 16;
    if (k & 1) out[k / 2] = rounded(from[k - 1]);
}

CK_CLONES static float round_row_int8(uint8_t *out, const float *from, size_t k) {
    float tops[16] = {0};
    size_t whole = k / 16 * 16;
    for (size_t i = 0; i < whole; i += 16) {
        for (size_t lane = 0; lane < 16; lane++) {
            float magnitude = from[i + lane] < 0 ? -from[i + lane] : from[i + lane];
            tops[lane] = magnitude > tops[lane] ? magnitude : tops[lane];
        }
    }
    float top = largest(from + whole, k - whole);
    for (size_t lane = 0; lane < 16; lane++) top = tops[lane] > top ? tops[lane] : top;
    float inverse = top > 0 ? 127 / top : 0;
    for (size_t i = 0; i < k; i++) out[i] = (uint8_t)(nearest(from[i] * inverse) + 128);
    for (size_t i = k; i % 4 != 0; i++) out[i] = 0;
    return top / 127;
}

enum {
    block_steps = 576,       // of k: a panel's block is 72 KiB. The second-level cache feeds it fast enough, and sums are
                             // written and read again less often than with what fits into the first
    fast_block_steps = 256,  // where products outrun the second-level cache: a panel's block stays in the first
    rows_per_job = 224,      // at most; in whole tiles
    left_bytes = 512 << 10,  // of activations that a job works on at a time: they stay in the second-level cache
    avx2_block_steps = 224,  // 28 KiB
    pack_rows = 16,
};

struct product {
    enum ck_type type;
    size_t rows, outputs, inputs, steps, panels;
    const float *a;
    size_t lda;
    const uint32_t *weights;
    const float *scales;
    const int32_t *sums;
    float *c;
    size_t ldc;
    const float *bias;
    uint32_t *rounded;
    float *row_scales;
    struct packed_kernels kernels;
    const struct ck_finish *finish;
    const struct ck_elementwise *elementwise;
    bool is_few;                   // rows for the tiles of several panels side by side
    size_t left_row, left_step;
    size_t rows_per_job, row_jobs, panels_per_job;
    size_t long_stretches;         // of panels_per_job panels; those after them have `short_panels`
    size_t short_panels;
    size_t round_jobs;
    atomic_size_t rounded_jobs;    // that are done
};

static void round_job(void *context, size_t index, int thread) {
    (void)thread;
    struct product *p = context;
    size_t end = (index + 1) * pack_rows < p->rows ? (index + 1) * pack_rows : p->rows;
    for (size_t row = index * pack_rows; row < end; row++) {
        uint32_t *out = p->rounded + (p->kernels.in_blocks ? gemm_block_row(row, p->left_row) : row * p->left_row);
        if (p->type == CK_F32) {
            memcpy(out, p->a + row * p->lda, p->inputs * sizeof(float));
        } else if (p->type == CK_BF16) {
            p->kernels.round(out, p->a + row * p->lda, p->inputs);
        } else {
            p->row_scales[row] = p->kernels.round8((uint8_t *)out, p->a + row * p->lda, p->inputs);
        }
    }
}

/// c = residual + gate ∘ c, panel by panel: a job may have few outputs, and loops of a known length stay in vectors.
CK_CLONES static void add_residual(float *c, const float *residual, const float *gate, size_t count) {
    size_t i = 0;
    for (; i + ck_panel_width <= count; i += ck_panel_width) {
        float sums[ck_panel_width];
        if (gate) {
            for (size_t j = 0; j < ck_panel_width; j++) sums[j] = residual[i + j] + gate[i + j] * c[i + j];
        } else {
            for (size_t j = 0; j < ck_panel_width; j++) sums[j] = residual[i + j] + c[i + j];
        }
        memcpy(c + i, sums, sizeof sums);
    }
    for (; i < count; i++) c[i] = gate ? residual[i] + gate[i] * c[i] : residual[i] + c[i];
}

/// Does what is left to do on rows [first, last) and outputs [column, end).
static void finish_part(const struct product *p, size_t first, size_t last, size_t column, size_t end) {
    const struct ck_finish *finish = p->finish;
    size_t count = end - column;
    for (size_t row = first; row < last; row++) {
        float *c = p->c + row * p->ldc + column;
        if (finish->activates) p->elementwise->activate(finish->activation, c, c, count);
        if (!finish->residual) continue;
        const float *residual = finish->residual + row * p->outputs + column;
        const float *gate = finish->gate ? finish->gate + row / finish->rows_per_gate * p->outputs + column : NULL;
        add_residual(c, residual, gate, count);
    }
}

/// The panels [panel, end) that are whole, as many at a time as the tiles for few rows take; returns the first that is left.
static size_t compute_few(const struct product *p, size_t first, size_t last, size_t panel, size_t end) {
#if defined(__x86_64__)
    size_t whole = p->outputs / ck_panel_width, distance = p->steps * ck_panel_width, rows = last - first;
    const uint32_t *left = p->rounded + first * p->left_row;
    for (; panel + few_panels <= end && panel + few_panels <= whole; panel += few_panels) {
        size_t column = panel * ck_panel_width;
        const uint32_t *b = p->weights + panel * distance;
        const float *bias = p->bias ? p->bias + column : NULL;
        float *c = p->c + first * p->ldc + column;
        if (p->type == CK_INT8) {
            struct int8_factors factors = {p->row_scales + first, p->scales + column, p->sums + column};
            tile_int8_few_vnni(rows, p->steps, left, p->left_row, b, distance, c, p->ldc, &factors, bias);
            continue;
        }
        for (size_t block = 0; block < p->steps || block == 0; block += p->kernels.block_steps) {
            size_t steps = p->steps - block < p->kernels.block_steps ? p->steps - block : p->kernels.block_steps;
            tile_bf16_few_avx512(rows, steps, left + block, p->left_row, b + block * ck_panel_width, distance, c, p->ldc,
                                 block > 0, block == 0 ? bias : NULL);
        }
    }
#else
    (void)p, (void)first, (void)last, (void)end;
#endif
    return panel;
}

/// The first panel of a stretch.
static size_t stretch_start(const struct product *p, size_t stretch) {
    size_t whole = stretch < p->long_stretches ? stretch : p->long_stretches;
    size_t panel = whole * p->panels_per_job + (stretch - whole) * p->short_panels;
    return panel < p->panels ? panel : p->panels;
}

static void compute_job(const struct product *p, size_t index) {
    size_t first = index % p->row_jobs * p->rows_per_job;
    size_t last = first + p->rows_per_job < p->rows ? first + p->rows_per_job : p->rows;
    size_t first_panel = stretch_start(p, index / p->row_jobs), panel = first_panel;
    size_t panel_end = stretch_start(p, index / p->row_jobs + 1);
    const uint32_t *left = p->rounded ? p->rounded : (const uint32_t *)(const void *)p->a;
    // Integer sums have to be whole before they are scaled; the others are built block by block.
    size_t block_size = p->type == CK_INT8 && p->steps > 0 ? p->steps : p->kernels.block_steps;
    size_t stretch = left_bytes / sizeof(uint32_t) / (last - first) / block_size * block_size;
    if (stretch < block_size) stretch = block_size;
    if (p->kernels.begin) p->kernels.begin();
    if (p->is_few) panel = compute_few(p, first, last, panel, panel_end);
    for (size_t start = 0; start < p->steps || start == 0; start += stretch) {
        size_t end = start + stretch < p->steps ? start + stretch : p->steps;
        for (size_t j = panel; j < panel_end; j++) {
            size_t column = j * ck_panel_width;
            size_t columns = p->outputs - column < ck_panel_width ? p->outputs - column : ck_panel_width;
            for (size_t block = start; block < end || block == 0; block += block_size) {
                size_t steps = end - block < block_size ? end - block : block_size;
                const uint32_t *b = p->weights + (j * p->steps + block) * ck_panel_width;
                const float *bias = p->bias && block == 0 ? p->bias + column : NULL;
                for (size_t row = first; row < last; row += p->kernels.height) {
                    size_t rows = last - row < p->kernels.height ? last - row : p->kernels.height;
                    float *c = p->c + row * p->ldc + column;
                    const uint32_t *a = left + row * p->left_row + block * p->left_step;
                    if (p->type == CK_INT8) {
                        struct int8_factors factors = {p->row_scales + row, p->scales + column, p->sums + column};
                        p->kernels.tile8(rows, columns, steps, a, p->left_row, b, c, p->ldc, &factors, bias);
                    } else {
                        p->kernels.tile(rows, columns, steps, a, p->left_row, p->left_step, b, c, p->ldc, block > 0, bias);
                    }
                }
            }
        }
    }
    if (p->kernels.end) p->kernels.end();
    if (p->finish) {
        size_t end = panel_end * ck_panel_width;
        finish_part(p, first, last, first_panel * ck_panel_width, end < p->outputs ? end : p->outputs);
    }
}

/// Rounds rows, or computes: jobs are begun in order, so that those that round are all begun when the first of the others
/// waits for them. One loop of the pool in place of two.
static void product_job(void *context, size_t index, int thread) {
    struct product *p = context;
    if (index < p->round_jobs) {
        round_job(p, index, thread);
        atomic_fetch_add_explicit(&p->rounded_jobs, 1, memory_order_release);
        return;
    }
    for (size_t turn = 1; atomic_load_explicit(&p->rounded_jobs, memory_order_acquire) < p->round_jobs; turn++) {
        if (turn % 4096 == 0) {
            sched_yield();
        } else {
            ck_relax();
        }
    }
    compute_job(p, index - p->round_jobs);
}

void packed_kernels_for(enum ck_level level, enum ck_type type, struct packed_kernels *kernels) {
    *kernels = (struct packed_kernels){
        .tile = type == CK_BF16 ? tile_bf16_panel : tile_f32_panel, .tile8 = tile_int8_portable,
        .round = round_row_bf16, .round8 = round_row_int8, .height = 4, .block_steps = block_steps, .words = 1};
#if defined(__x86_64__)
    if (type != CK_F32 && level >= CK_AMX) {
        *kernels = (struct packed_kernels){
            .tile = gemm_bf16_amx.tile, .tile8 = tile_int8_amx, .round = gemm_bf16_amx.round,
            .round8 = round_block_int8_avx512, .height = gemm_bf16_amx.height, .block_steps = fast_block_steps,
            .words = 1, .in_blocks = true, .begin = gemm_bf16_amx.begin, .end = gemm_bf16_amx.end};
    } else if (type == CK_BF16 && level >= CK_AVX512_BF16) {
        kernels->tile = gemm_bf16_avx512.tile;
        kernels->round = gemm_bf16_avx512.round;
        kernels->height = gemm_bf16_avx512.height;
        kernels->has_few = true;
    } else if (type == CK_F32 && level >= CK_AVX512) {
        kernels->tile = gemm_f32_avx512.tile;
        kernels->height = gemm_f32_avx512.height;
    } else if (type == CK_INT8 && level >= CK_AVX512_VNNI) {
        kernels->tile8 = tile_int8_vnni;
        kernels->round8 = round_int8_avx512;
        kernels->height = 14;
        kernels->has_few = true;
    } else if (type == CK_INT8 && level >= CK_AVX_VNNI && tile_int8_avxvnni()) {
        kernels->tile8 = tile_int8_avxvnni();
        kernels->round8 = round_int8_bytes_avx2;
        kernels->height = avxvnni_height;
    } else if (type == CK_INT8 && level >= CK_AVX2) {
        kernels->tile8 = tile_int8_avx2;
        kernels->round8 = round_int8_avx2;
        kernels->height = avx2_int8_height;
        kernels->words = 2;
    } else if (level >= CK_AVX2 && level < CK_AVX512) {
        kernels->tile = type == CK_BF16 ? tile_bf16_panel_avx2 : tile_f32_panel_avx2;
        kernels->height = avx2_height;
        // Few rows go through a panel at a time: it has to come from the first-level cache.
        kernels->block_steps = avx2_block_steps;
    }
#elif defined(__aarch64__)
    if (type == CK_F32 && level >= CK_NEON) {
        kernels->tile = tile_f32_panel_neon;
        kernels->height = 3;
    }
#else
    (void)level;
#endif
}

void ck_gemm_packed(enum ck_level level, size_t rows, const float *a, size_t lda, const struct ck_packed *weights,
                    float *c, size_t ldc, const float *bias) {
    ck_gemm_packed_finished(level, rows, a, lda, weights, c, ldc, bias, NULL);
}

void ck_gemm_packed_finished(enum ck_level level, size_t rows, const float *a, size_t lda,
                             const struct ck_packed *weights, float *c, size_t ldc, const float *bias,
                             const struct ck_finish *finish) {
    if (rows == 0 || weights->outputs == 0) return;
    struct product p = {.type = weights->type, .rows = rows, .outputs = weights->outputs, .inputs = weights->inputs,
                        .steps = steps_of(weights->type, weights->inputs), .panels = panels_of(weights->outputs),
                        .a = a, .lda = lda, .weights = weights->data, .scales = weights->scales,
                        .sums = weights->sums, .c = c, .ldc = ldc, .bias = bias, .left_step = 1,
                        .finish = finish, .elementwise = ck_elementwise_for(level)};
    packed_kernels_for(level, p.type, &p.kernels);
    p.is_few = p.kernels.has_few && rows <= few_rows;
    bool copies = p.type != CK_F32 || gemm_is_crowded(lda);
    p.left_row = copies ? gemm_spread(p.kernels.words * p.steps) : lda;
    if (p.kernels.in_blocks) {
        p.left_row = gemm_whole_blocks(p.steps);
        p.left_step = gemm_block_side;
    }
    size_t bytes = 0;
    if (copies) {
        size_t whole_tiles = (rows + p.kernels.height - 1) / p.kernels.height * p.kernels.height;
        size_t rounded_bytes = (whole_tiles * p.left_row * sizeof(uint32_t) + 63) & ~(size_t)63;
        bytes = rounded_bytes + rows * sizeof(float);
        p.rounded = ck_allocate(bytes);
        p.row_scales = (float *)((char *)p.rounded + rounded_bytes);
        p.round_jobs = (rows + pack_rows - 1) / pack_rows;
    }
    p.row_jobs = (rows + rows_per_job - 1) / rows_per_job;
    p.rows_per_job = ((rows + p.row_jobs - 1) / p.row_jobs + p.kernels.height - 1) / p.kernels.height * p.kernels.height;
    p.row_jobs = (rows + p.rows_per_job - 1) / p.rows_per_job;
    p.panels_per_job = p.panels * p.row_jobs / (16 * (size_t)ck_thread_count());
    if (p.is_few) {
        // Memory decides: jobs that are long enough to read it at full speed, where that leaves work for all.
        size_t threads = (size_t)ck_thread_count(), least = (p.panels + threads - 1) / threads;
        size_t most = p.panels / (8 * threads) / few_panels * few_panels;
        p.panels_per_job = most > few_panels ? most : least < few_panels ? least : few_panels;
    }
    if (p.panels_per_job < 1) p.panels_per_job = 1;
    // The last stretches are short, so that threads end together.
    p.short_panels = p.is_few ? p.panels_per_job : 1;
    size_t tail = p.is_few ? 0 : (size_t)ck_thread_count() * p.panels_per_job;
    p.long_stretches = tail < p.panels ? (p.panels - tail) / p.panels_per_job : 0;
    size_t left = p.panels - p.long_stretches * p.panels_per_job;
    size_t stretches = p.long_stretches + (left + p.short_panels - 1) / p.short_panels;
    ck_parallel(p.round_jobs + p.row_jobs * stretches, product_job, &p);
    if (p.rounded) ck_free(p.rounded, bytes);
}
