#pragma once
#include <stddef.h>

#include "ck_gemm.h"

/// Runs `rounds` rounds of the level's multiply-and-add instruction for a type on registers alone, on the calling thread:
/// what a product could reach at best. Returns the operations done, a multiplication and an addition counted as two; 0
/// where the level has no such instruction for the type.
double ck_peak(enum ck_level level, enum ck_type type, size_t rounds);

/// Reads `bytes` bytes, a multiple of 1024, once and in order, on the calling thread. Returns a number that depends on all
/// of them.
unsigned long long ck_read_memory(const void *memory, size_t bytes);
