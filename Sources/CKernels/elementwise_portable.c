#include "ck_elementwise.h"

#define ELEMENTWISE_TABLE ck_elementwise_portable
extern const struct ck_elementwise ck_elementwise_portable;
#include "elementwise.inc"
