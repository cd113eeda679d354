#pragma once
#include <stddef.h>

/// Returns at least `bytes` bytes aligned to 64, from a cache of freed blocks where one fits. Aborts when memory is out.
void *ck_allocate(size_t bytes);

/// Gives back a block of `ck_allocate`; `bytes` is the size it was asked with.
void ck_free(void *block, size_t bytes);

/// Returns the cached blocks to the system.
void ck_trim(void);
/// That, and what the C library keeps of smaller blocks.
void ck_return_memory(void);

/// Bytes that the cache holds at present.
size_t ck_cached_bytes(void);

/// Bytes of the blocks of `ck_allocate` that are in use.
size_t ck_bytes_in_use(void);

/// The most that were in use since `ck_forget_most_bytes`, or since the start.
size_t ck_most_bytes(void);
void ck_forget_most_bytes(void);

/// The same without the cache, and no larger than asked: for what is kept as long as a model. Given back to
/// `ck_free_kept`.
void *ck_allocate_kept(size_t bytes);
void ck_free_kept(void *block);
