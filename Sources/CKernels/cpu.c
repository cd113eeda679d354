#define _GNU_SOURCE
#include "ck_cpu.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif

#if defined(__aarch64__)
static const char *const names[] = {"portable", "neon"};
#else
static const char *const names[] = {"portable", "avx2", "avxvnni", "avx512", "vnni", "bf16", "amx"};
#endif

#if defined(__x86_64__)
/// Whether the CPU has tiles of both types and the system lets this process use them: Linux grants their state, 8 KiB to
/// a thread, on request only.
static int has_amx(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
    unsigned wanted = 1u << 22 | 1u << 24 | 1u << 25;  // AMX-BF16, AMX-TILE, AMX-INT8
    if ((d & wanted) != wanted) return 0;
#if defined(__linux__)
    enum { request_permission = 0x1023, tile_data = 18 };
    return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
    return 0;
#endif
}
#endif

int ck_has_avx_vnni(void) {
#if defined(__x86_64__)
    unsigned a, b, c, d;
    __builtin_cpu_init();
    // Whether the system keeps the registers is what AVX2 asks for.
    return __builtin_cpu_supports("avx2") && __get_cpuid_count(7, 1, &a, &b, &c, &d) && a >> 4 & 1;
#else
    return 0;
#endif
}

enum ck_level ck_cpu_level(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return CK_PORTABLE;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
        return ck_has_avx_vnni() ? CK_AVX_VNNI : CK_AVX2;
    if (!__builtin_cpu_supports("avx512vnni")) return CK_AVX512;
    if (!__builtin_cpu_supports("avx512bf16")) return CK_AVX512_VNNI;
    return has_amx() ? CK_AMX : CK_AVX512_BF16;
#elif defined(__aarch64__)
    return CK_NEON;
#else
    return CK_PORTABLE;
#endif
}

static enum ck_level active;
static pthread_once_t chosen = PTHREAD_ONCE_INIT;

static void choose(void) {
    active = ck_cpu_level();
    const char *wanted = getenv("FLOWTOK_KERNELS");
    if (!wanted) return;
    for (int level = 0; level <= (int)active; level++) {
        if (strcmp(wanted, names[level]) == 0) {
            active = (enum ck_level)level;
            return;
        }
    }
}

enum ck_level ck_active_level(void) {
    pthread_once(&chosen, choose);
    return active;
}

const char *ck_level_name(enum ck_level level) { return names[level]; }

static char features[128];
static pthread_once_t listed = PTHREAD_ONCE_INIT;

static void list_features(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
#define FEATURE(name) \
    if (__builtin_cpu_supports(name)) strcat(strcat(features, features[0] ? " " : ""), name);
    FEATURE("sse4.2") FEATURE("avx") FEATURE("avx2") FEATURE("fma") FEATURE("avx512f") FEATURE("avx512bw")
    FEATURE("avx512dq") FEATURE("avx512vl") FEATURE("avx512vnni") FEATURE("avx512bf16")
#undef FEATURE
    if (ck_has_avx_vnni()) strcat(features, " avxvnni");
    if (ck_cpu_level() >= CK_AMX) strcat(features, " amx-bf16 amx-int8");
#elif defined(__aarch64__)
    strcpy(features, "neon");
#endif
}

const char *ck_cpu_features(void) {
    pthread_once(&listed, list_features);
    return features;
}

/// The cgroup's CPU quota in whole cores, rounded up; 0 where there is none.
static int quota(void) {
    long long limit = 0, period = 0;
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "r");
    if (file) {
        if (fscanf(file, "%lld %lld", &limit, &period) != 2) limit = 0;
        fclose(file);
    } else {
        file = fopen("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "r");
        if (file) {
            if (fscanf(file, "%lld", &limit) != 1) limit = 0;
            fclose(file);
        }
        file = fopen("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "r");
        if (file) {
            if (fscanf(file, "%lld", &period) != 1) period = 0;
            fclose(file);
        }
    }
    if (limit <= 0 || period <= 0) return 0;
    return (int)((limit + period - 1) / period);
}

int ck_usable_cores(void) {
    int cores = 1;
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) cores = CPU_COUNT(&set);
#endif
    int limit = quota();
    if (limit > 0 && limit < cores) cores = limit;
    return cores < 1 ? 1 : cores;
}

unsigned ck_flush_denormals(void) {
#if defined(__x86_64__)
    unsigned state = _mm_getcsr();
    _mm_setcsr(state | 0x8040);
    return state;
#elif defined(__aarch64__)
    unsigned long state;
    __asm__ volatile("mrs %0, fpcr" : "=r"(state));
    __asm__ volatile("msr fpcr, %0" ::"r"(state | 1ul << 24));
    return (unsigned)state;
#else
    return 0;
#endif
}

void ck_restore_denormals(unsigned state) {
#if defined(__x86_64__)
    _mm_setcsr(state);
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" ::"r"((unsigned long)state));
#else
    (void)state;
#endif
}
