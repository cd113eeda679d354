// Puts matrices into the order in which products read them.

#include "ck_convert.h"
#include "ck_packed.h"
#include "ck_pool.h"
#include "clones.h"
#include "packed_words.h"

size_t ck_packed_bytes(enum ck_type type, size_t outputs, size_t inputs) {
    return panels_of(outputs) * steps_of(type, inputs) * ck_panel_width * sizeof(uint32_t);
}

struct packing {
    enum ck_type type, source;
    size_t outputs, inputs;
    const char *weights;
    uint32_t *packed;
    float *scales;
    int32_t *sums;
};

/// Elements of a row that are made at a time: those of a whole panel stay in the first-level cache until they are put in
/// order.
enum { block = 128 };

CK_CLONES static void words_f32(uint32_t *out, const float *row, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = raw_bits(row[i]);
}

CK_CLONES static void words_bf16(uint32_t *out, const float *row, size_t count) {
    for (size_t i = 0; i < count / 2; i++) out[i] = rounded(row[2 * i]) | rounded(row[2 * i + 1]) << 16;
    if (count & 1) out[count / 2] = rounded(row[count - 1]);
}

CK_CLONES static int32_t words_int8(uint32_t *out, const float *row, size_t count, float inverse) {
    int32_t sum = 0;
    for (size_t step = 0; step < (count + 3) / 4; step++) {
        uint32_t element = 0;
        for (size_t i = 0; i < 4 && step * 4 + i < count; i++) {
            int32_t whole = nearest(row[step * 4 + i] * inverse);
            sum += whole;
            element |= (uint32_t)(whole & 0xff) << 8 * i;
        }
        out[step] = element;
    }
    return sum;
}

/// The elements of values `from`..<`from + count` of a row; `count` is a multiple of the values in an element, but for the
/// row's end.
static void make_words(const struct packing *p, uint32_t *out, size_t output, size_t from, size_t count, float inverse) {
    size_t at = output * p->inputs + from;
    float values[4 * block];
    const float *row = values;
    if (p->source == CK_BF16) {
        const char *source = p->weights + 2 * at;
        if (p->type == CK_BF16) {
            // Two values after each other are an element already.
            out[(count - 1) / 2] = 0;
            memcpy(out, source, 2 * count);
            return;
        }
        ck_f32_from_bf16(values, source, count);
    } else {
        row = (const float *)p->weights + at;
    }
    if (p->type == CK_F32) {
        words_f32(out, row, count);
    } else if (p->type == CK_BF16) {
        words_bf16(out, row, count);
    } else {
        p->sums[output] += words_int8(out, row, count, inverse);
    }
}

static float largest_of(const struct packing *p, size_t output) {
    if (p->source == CK_F32) return largest((const float *)p->weights + output * p->inputs, p->inputs);
    float top = 0, values[4 * block];
    for (size_t from = 0; from < p->inputs; from += 4 * block) {
        size_t count = p->inputs - from < 4 * block ? p->inputs - from : 4 * block;
        ck_f32_from_bf16(values, p->weights + 2 * (output * p->inputs + from), count);
        float found = largest(values, count);
        top = found > top ? found : top;
    }
    return top;
}

/// Elements [columns][block] to [steps][columns]; columns that are not there stay zero.
CK_CLONES static void put_in_order(uint32_t *out, const uint32_t words[ck_panel_width][block], size_t steps) {
    for (size_t step = 0; step < steps; step++) {
        for (size_t column = 0; column < ck_panel_width; column++) out[step * ck_panel_width + column] = words[column][step];
    }
}

static void pack_panel(void *context, size_t panel, int thread) {
    (void)thread;
    const struct packing *p = context;
    size_t steps = steps_of(p->type, p->inputs), unit = unit_of(p->type), first = panel * ck_panel_width;
    size_t columns = p->outputs - first < ck_panel_width ? p->outputs - first : ck_panel_width;
    uint32_t *out = p->packed + panel * steps * ck_panel_width;
    float inverses[ck_panel_width] = {0};
    for (size_t column = 0; p->type == CK_INT8 && column < columns; column++) {
        float top = largest_of(p, first + column);
        p->scales[first + column] = top / 127;
        p->sums[first + column] = 0;
        inverses[column] = top > 0 ? 127 / top : 0;
    }
    uint32_t words[ck_panel_width][block] = {{0}};
    for (size_t step = 0; step < steps; step += block) {
        size_t count = steps - step < block ? steps - step : block;
        size_t values = p->inputs - step * unit < count * unit ? p->inputs - step * unit : count * unit;
        for (size_t column = 0; column < columns; column++) {
            make_words(p, words[column], first + column, step * unit, values, inverses[column]);
        }
        put_in_order(out + step * ck_panel_width, words, count);
    }
}

void ck_pack(enum ck_type type, size_t outputs, size_t inputs, enum ck_type source, const void *weights, void *packed,
             float *scales, int32_t *sums) {
    struct packing p = {type, source, outputs, inputs, weights, packed, scales, sums};
    ck_parallel(panels_of(outputs), pack_panel, &p);
}
