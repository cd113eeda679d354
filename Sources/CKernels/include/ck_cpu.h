#pragma once

/// Instruction-set levels, each of which includes the ones below it.
enum ck_level {
    CK_PORTABLE = 0,
    // arm64
    CK_NEON = 1,
    // x86-64
    CK_AVX2 = 1,        // AVX2, FMA
    CK_AVX_VNNI = 2,    // and AVX-VNNI; CPUs of the levels above may lack it, and then do without
    CK_AVX512 = 3,      // AVX-512 F, BW, DQ, VL
    CK_AVX512_VNNI = 4, // and VNNI
    CK_AVX512_BF16 = 5, // and BF16
    CK_AMX = 6,         // and tiles of bfloat16 and of 8-bit integers, which the system has to grant
};

/// The highest level that this CPU and operating system offer.
enum ck_level ck_cpu_level(void);

/// The level in use: `ck_cpu_level`, unless the environment variable FLOWTOK_KERNELS names a lower one
/// (portable, avx2, avxvnni, avx512, vnni, bf16, amx; on arm64 portable, neon).
enum ck_level ck_active_level(void);

/// Whether the CPU has products of 8-bit integers on registers of 256 bits, in the encoding of AVX-VNNI.
int ck_has_avx_vnni(void);

/// The name of a level.
const char *ck_level_name(enum ck_level level);

/// The features that matter here and that this CPU has, separated by spaces.
const char *ck_cpu_features(void);

/// Cores that this process may use: the affinity mask, capped by the cgroup's CPU quota.
int ck_usable_cores(void);

/// Sets flush-to-zero and denormals-are-zero on the calling thread and returns the state before.
unsigned ck_flush_denormals(void);
void ck_restore_denormals(unsigned state);
