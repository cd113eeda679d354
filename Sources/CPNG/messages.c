#include "messages.h"

#include "CPNG.h"

#include <stdio.h>

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
