// Matrix products: operands are rounded and packed once, then tiles are computed over blocks of k that keep a panel of
// b in the first-level cache.

#include "ck_gemm.h"

#include <string.h>

#include "ck_memory.h"
#include "ck_pool.h"
#include "clones.h"
#include "gemm_kernel.h"

enum {
    block_steps = 256,       // of k, as 32-bit elements: a panel's block is 32 KiB and stays in the first-level cache
    rows_per_job = 224,      // at most; in whole tiles
    left_bytes = 512 << 10,  // of a that a job works on at a time: they stay in the second-level cache
    pack_width = 4,          // panels of b that are packed together where k runs contiguously
    pack_rows = 64,          // rows of a that are packed together where k runs contiguously
    pack_steps = 64,         // steps that are packed together where it does not
    apart = 16,              // elements between panels: they would else begin in the same few sets of the caches
};

static const struct gemm_kernel *kernel_for(enum ck_level level, enum ck_type type) {
#if defined(__x86_64__)
    if (type == CK_BF16 && level >= CK_AMX) return &gemm_bf16_amx;
    if (type == CK_BF16 && level >= CK_AVX512_BF16) return &gemm_bf16_avx512;
    if (type == CK_BF16 && level == CK_PORTABLE) return &gemm_bf16_portable;
    if (level >= CK_AVX512) return &gemm_f32_avx512;
    if (level >= CK_AVX2) return &gemm_f32_avx2;
#else
    if (type == CK_BF16 && level == CK_PORTABLE) return &gemm_bf16_portable;
#if defined(__aarch64__)
    if (level >= CK_NEON) return &gemm_f32_neon;
#endif
#endif
    return &gemm_f32_portable;
}

bool ck_gemm_has(enum ck_level level, enum ck_type type) {
    return type == CK_F32 || kernel_for(level, type)->unit == 2;
}

static inline uint32_t raw_bits(float value) {
    uint32_t raw;
    memcpy(&raw, &value, 4);
    return raw;
}

/// bfloat16 in the low half, nearest even. NaN keeps its top bits, which hold the quiet bit.
static inline uint32_t rounded(uint32_t raw) {
    uint32_t up = (raw + 0x7fff + (raw >> 16 & 1)) >> 16;
    return (raw & 0x7fffffff) > 0x7f800000u ? raw >> 16 : up;
}

static inline uint32_t pair(float low, float high) { return rounded(raw_bits(low)) | rounded(raw_bits(high)) << 16; }

// Sources are described by two strides: `along` between neighbouring k, `across` between neighbouring rows (of a) or
// columns (of b). One of them is 1.

/// Elements [step][line] for `lines` lines in rows of `stride`, zero-filled up to `stride`, from a source whose k runs
/// contiguously.
CK_CLONES static void pack_contiguous_k(uint32_t *out, size_t stride, const float *source, size_t across, size_t lines, size_t k,
                              size_t unit, gemm_pack fast) {
    size_t steps = (k + unit - 1) / unit, whole = k / unit;
    size_t line = 0;
    if (fast && whole == steps) line = fast(out, stride, source, across, lines, steps);
    for (; line + 8 <= lines; line += 8) {
        const float *from = source + line * across;
        uint32_t *to = out + line;
        if (unit == 2) {
            for (size_t step = 0; step < whole; step++) {
                for (int i = 0; i < 8; i++) to[i] = pair(from[i * across + 2 * step], from[i * across + 2 * step + 1]);
                to += stride;
            }
            if (whole < steps)
                for (int i = 0; i < 8; i++) to[i] = pair(from[i * across + 2 * whole], 0);
        } else {
            for (size_t step = 0; step < steps; step++) {
                for (int i = 0; i < 8; i++) to[i] = raw_bits(from[i * across + step]);
                to += stride;
            }
        }
    }
    for (; line < stride; line++) {
        for (size_t step = 0; step < steps; step++) {
            uint32_t element = 0;
            if (line < lines) {
                const float *from = source + line * across;
                if (unit == 1) {
                    element = raw_bits(from[step]);
                } else {
                    element = pair(from[2 * step], 2 * step + 1 < k ? from[2 * step + 1] : 0);
                }
            }
            out[step * stride + line] = element;
        }
    }
}

