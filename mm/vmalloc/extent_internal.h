/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All that extent.c includes. In userspace each of these has to be found
 * elsewhere, so keep this list as short as it is.
 */
#ifndef _MM_VMALLOC_EXTENT_INTERNAL_H
#define _MM_VMALLOC_EXTENT_INTERNAL_H

#include <linux/align.h>
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/printk.h>
#include <linux/rbtree_augmented.h>
#include <linux/seqlock.h>
#include <linux/types.h>
#include <linux/vmalloc.h>

#endif /* _MM_VMALLOC_EXTENT_INTERNAL_H */
