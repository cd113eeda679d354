// Tables that are part of the program, so that nothing has to be found on disk.

#include "CTables.h"

// The compiler knows #embed in older C as an extension.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t emoji_names[] = {
#embed "emoji-names.tsv"
};

static const uint8_t imagenet_classes[] = {
#embed "imagenet-classes.txt"
};

static const uint8_t html_entities[] = {
#embed "html-entities.txt"
};

static const uint8_t foreign_titles[] = {
#embed "foreign-titles.tsv"
};

const uint8_t *ct_table_bytes(enum ct_table table, size_t *count) {
    switch (table) {
    case ct_emoji_names: *count = sizeof emoji_names; return emoji_names;
    case ct_imagenet_classes: *count = sizeof imagenet_classes; return imagenet_classes;
    case ct_html_entities: *count = sizeof html_entities; return html_entities;
    case ct_foreign_titles: *count = sizeof foreign_titles; return foreign_titles;
    }
    *count = 0;
    return emoji_names;
}