/// The same from a source whose lines lie side by side (k has stride `along`), as panels of `width` lines each:
/// out[panel·distance + step·width + line].
CK_CLONES static void pack_contiguous_lines(uint32_t *out, size_t distance, size_t width, const float *source,
                                            size_t along, size_t lines, size_t k, size_t unit) {
    size_t steps = (k + unit - 1) / unit;
    for (size_t step = 0; step < steps; step++) {
        const float *low = source + step * unit * along;
        const float *high = unit == 2 && 2 * step + 1 < k ? low + along : NULL;
        for (size_t first = 0; first < lines; first += width) {
            uint32_t *to = out + first / width * distance + step * width;
            size_t count = lines - first < width ? lines - first : width;
            if (unit == 1) {
                memcpy(to, low + first, count * sizeof(float));
            } else if (high) {
                for (size_t line = 0; line < count; line++) to[line] = pair(low[first + line], high[first + line]);
            } else {
                for (size_t line = 0; line < count; line++) to[line] = pair(low[first + line], 0);
            }
            if (count < width) memset(to + count, 0, (width - count) * sizeof(uint32_t));
        }
    }
}

/// The same with the kernel's own loop where it has one.
static void pack_lines(const struct gemm_kernel *kernel, uint32_t *out, size_t distance, size_t width,
                       const float *source, size_t along, size_t lines, size_t k) {
    size_t whole = kernel->pack_panels ? k / kernel->unit : 0, done = whole * kernel->unit;
    if (whole) kernel->pack_panels(out, distance, width, source, along, lines, whole);
    if (done < k) pack_contiguous_lines(out + whole * width, distance, width, source + done * along, along, lines, k - done, kernel->unit);
}

/// Values of k rounded to pairs in place: what a row of a needs when its k runs contiguously.
CK_CLONES static void round_row(uint32_t *out, const float *from, size_t k) {
    size_t whole = k / 2;
    for (size_t step = 0; step < whole; step++) out[step] = pair(from[2 * step], from[2 * step + 1]);
    if (k & 1) out[whole] = pair(from[k - 1], 0);
}

static void copy_row(uint32_t *out, const float *from, size_t k) { memcpy(out, from, k * sizeof(float)); }

struct product {
    const struct gemm_kernel *kernel;
    bool transpose_a, transpose_b;
    size_t m, n, k, steps, panels;
    const float *a, *b;
    size_t lda, ldb;
    float beta;
    float *c;
    size_t ldc;
    const float *bias;
    uint32_t *packed_a, *packed_b;
    const uint32_t *left;  // packed_a, or a itself where it needs no packing
    size_t left_row, left_step;
    size_t right_panel;  // from one panel of b to the next
    size_t jobs_a, jobs_b, rows_per_job, row_jobs, column_jobs, panels_per_job;
};

static size_t steps_for(const struct gemm_kernel *kernel, size_t k) { return (k + kernel->unit - 1) / kernel->unit; }

static void prepare(struct product *p) {
    p->steps = steps_for(p->kernel, p->k);
    p->panels = (p->n + p->kernel->width - 1) / p->kernel->width;
    p->row_jobs = (p->m + rows_per_job - 1) / rows_per_job;
    p->rows_per_job = ((p->m + p->row_jobs - 1) / p->row_jobs + p->kernel->height - 1) / p->kernel->height * p->kernel->height;
    p->row_jobs = (p->m + p->rows_per_job - 1) / p->rows_per_job;
    p->right_panel = p->steps * p->kernel->width + apart;
    p->jobs_b = p->transpose_b ? (p->panels + pack_width - 1) / pack_width : (p->steps + pack_steps - 1) / pack_steps;
    if (!p->transpose_a && p->kernel->unit == 1 && !gemm_is_crowded(p->lda)) {
        p->left = (const uint32_t *)(const void *)p->a;
        p->left_row = p->lda;
        p->left_step = 1;
    } else if (p->kernel->pack_blocks) {
        p->left = p->packed_a;
        p->left_row = gemm_whole_blocks(p->steps);
        p->left_step = gemm_block_side;
    } else if (!p->transpose_a) {
        p->left = p->packed_a;
        p->left_row = gemm_spread(p->steps);
        p->left_step = 1;
    } else {
        p->left = p->packed_a;
        p->left_row = 1;
        p->left_step = p->m;
    }
}

/// Packs a slice of a: some rows where k runs contiguously, and else some steps of all rows.
static void pack_a(struct product *p, size_t job) {
    const struct gemm_kernel *kernel = p->kernel;
    if (p->transpose_a) {
        size_t step = job * pack_steps, first = step * kernel->unit;
        size_t count = p->k - first < pack_steps * kernel->unit ? p->k - first : pack_steps * kernel->unit;
        const float *from = p->a + first * p->lda;
        if (kernel->pack_blocks) {
            kernel->pack_blocks(p->packed_a + step * p->left_step, gemm_block_side * p->left_row, from, p->lda, p->m, count);
        } else {
            pack_lines(kernel, p->packed_a + step * p->m, 0, p->m, from, p->lda, p->m, count);
        }
    } else {
        size_t first = job * pack_rows;
        size_t rows = p->m - first < pack_rows ? p->m - first : pack_rows;
        gemm_round round = kernel->round ? kernel->round : kernel->unit == 1 ? copy_row : round_row;
        for (size_t row = first; row < first + rows; row++) {
            size_t at = kernel->pack_blocks ? gemm_block_row(row, p->left_row) : row * p->left_row;
            round(p->packed_a + at, p->a + row * p->lda, p->k);
        }
    }
}

