#pragma once
#include <stddef.h>
#include <stdint.h>

/// The page, one HTML file as UTF-8 that is part of the program. Sets `count` to its bytes.
const uint8_t *csf_page(size_t *count);

/// The description of the server's interface, OpenAPI 3.1 as JSON. Sets `count` to its bytes.
const uint8_t *csf_openapi(size_t *count);
