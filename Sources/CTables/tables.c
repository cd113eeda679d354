// Tables that are part of the program, so that nothing has to be found on disk.

#include "CTables.h"

// The compiler knows #embed in older C as an extension.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t emoji_names[] = {
#embed "emoji-names.tsv"
};

const uint8_t *ct_emoji_names(size_t *count) {
    *count = sizeof emoji_names;
    return emoji_names;
}
