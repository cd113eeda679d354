// Holds the kernels of this machine's highest level against the portable ones: products of all types and layouts, packed
// products with what follows them, attention with its gradients, convolutions. Prints what differs; exits 1 then.
//
// Made for arm64 under emulation, where no Swift toolchain is at hand; it runs on any machine.

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CKernels.h"

static int failures, checks;
static uint64_t state = 88172645463325252u;

static float uniform(void) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (float)(state >> 40) / (float)(1 << 23) - 1;
}

static float *random_values(size_t count) {
    float *values = aligned_alloc(64, (count * sizeof(float) + 64) / 64 * 64 + 64);
    for (size_t i = 0; i < count; i++) values[i] = uniform();
    return values;
}

static float *copy(const float *values, size_t count) {
    float *twin = random_values(count);
    memcpy(twin, values, count * sizeof(float));
    return twin;
}

/// Largest difference over largest value must stay below `tolerance`.
static void compare(const char *what, const float *found, const float *expected, size_t count, double tolerance) {
    double difference = 0, largest = 1e-30;
    for (size_t i = 0; i < count; i++) {
        double d = fabs((double)found[i] - expected[i]);
        if (!(d <= difference)) difference = d;
        if (fabs(expected[i]) > largest) largest = fabs(expected[i]);
    }
    checks++;
    if (difference / largest <= tolerance) return;
    failures++;
    printf("%s: differs by %g of %g\n", what, difference, largest);
}

static const char *type_names[] = {"float32", "bfloat16", "int8"};
static const double tolerances[] = {3e-6, 3e-6, 3e-6};

static void check_products(enum ck_level level) {
    static const size_t shapes[][3] = {{1, 1, 1},   {3, 5, 7},    {17, 33, 65},  {64, 64, 64},
                                       {77, 96, 50}, {1, 200, 300}, {130, 31, 257}, {40, 129, 700}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        size_t m = shapes[s][0], n = shapes[s][1], k = shapes[s][2];
        for (int type = CK_F32; type <= CK_BF16; type++) {
            // A level without bfloat16 computes in float32, whose portable twin is float32.
            enum ck_type twin = ck_gemm_has(level, type) ? type : CK_F32;
            for (int transposes = 0; transposes < 4; transposes++) {
                for (int beta = 0; beta < 2; beta++) {
                    bool ta = transposes & 1, tb = transposes & 2;
                    size_t lda = (ta ? m : k) + 3, ldb = (tb ? k : n) + 1, ldc = n + 2;
                    float *a = random_values((ta ? k : m) * lda), *b = random_values((tb ? n : k) * ldb);
                    float *bias = random_values(n), *c = random_values(m * ldc), *d = copy(c, m * ldc);
                    ck_gemm(level, type, ta, tb, m, n, k, a, lda, b, ldb, beta, c, ldc, beta ? NULL : bias);
                    ck_gemm(CK_PORTABLE, twin, ta, tb, m, n, k, a, lda, b, ldb, beta, d, ldc, beta ? NULL : bias);
                    char what[128];
                    snprintf(what, sizeof what, "%s product %zux%zux%zu, transposed %d, beta %d", type_names[type], m, n, k,
                             transposes, beta);
                    compare(what, c, d, m * ldc, tolerances[type]);
                    free(a), free(b), free(bias), free(c), free(d);
                }
            }
        }
    }
}

static void check_packed(enum ck_level level) {
    static const size_t shapes[][3] = {{1, 1, 1}, {5, 33, 7}, {17, 64, 130}, {77, 100, 96}, {2, 200, 513}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        size_t rows = shapes[s][0], outputs = shapes[s][1], inputs = shapes[s][2];
        for (int type = CK_F32; type <= CK_INT8; type++) {
            float *a = random_values(rows * inputs), *w = random_values(outputs * inputs), *bias = random_values(outputs);
            float *residual = random_values(rows * outputs), *gate = random_values(outputs);
            float *c = random_values(rows * outputs), *d = random_values(rows * outputs);
            void *packed = aligned_alloc(64, (ck_packed_bytes(type, outputs, inputs) + 127) / 64 * 64);
            float *scales = random_values(outputs);
            int32_t *sums = malloc(outputs * sizeof(int32_t));
            ck_pack(type, outputs, inputs, CK_F32, w, packed, type == CK_INT8 ? scales : NULL, type == CK_INT8 ? sums : NULL);
            struct ck_packed weights = {type, outputs, inputs, packed, type == CK_INT8 ? scales : NULL,
                                        type == CK_INT8 ? sums : NULL};
            struct ck_finish finish = {true, CK_SILU, residual, gate, rows};
            for (int finished = 0; finished < 2; finished++) {
                ck_gemm_packed_finished(level, rows, a, inputs, &weights, c, outputs, bias, finished ? &finish : NULL);
                ck_gemm_packed_finished(CK_PORTABLE, rows, a, inputs, &weights, d, outputs, bias, finished ? &finish : NULL);
                char what[128];
                snprintf(what, sizeof what, "packed %s %zux%zux%zu, finished %d", type_names[type], rows, outputs, inputs, finished);
                // Where a level keeps float32 rows beside bfloat16 weights, the two differ by the rows' rounding.
                compare(what, c, d, rows * outputs, type == CK_BF16 && !ck_gemm_has(level, CK_BF16) ? 1e-2 : 1e-5);
            }
            free(a), free(w), free(bias), free(residual), free(gate), free(c), free(d), free(packed), free(scales), free(sums);
        }
    }
}

