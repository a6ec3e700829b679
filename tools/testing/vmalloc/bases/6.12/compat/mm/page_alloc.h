/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What mm/vmalloc/ uses of the page allocator's own header, which later kernels
 * have: a page that nobody has a reference to, given back.
 */
#ifndef _MM_PAGE_ALLOC_H
#define _MM_PAGE_ALLOC_H

#include "internal.h"

#define free_frozen_pages	free_unref_page

#endif /* _MM_PAGE_ALLOC_H */
