#pragma once
#include <stddef.h>
#include <stdint.h>

/// The tables that are part of the program; each file beside this folder says at its head what its lines hold, but for the
/// first, whose lines have five fields between tabs: code points, name, article or "-", plural or "-", other names separated
/// by "; ".
enum ct_table { ct_emoji_names, ct_imagenet_classes, ct_html_entities, ct_foreign_titles };

/// A table's bytes, UTF-8 text. Sets `count`.
const uint8_t *ct_table_bytes(enum ct_table table, size_t *count);