static size_t pack_a_jobs(const struct product *p) {
    if (p->left != p->packed_a) return 0;
    return p->transpose_a ? (p->steps + pack_steps - 1) / pack_steps : (p->m + pack_rows - 1) / pack_rows;
}

/// Packs a slice of b: a few panels where k runs contiguously, and else some steps of all panels.
static void pack_b(struct product *p, size_t job) {
    const struct gemm_kernel *kernel = p->kernel;
    size_t width = kernel->width;
    if (!p->transpose_b) {
        size_t step = job * pack_steps, first = step * kernel->unit;
        size_t count = p->k - first < pack_steps * kernel->unit ? p->k - first : pack_steps * kernel->unit;
        pack_lines(kernel, p->packed_b + step * width, p->right_panel, width, p->b + first * p->ldb, p->ldb, p->n, count);
        return;
    }
    for (size_t panel = job * pack_width; panel < p->panels && panel < (job + 1) * pack_width; panel++) {
        size_t column = panel * width, columns = p->n - column < width ? p->n - column : width;
        pack_contiguous_k(p->packed_b + panel * p->right_panel, width, p->b + column * p->ldb, p->ldb, columns, p->k,
                          kernel->unit, kernel->pack);
    }
}

/// Computes the tiles of rows [row, row_end) and panels [panel, panel_end).
static void compute(const struct product *p, size_t row, size_t row_end, size_t panel, size_t panel_end) {
    const struct gemm_kernel *kernel = p->kernel;
    size_t width = kernel->width;
    if (kernel->begin) kernel->begin();
    size_t stretch = left_bytes / sizeof(uint32_t) / (row_end - row) / block_steps * block_steps;
    if (stretch < block_steps) stretch = block_steps;
    for (size_t start = 0; start < p->steps || start == 0; start += stretch) {
        size_t end = start + stretch < p->steps ? start + stretch : p->steps;
        for (size_t j = panel; j < panel_end; j++) {
            size_t columns = p->n - j * width < width ? p->n - j * width : width;
            for (size_t block = start; block < end || block == 0; block += block_steps) {
                size_t steps = end - block < block_steps ? end - block : block_steps;
                const uint32_t *b = p->packed_b + j * p->right_panel + block * width;
                const float *bias = block == 0 && p->bias ? p->bias + j * width : NULL;
                for (size_t i = row; i < row_end; i += kernel->height) {
                    size_t rows = row_end - i < kernel->height ? row_end - i : kernel->height;
                    kernel->tile(rows, columns, steps,
                                 p->left + i * p->left_row + block * p->left_step, p->left_row, p->left_step, b, p->c + i * p->ldc + j * width, p->ldc, block > 0 || p->beta != 0,
                                 bias);
                }
            }
        }
    }
    if (kernel->end) kernel->end();
}

static void pack_job(void *context, size_t index, int thread) {
    (void)thread;
    struct product *p = context;
    if (index < p->jobs_a) {
        pack_a(p, index);
    } else {
        pack_b(p, index - p->jobs_a);
    }
}

static void compute_job(void *context, size_t index, int thread) {
    (void)thread;
    struct product *p = context;
    size_t row = index % p->row_jobs * p->rows_per_job, panel = index / p->row_jobs * p->panels_per_job;
    size_t row_end = row + p->rows_per_job < p->m ? row + p->rows_per_job : p->m;
    size_t panel_end = panel + p->panels_per_job < p->panels ? panel + p->panels_per_job : p->panels;
    compute(p, row, row_end, panel, panel_end);
}

static size_t bytes_a(const struct gemm_kernel *kernel, size_t m, size_t k) {
    if (kernel->pack_blocks) {
        m = (m + kernel->height - 1) / kernel->height * kernel->height;
        k = gemm_whole_blocks(steps_for(kernel, k)) * kernel->unit;
    }
    return (m * gemm_spread(steps_for(kernel, k)) * sizeof(uint32_t) + 127) & ~(size_t)63;
}

static size_t bytes_b(const struct gemm_kernel *kernel, size_t n, size_t k) {
    size_t panels = (n + kernel->width - 1) / kernel->width;
    return (panels * (kernel->width * steps_for(kernel, k) + apart) * sizeof(uint32_t) + 127) & ~(size_t)63;
}

