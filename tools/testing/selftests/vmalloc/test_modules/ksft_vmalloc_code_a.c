// SPDX-License-Identifier: GPL-2.0-only
#define KSFT_CODE	KSFT_CODE_A
#include "ksft_vmalloc_code.h"
