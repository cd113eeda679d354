#pragma once

/// Compiles a function once for each class of CPU and lets the loader choose: for loops that the compiler vectorises well
/// by itself and whose results do not depend on the vector length.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
/// The loader chooses before Thread Sanitizer is there, whose calls are in what chooses.
#define CK_ONE_CLONE
#endif
#endif
#if defined(__x86_64__) && defined(__linux__) && !defined(CK_ONE_CLONE)
#define CK_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CK_CLONES
#endif
