// SPDX-License-Identifier: GPL-2.0-only
#define KSFT_CODE	KSFT_CODE_B
#include "ksft_vmalloc_code.h"