size_t ck_gemm_scratch(enum ck_level level, enum ck_type type, size_t m, size_t n, size_t k) {
    const struct gemm_kernel *kernel = kernel_for(level, type);
    return bytes_a(kernel, m, k) + bytes_b(kernel, n, k);
}

void ck_gemm_serial(enum ck_level level, enum ck_type type, bool transpose_a, bool transpose_b, size_t m, size_t n,
                    size_t k, const float *a, size_t lda, const float *b, size_t ldb, float beta, float *c, size_t ldc,
                    const float *bias, void *scratch) {
    if (m == 0 || n == 0) return;
    struct product p = {.kernel = kernel_for(level, type), .transpose_a = transpose_a, .transpose_b = transpose_b,
                        .m = m, .n = n, .k = k, .a = a, .lda = lda, .b = b, .ldb = ldb, .beta = beta, .c = c,
                        .ldc = ldc, .bias = bias};
    p.packed_a = scratch;
    p.packed_b = (uint32_t *)((char *)scratch + bytes_a(p.kernel, m, k));
    prepare(&p);
    size_t jobs = pack_a_jobs(&p);
    for (size_t job = 0; job < jobs; job++) pack_a(&p, job);
    for (size_t job = 0; job < p.jobs_b; job++) pack_b(&p, job);
    compute(&p, 0, m, 0, p.panels);
}

size_t gemm_height(enum ck_level level, enum ck_type type) { return kernel_for(level, type)->height; }

size_t gemm_right_bytes(enum ck_level level, enum ck_type type, size_t n, size_t k) {
    return bytes_b(kernel_for(level, type), n, k);
}

size_t gemm_left_bytes(enum ck_level level, enum ck_type type, size_t m, size_t k) {
    return bytes_a(kernel_for(level, type), m, k);
}

void gemm_pack_right(enum ck_level level, enum ck_type type, bool transposed, size_t n, size_t k, const float *b,
                     size_t ldb, void *packed) {
    struct product p = {.kernel = kernel_for(level, type), .transpose_b = transposed, .m = 1, .n = n, .k = k, .b = b,
                        .ldb = ldb, .packed_b = packed};
    prepare(&p);
    for (size_t job = 0; job < p.jobs_b; job++) pack_b(&p, job);
}

void gemm_with_right(enum ck_level level, enum ck_type type, size_t m, size_t n, size_t k, const float *a, size_t lda,
                     const void *packed, float *c, size_t ldc, void *scratch) {
    struct product p = {.kernel = kernel_for(level, type), .m = m, .n = n, .k = k, .a = a, .lda = lda, .c = c,
                        .ldc = ldc, .packed_a = scratch, .packed_b = (uint32_t *)(uintptr_t)packed};
    prepare(&p);
    size_t jobs = pack_a_jobs(&p);
    for (size_t job = 0; job < jobs; job++) pack_a(&p, job);
    compute(&p, 0, m, 0, p.panels);
}

void ck_gemm(enum ck_level level, enum ck_type type, bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k,
             const float *a, size_t lda, const float *b, size_t ldb, float beta, float *c, size_t ldc,
             const float *bias) {
    if (m == 0 || n == 0) return;
    size_t bytes = ck_gemm_scratch(level, type, m, n, k);
    void *scratch = ck_allocate(bytes);
    if ((double)m * n * k < 1 << 18) {  // a loop on the pool costs more than it gains
        ck_gemm_serial(level, type, transpose_a, transpose_b, m, n, k, a, lda, b, ldb, beta, c, ldc, bias, scratch);
        ck_free(scratch, bytes);
        return;
    }
    struct product p = {.kernel = kernel_for(level, type), .transpose_a = transpose_a, .transpose_b = transpose_b,
                        .m = m, .n = n, .k = k, .a = a, .lda = lda, .b = b, .ldb = ldb, .beta = beta, .c = c,
                        .ldc = ldc, .bias = bias};
    p.packed_a = scratch;
    p.packed_b = (uint32_t *)((char *)scratch + bytes_a(p.kernel, m, k));
    prepare(&p);
    p.jobs_a = pack_a_jobs(&p);
    ck_parallel(p.jobs_a + p.jobs_b, pack_job, &p);
    // Several jobs to a thread even out their speeds; the tiles and their order of summing stay the same.
    size_t target = 16 * (size_t)ck_thread_count();
    p.panels_per_job = p.panels * p.row_jobs / target;
    if (p.panels_per_job < 1) p.panels_per_job = 1;
    if (p.panels_per_job > p.panels) p.panels_per_job = p.panels;
    p.column_jobs = (p.panels + p.panels_per_job - 1) / p.panels_per_job;
    ck_parallel(p.row_jobs * p.column_jobs, compute_job, &p);
    ck_free(scratch, bytes);
}
