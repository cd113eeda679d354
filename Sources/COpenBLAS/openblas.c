#define _GNU_SOURCE
#include "COpenBLAS.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

typedef void (*sgemm_function)(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                               const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static sgemm_function sgemm;
static const char *(*core_name)(void);
static char problem[256];

static const char *best_core(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        return "SKYLAKEX";
#endif
    return NULL;
}

static void load(void) {
    const char *core = best_core();
    if (core) setenv("OPENBLAS_CORETYPE", core, 0);
    // Loops run on this package's own threads; a second pool inside them would only compete.
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char *reason = dlerror();
        snprintf(problem, sizeof problem, "%s", reason ? reason : "libopenblas.so.0 cannot be loaded");
        return;
    }
    sgemm = (sgemm_function)dlsym(library, "cblas_sgemm");
    core_name = (const char *(*)(void))dlsym(library, "openblas_get_corename");
    void (*set_threads)(int) = (void (*)(int))dlsym(library, "openblas_set_num_threads");
    if (set_threads) set_threads(1);
    if (!sgemm) snprintf(problem, sizeof problem, "libopenblas.so.0 has no cblas_sgemm");
}

bool cob_load(void) {
    pthread_once(&once, load);
    return sgemm != NULL;
}

const char *cob_problem(void) {
    cob_load();
    return problem;
}

const char *cob_core_name(void) { return cob_load() && core_name ? core_name() : ""; }

void cob_sgemm(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, const float *a, size_t lda,
               const float *b, size_t ldb, float beta, float *c, size_t ldc) {
    enum { row_major = 101, plain = 111, transposed = 112 };
    sgemm(row_major, transpose_a ? transposed : plain, transpose_b ? transposed : plain, (int)m, (int)n, (int)k, 1.0f,
          a, (int)lda, b, (int)ldb, beta, c, (int)ldc);
}
