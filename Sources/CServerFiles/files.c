// Files that the server sends and that are part of the program, so that nothing has to be found on disk.

#include "CServerFiles.h"

// The compiler knows #embed in older C as an extension.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t page[] = {
#embed "page.html"
};

static const uint8_t openapi[] = {
#embed "openapi.json"
};

const uint8_t *csf_page(size_t *count) {
    *count = sizeof page;
    return page;
}

const uint8_t *csf_openapi(size_t *count) {
    *count = sizeof openapi;
    return openapi;
}
