/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Later kernels declare here what this one has in mm/internal.h, and some more,
 * which is declared here.
 */
#ifndef __MM_VMALLOC_H
#define __MM_VMALLOC_H

#include <linux/vmalloc.h>

#include "internal.h"

struct vm_struct *__get_vm_area_node(unsigned long size, unsigned long align,
				     unsigned long shift,
				     unsigned long vm_flags,
				     unsigned long start, unsigned long end,
				     int node, gfp_t gfp_mask,
				     const void *caller);
void clear_vm_uninitialized_flag(struct vm_struct *vm);
unsigned int get_vm_area_page_order(struct vm_struct *vm);
int vmap_pages_range(unsigned long addr, unsigned long end, pgprot_t prot,
		     struct page **pages, unsigned int page_shift);

#endif /* __MM_VMALLOC_H */
