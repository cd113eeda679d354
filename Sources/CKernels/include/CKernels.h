#pragma once

#include "ck_attention.h"
#include "ck_cached_attention.h"
#include "ck_convert.h"
#include "ck_convolution.h"
#include "ck_cpu.h"
#include "ck_elementwise.h"
#include "ck_gemm.h"
#include "ck_layout.h"
#include "ck_memory.h"
#include "ck_packed.h"
#include "ck_peak.h"
#include "ck_pool.h"
