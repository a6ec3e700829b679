/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What extent.c needs of the kernel, in userspace. The guard is that of the
 * kernel's file, and this one is included first.
 */
#ifndef _MM_VMALLOC_EXTENT_INTERNAL_H
#define _MM_VMALLOC_EXTENT_INTERNAL_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <linux/align.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/overflow.h>
#include <linux/rbtree_augmented.h>

#define PAGE_SIZE	4096UL
#define max3(x, y, z)	max(max(x, y), z)

#define pr_err(...)	fprintf(stderr, __VA_ARGS__)

/* How often the code under test has warned: cases that expect it reset it. */
extern unsigned int warnings;

#undef WARN_ONCE
#define WARN_ONCE(condition, ...) ({	\
	bool warn = (condition);	\
					\
	warnings += warn;		\
	warn;				\
})

struct vm_struct;

/* As in include/linux/vmalloc.h. */
struct vmap_area {
	unsigned long va_start;
	unsigned long va_end;
	struct rb_node rb_node;
	struct list_head list;
	union {
		unsigned long subtree_max_size;
		struct vm_struct *vm;
	};
	unsigned long flags;
};

#endif /* _MM_VMALLOC_EXTENT_INTERNAL_H */
