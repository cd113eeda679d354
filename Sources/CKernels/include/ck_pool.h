#pragma once
#include <stddef.h>

/// Work item `index` of a parallel loop; `thread` is below `ck_thread_count()` and unique among the running items.
typedef void (*ck_work)(void *context, size_t index, int thread);

/// Runs `work` for 0..<count on the pool and the calling thread, and returns when all are done. Items are handed out
/// one at a time in ascending order. A call from inside the pool, or while another thread's loop has the pool, runs on
/// the calling thread alone.
void ck_parallel(size_t count, ck_work work, void *context);

/// Threads that a loop uses, the caller included; by default the cores that the process may use.
int ck_thread_count(void);

/// Sets the number of threads, at least 1 and at most 64. Takes effect with the next loop.
void ck_set_thread_count(int count);

/// Tells the CPU that this thread waits for another.
static inline void ck_relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}
