/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All there is of a code module: executable memory of known content, KSFT_CODE,
 * which is freed when the module is unloaded. Nobody runs it; the bytes are
 * instructions on x86, where objtool reads them.
 */
#ifndef _KSFT_VMALLOC_CODE_H
#define _KSFT_VMALLOC_CODE_H

#include <linux/module.h>
#include <linux/stringify.h>

#include "ksft_vmalloc.h"

asm(".pushsection .text\n"
	".fill " __stringify(KSFT_CODE_BYTES) ", 1, " __stringify(KSFT_CODE) "\n"
	".popsection");

MODULE_DESCRIPTION("Code for the vmalloc selftests to look for");
MODULE_LICENSE("GPL");

#endif /* _KSFT_VMALLOC_CODE_H */
