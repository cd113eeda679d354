#pragma once

#include "ck_convert.h"
#include "ck_memory.h"
