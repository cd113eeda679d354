// One pool of threads for the whole process. Workers spin briefly for the next loop, since the loops of a forward pass
// follow each other within microseconds, and then sleep.

#define _GNU_SOURCE
#include "ck_pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "ck_cpu.h"

enum { limit = 64, spin_nanoseconds = 30000 };

static pthread_mutex_t owner = PTHREAD_MUTEX_INITIALIZER;  // held for the length of a loop
static pthread_mutex_t sleep_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;

static atomic_int wanted;          // threads asked for; 0 until first asked
static int started;                // workers that exist (written under `owner`)
static atomic_size_t next_index;
/// The state of the current loop in one word, so that joining is one exchange: its number (high half), how many workers
/// may join (bits 8-15), whether it still admits any (bit 7), and how many are in it (bits 0-6). A worker that wakes
/// late finds the loop closed and goes back to sleep; nobody waits for it.
static _Atomic unsigned long long state;
enum { open_bit = 1 << 7, inside_mask = open_bit - 1 };

static size_t loop_count;
static ck_work loop_work;
static void *loop_context;

static _Thread_local bool inside;

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000ll + time.tv_nsec;
}

static void take_items(int thread) {
    for (;;) {
        size_t index = atomic_fetch_add_explicit(&next_index, 1, memory_order_relaxed);
        if (index >= loop_count) return;
        loop_work(loop_context, index, thread);
    }
}

static void *worker(void *argument) {
    unsigned long long thread = (unsigned long long)(size_t)argument;
    inside = true;
    ck_flush_denormals();
    unsigned long long seen = 0;
    for (;;) {
        long long deadline = now() + spin_nanoseconds;
        unsigned long long current;
        for (int round = 0;; round++) {
            current = atomic_load_explicit(&state, memory_order_acquire);
            if (current >> 32 != seen) break;
            if ((round & 63) == 63 && now() > deadline) {
                pthread_mutex_lock(&sleep_lock);
                while ((current = atomic_load_explicit(&state, memory_order_acquire)) >> 32 == seen)
                    pthread_cond_wait(&wake, &sleep_lock);
                pthread_mutex_unlock(&sleep_lock);
                break;
            }
            ck_relax();
        }
        while ((current & open_bit) && thread <= (current >> 8 & 0xff)) {
            if (atomic_compare_exchange_weak_explicit(&state, &current, current + 1, memory_order_acq_rel,
                                                      memory_order_acquire)) {
                take_items((int)thread);
                atomic_fetch_sub_explicit(&state, 1, memory_order_acq_rel);
                break;
            }
        }
        seen = current >> 32;
    }
    return NULL;
}

int ck_thread_count(void) {
    int count = atomic_load(&wanted);
    if (count == 0) {
        count = ck_usable_cores();
        if (count > limit) count = limit;
        int expected = 0;
        if (!atomic_compare_exchange_strong(&wanted, &expected, count)) count = expected;
    }
    return count;
}

void ck_set_thread_count(int count) { atomic_store(&wanted, count < 1 ? 1 : count > limit ? limit : count); }

static void run_alone(size_t count, ck_work work, void *context) {
    unsigned denormals = ck_flush_denormals();
    for (size_t index = 0; index < count; index++) work(context, index, 0);
    ck_restore_denormals(denormals);
}

void ck_parallel(size_t count, ck_work work, void *context) {
    if (count == 0) return;
    int threads = ck_thread_count();
    if (count == 1 || threads == 1 || inside || pthread_mutex_trylock(&owner) != 0) {
        if (inside) {
            for (size_t index = 0; index < count; index++) work(context, index, 0);
        } else {
            run_alone(count, work, context);
        }
        return;
    }
    while (started < threads - 1) {
        pthread_t handle;
        if (pthread_create(&handle, NULL, worker, (void *)(size_t)(started + 1)) != 0) break;
        pthread_detach(handle);
        started++;
    }
    int helpers = threads - 1 < started ? threads - 1 : started;
    loop_count = count;
    loop_work = work;
    loop_context = context;
    atomic_store_explicit(&next_index, 0, memory_order_relaxed);
    pthread_mutex_lock(&sleep_lock);
    unsigned long long number = (atomic_load_explicit(&state, memory_order_relaxed) >> 32) + 1;
    if (number >> 32) number = 1;
    atomic_store_explicit(&state, number << 32 | (unsigned long long)helpers << 8 | open_bit, memory_order_release);
    pthread_cond_broadcast(&wake);
    pthread_mutex_unlock(&sleep_lock);

    unsigned denormals = ck_flush_denormals();
    inside = true;
    take_items(0);
    inside = false;
    ck_restore_denormals(denormals);
    atomic_fetch_and_explicit(&state, ~(unsigned long long)open_bit, memory_order_acq_rel);

    long long deadline = now() + 200000;
    for (int round = 0; atomic_load_explicit(&state, memory_order_acquire) & inside_mask; round++) {
        if ((round & 63) == 63 && now() > deadline) sched_yield();
        ck_relax();
    }
    pthread_mutex_unlock(&owner);
}
