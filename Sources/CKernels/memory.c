// A cache of freed blocks. A training step frees and asks for the same large buffers again and again; going to the
// system for each costs a page fault per 4 KiB, which measured as a third of a small step.

#define _GNU_SOURCE
#include "ck_memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif
#if defined(__GLIBC__)
#include <malloc.h>
#endif

enum { classes = 192, smallest = 1 << 12 };

/// Half of the machine's memory: a training step whose blocks did not fit would fault in each of them anew.
static size_t cache_limit(void) {
    static _Atomic size_t known;
    size_t limit = known;
    if (limit == 0) {
        long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
        limit = pages > 0 && size > 0 ? (size_t)pages / 2 * (size_t)size : (size_t)3 << 30;
        known = limit;
    }
    return limit;
}

/// Bytes of blocks that are in use, and the most that ever were since `ck_forget_most_bytes`.
static atomic_size_t in_use, most_in_use;

static void count_up(size_t bytes) {
    size_t now = atomic_fetch_add_explicit(&in_use, bytes, memory_order_relaxed) + bytes;
    size_t most = atomic_load_explicit(&most_in_use, memory_order_relaxed);
    while (now > most &&
           !atomic_compare_exchange_weak_explicit(&most_in_use, &most, now, memory_order_relaxed, memory_order_relaxed)) {
    }
}

size_t ck_bytes_in_use(void) { return atomic_load_explicit(&in_use, memory_order_relaxed); }

size_t ck_most_bytes(void) { return atomic_load_explicit(&most_in_use, memory_order_relaxed); }

void ck_forget_most_bytes(void) { atomic_store_explicit(&most_in_use, ck_bytes_in_use(), memory_order_relaxed); }

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/// The head of each class's list; a cached block's first bytes hold the next one.
static void *cached[classes];
static size_t cached_total;

/// The class of a request: four steps to each power of two, so that at most a quarter is wasted.
static int class_of(size_t bytes, size_t *rounded) {
    if (bytes <= smallest) {
        *rounded = smallest;
        return 0;
    }
    int exponent = 63 - __builtin_clzll((unsigned long long)(bytes - 1));
    size_t step = (size_t)1 << (exponent - 2);
    size_t steps = (bytes - ((size_t)1 << exponent) + step - 1) / step;
    *rounded = ((size_t)1 << exponent) + steps * step;
    int index = (exponent - 12) * 4 + (int)steps;
    return index < classes ? index : -1;
}

enum { huge = 2 << 20 };

/// Memory from the system. Large blocks ask for huge pages: products walk through them with long strides, and a page table
/// of small pages costs them misses.
static void *fresh(size_t bytes) {
    void *block = NULL;
#if defined(__linux__)
    if (bytes >= 2 * huge) {
        if (posix_memalign(&block, huge, bytes) != 0) return NULL;
        // Whole pages only: what is beyond the last would be memory that nobody asked for.
        madvise(block, bytes & ~(size_t)(huge - 1), MADV_HUGEPAGE);
        return block;
    }
#endif
    return posix_memalign(&block, 64, bytes) == 0 ? block : NULL;
}

/// Memory that kept blocks are cut from one after the other: a model's matrices lie in huge pages together, where each by itself
/// is too small for one.
struct chunk {
    size_t used, blocks;
};
enum { chunk_bytes = 8 << 20, header = 64 };

static pthread_mutex_t chunk_lock = PTHREAD_MUTEX_INITIALIZER;
static struct chunk *current;

static void *refuse(size_t bytes) {
    fprintf(stderr, "flowtok: out of memory (a block of %zu bytes was refused)\n", bytes);
    abort();
}

/// Before every kept block stands the chunk that it is cut from, or NULL.
static void *marked(void *start, struct chunk *chunk) {
    *(struct chunk **)start = chunk;
    return (char *)start + header;
}

void *ck_allocate_kept(size_t bytes) {
    size_t whole = header + ((bytes + 63) & ~(size_t)63);
    if (whole > chunk_bytes / 2) {
        void *own = fresh(whole);
        return own ? marked(own, NULL) : refuse(bytes);
    }
    pthread_mutex_lock(&chunk_lock);
    if (!current || current->used + whole > chunk_bytes) {
        struct chunk *next = fresh(chunk_bytes);
        if (!next) return refuse(bytes);
        if (current && current->blocks == 0) free(current);
        *next = (struct chunk){.used = header};
        current = next;
    }
    void *start = (char *)current + current->used;
    current->used += whole;
    current->blocks++;
    struct chunk *chunk = current;
    pthread_mutex_unlock(&chunk_lock);
    return marked(start, chunk);
}

void ck_free_kept(void *block) {
    if (!block) return;
    void *start = (char *)block - header;
    struct chunk *chunk = *(struct chunk **)start;
    if (!chunk) {
        free(start);
        return;
    }
    pthread_mutex_lock(&chunk_lock);
    if (--chunk->blocks == 0) {
        if (chunk == current) {
            chunk->used = header;
        } else {
            free(chunk);
        }
    }
    pthread_mutex_unlock(&chunk_lock);
}

void *ck_allocate(size_t bytes) {
    size_t rounded;
    int index = class_of(bytes, &rounded);
    if (bytes <= smallest / 4) {
        rounded = (bytes + 63) & ~(size_t)63;
        if (rounded == 0) rounded = 64;
        index = -1;
    }
    count_up(rounded);
    if (index >= 0) {
        pthread_mutex_lock(&lock);
        void *block = cached[index];
        if (block) {
            cached[index] = *(void **)block;
            cached_total -= rounded;
        }
        pthread_mutex_unlock(&lock);
        if (block) return block;
    }
    void *block = fresh(rounded);
    if (!block) {
        ck_trim();
        block = fresh(rounded);
    }
    if (!block) {
        fprintf(stderr, "flowtok: out of memory (a block of %zu bytes was refused)\n", bytes);
        abort();
    }
    return block;
}

void ck_free(void *block, size_t bytes) {
    if (!block) return;
    size_t rounded;
    int index = class_of(bytes, &rounded);
    if (bytes <= smallest / 4) {
        rounded = bytes ? (bytes + 63) & ~(size_t)63 : 64;
        index = -1;
    }
    atomic_fetch_sub_explicit(&in_use, rounded, memory_order_relaxed);
    if (index >= 0) {
        pthread_mutex_lock(&lock);
        if (cached_total + rounded <= cache_limit()) {
            *(void **)block = cached[index];
            cached[index] = block;
            cached_total += rounded;
            block = NULL;
        }
        pthread_mutex_unlock(&lock);
    }
    free(block);
}

void ck_trim(void) {
    pthread_mutex_lock(&lock);
    for (int index = 0; index < classes; index++) {
        while (cached[index]) {
            void *block = cached[index];
            cached[index] = *(void **)block;
            free(block);
        }
    }
    cached_total = 0;
    pthread_mutex_unlock(&lock);
}

void ck_return_memory(void) {
    ck_trim();
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
}

size_t ck_cached_bytes(void) {
    pthread_mutex_lock(&lock);
    size_t total = cached_total;
    pthread_mutex_unlock(&lock);
    return total;
}
