#include "messages.h"

#include "CPNG.h"

#include <stdio.h>
#include <string.h>

void cpng_say(char *message, const char *text) {
    snprintf(message, CPNG_MESSAGE_SIZE, "%s", text);
}

void cpng_on_error(png_structp png, png_const_charp text) {
    char *message = png_get_error_ptr(png);
    if (message) cpng_say(message, text);
    png_longjmp(png, 1);
}

void cpng_on_warning(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}

void cpng_on_read_warning(png_structp png, png_const_charp text) {
    // libpng would let pass that the checksum of the pixels is wrong where it comes in a chunk after the last row.
    if (strncmp(text, "IDAT", 4) == 0 && !strstr(text, "Extra") && !strstr(text, "Too much")) cpng_on_error(png, text);
    char *message = png_get_error_ptr(png);
    if (message && !message[0]) cpng_say(message, text);
}
