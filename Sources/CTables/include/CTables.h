#pragma once
#include <stddef.h>
#include <stdint.h>

/// What people call emoji, as UTF-8 text that is part of the program: a line for each concept, with five fields between
/// tabs: code points, name, article or "-", plural or "-", other names separated by "; ". Sets `count` to its bytes.
const uint8_t *ct_emoji_names(size_t *count);
