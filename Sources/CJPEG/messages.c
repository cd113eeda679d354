#include "messages.h"

#include <jerror.h>

void cjpeg_say(char *message, const char *text) {
    snprintf(message, CJPEG_MESSAGE_SIZE, "%s", text);
}

void cjpeg_fail(cjpeg_errors *errors, const char *text) {
    cjpeg_say(errors->message, text);
    longjmp(errors->escape, 1);
}

static void on_error(j_common_ptr object) {
    cjpeg_errors *errors = (cjpeg_errors *)object->err;
    char text[JMSG_LENGTH_MAX];
    object->err->format_message(object, text);
    cjpeg_fail(errors, text);
}

/// Whether a warning is about something beside the pixels.
static int is_harmless(int code) {
    switch (code) {
    case JWRN_ADOBE_XFORM:
    case JWRN_BOGUS_ICC:
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR:
    case JWRN_JPEG_EOF:
    case JWRN_NOT_SEQUENTIAL:
    case JWRN_TOO_MUCH_DATA:
        return 1;
    default:
        return 0;
    }
}

static void on_message(j_common_ptr object, int level) {
    // Levels from 0 on are traces.
    if (level >= 0) return;
    cjpeg_errors *errors = (cjpeg_errors *)object->err;
    object->err->num_warnings++;
    // libjpeg itself would go on and fill what is missing with grey.
    if (!is_harmless(object->err->msg_code)) on_error(object);
    if (object->err->msg_code == JWRN_JPEG_EOF) {
        errors->ends_early = 1;
        cjpeg_say(errors->warning, "the marker at the end is missing");
    } else if (!errors->warning[0]) {
        char text[JMSG_LENGTH_MAX];
        object->err->format_message(object, text);
        cjpeg_say(errors->warning, text);
    }
}

static void on_output(j_common_ptr object) {
    (void)object;
}

struct jpeg_error_mgr *cjpeg_errors_init(cjpeg_errors *errors) {
    struct jpeg_error_mgr *manager = jpeg_std_error(&errors->manager);
    manager->error_exit = on_error;
    manager->emit_message = on_message;
    manager->output_message = on_output;
    return manager;
}
