#pragma once
#include <stddef.h>
#include <stdint.h>

/// libFuzzer's loop: calls `test` with one input after the other until a limit of its options is reached. Returns the exit status.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*test)(const uint8_t *data, size_t count));
