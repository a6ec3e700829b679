/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * What the module offers the tests through /dev/ksft_vmalloc. All that was
 * allocated through an open file is freed when it is closed.
 */
#ifndef _KSFT_VMALLOC_H
#define _KSFT_VMALLOC_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define KSFT_VMALLOC_NAME	"ksft_vmalloc"

enum ksft_vmalloc_kind {
	KSFT_VMALLOC,		/* vmalloc() */
	KSFT_VMAP,		/* vmap() */
	KSFT_VM_MAP_RAM,	/* vm_map_ram() */
	KSFT_KINDS
};

/**
 * struct ksft_vmalloc_area - an area to be allocated
 * @addr: returned, its address
 * @pages: its size; at most KSFT_PAGES_MAX
 * @kind: an enum ksft_vmalloc_kind
 * @seed: of what it is filled with, see ksft_word()
 * @pad: 0
 */
struct ksft_vmalloc_area {
	__u64 addr;
	__u32 pages;
	__u32 kind;
	__u32 seed;
	__u32 pad;
};

/* So that a mistake takes no more memory than a small machine has. */
#define KSFT_PAGES_MAX	4096U

/**
 * struct ksft_vmalloc_access - one access to kernel memory
 * @addr: where; a multiple of the size of a word
 * @word: read, or to be written
 * @cpu: the CPU that is to do it
 * @error: returned, 0 or what the fault that was taken amounts to
 */
struct ksft_vmalloc_access {
	__u64 addr;
	__u64 word;
	__u32 cpu;
	__s32 error;
};

/**
 * struct ksft_vmalloc_churn - areas that come and go
 * @times: how often one is freed and another one allocated
 * @pages: the largest they may be
 * @seed: of their sizes
 * @pad: 0
 */
struct ksft_vmalloc_churn {
	__u32 times;
	__u32 pages;
	__u32 seed;
	__u32 pad;
};

#define KSFT_ALLOC	_IOWR('V', 0, struct ksft_vmalloc_area)
#define KSFT_FREE	_IOW('V', 1, __u64)
#define KSFT_PEEK	_IOWR('V', 2, struct ksft_vmalloc_access)
/* Only in areas of the same open file, and in the page behind each. */
#define KSFT_POKE	_IOWR('V', 3, struct ksft_vmalloc_access)
/* A few areas at a time; none is left when it returns. */
#define KSFT_CHURN	_IOW('V', 4, struct ksft_vmalloc_churn)

/* The word at @offset of an area: never 0, and another one at each offset. */
static inline __u64 ksft_word(__u32 seed, __u64 offset)
{
	return (__u64)(seed | 1U << 31) << 32 | (offset / sizeof(__u64));
}

/* What the text of each code module is full of, a page and more of it. */
#define KSFT_CODE_A	0x90
#define KSFT_CODE_B	0xcc
#define KSFT_CODE_BYTES	8192

#endif /* _KSFT_VMALLOC_H */
