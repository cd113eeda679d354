// How errors and warnings leave libjpeg, for reading and for writing.
#pragma once

#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>

#include <jpeglib.h>

#include "CJPEG.h"

/// libjpeg's error manager, which has to come first, and where to go on after an error.
typedef struct cjpeg_errors {
    struct jpeg_error_mgr manager;
    jmp_buf escape;
    char message[CJPEG_MESSAGE_SIZE];
    /// The first warning that leaves all pixels whole; empty where there is none.
    char warning[CJPEG_MESSAGE_SIZE];
    /// 1 where the data ended without the marker that ends a JPEG.
    int ends_early;
} cjpeg_errors;

/// Sets the handlers up; the result goes into the `err` of a libjpeg object.
struct jpeg_error_mgr *cjpeg_errors_init(cjpeg_errors *errors);

/// Keeps `text` in `message` (CJPEG_MESSAGE_SIZE bytes), cut where it is too long.
void cjpeg_say(char *message, const char *text);

/// Ends the work under way with a message of our own.
void cjpeg_fail(cjpeg_errors *errors, const char *text) __attribute__((noreturn));