static void check_attention(enum ck_level level) {
    static const size_t shapes[][4] = {{1, 1, 1, 8}, {2, 3, 17, 32}, {1, 4, 77, 64}, {1, 2, 130, 48}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        for (int causal = 0; causal < 2; causal++) {
            size_t batch = shapes[s][0], heads = shapes[s][1], tokens = shapes[s][2], dim = shapes[s][3];
            size_t width = heads * dim, values = batch * tokens * width, stored = batch * heads * tokens * tokens;
            struct ck_attention form = {batch, heads, tokens, tokens, dim, width, width, 1 / sqrtf((float)dim), causal};
            float *q = random_values(values), *k = random_values(values), *v = random_values(values);
            float *dout = random_values(values);
            float *out[2], *p[2], *dq[2], *dk[2], *dv[2];
            for (int i = 0; i < 2; i++) {
                enum ck_level at = i ? CK_PORTABLE : level;
                out[i] = random_values(values), p[i] = random_values(stored);
                dq[i] = random_values(values), dk[i] = random_values(values), dv[i] = random_values(values);
                ck_attention_forward(at, CK_F32, &form, out[i], p[i], q, k, v);
                ck_attention_gradient(at, CK_F32, &form, dq[i], dk[i], dv[i], dout, p[i], q, k, v);
            }
            char what[128];
            snprintf(what, sizeof what, "attention %zux%zux%zux%zu, causal %d", batch, heads, tokens, dim, causal);
            compare(what, out[0], out[1], values, 1e-5);
            compare(what, p[0], p[1], stored, 1e-5);
            compare(what, dq[0], dq[1], values, 2e-5);
            compare(what, dk[0], dk[1], values, 2e-5);
            compare(what, dv[0], dv[1], values, 2e-5);
            for (int i = 0; i < 2; i++) free(out[i]), free(p[i]), free(dq[i]), free(dk[i]), free(dv[i]);
            free(q), free(k), free(v), free(dout);
        }
    }
}

/// Rows and elements against plain sums in double.
static void check_rows(enum ck_level level) {
    const struct ck_elementwise *kernels = ck_elementwise_for(level);
    for (size_t width = 1; width < 200; width = width * 2 + 1) {
        size_t rows = 5;
        float *x = random_values(rows * width), *found = random_values(rows * width), *expected = random_values(rows * width);
        kernels->normalize(found, NULL, NULL, x, NULL, 0, NULL, rows, width, 1e-5f, 0);
        for (size_t r = 0; r < rows; r++) {
            double mean = 0, square = 0;
            for (size_t i = 0; i < width; i++) mean += x[r * width + i] / (double)width;
            for (size_t i = 0; i < width; i++) square += pow(x[r * width + i] - mean, 2) / (double)width;
            for (size_t i = 0; i < width; i++) expected[r * width + i] = (float)((x[r * width + i] - mean) / sqrt(square + 1e-5));
        }
        if (width > 1) compare("layer norm", found, expected, rows * width, 1e-5);
        kernels->activate(CK_SILU, found, x, rows * width);
        for (size_t i = 0; i < rows * width; i++) expected[i] = (float)(x[i] / (1 + exp(-(double)x[i])));
        compare("silu", found, expected, rows * width, 1e-5);
        free(x), free(found), free(expected);
    }
}

int main(void) {
    enum ck_level level = ck_cpu_level();
    ck_set_thread_count(2);
    check_products(level);
    check_packed(level);
    check_attention(level);
    check_rows(level);
    printf("%s: %d of %d checks passed\n", ck_level_name(level), checks - failures, checks);
    return failures != 0;
}
