// libFuzzer itself comes with the compiler; this target only declares its entry.
#include "CFuzzer.h"
