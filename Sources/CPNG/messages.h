// How errors leave libpng, for reading and for writing.
#pragma once

#include <png.h>

/// Keeps `text` in `message` (CPNG_MESSAGE_SIZE bytes), cut where it is too long.
void cpng_say(char *message, const char *text);

/// An error handler whose error pointer is the message buffer; jumps to the setjmp of the function that called libpng.
PNG_NORETURN void cpng_on_error(png_structp png, png_const_charp text);

/// Warnings while writing are dropped.
void cpng_on_warning(png_structp png, png_const_charp text);

/// Warnings while reading: an error where they concern the pixels; of the others the first one is kept as the message.
void cpng_on_read_warning(png_structp png, png_const_charp text);
