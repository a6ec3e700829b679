/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What mm/vmalloc/ uses of the page allocator's own header, which later kernels
 * have: a page that nobody has a reference to, given back.
 */
#ifndef _MM_PAGE_ALLOC_H
#define _MM_PAGE_ALLOC_H

#include "internal.h"

#define free_frozen_pages	free_unref_page

/* Later kernels clear the type of a page that is freed. */
#define TYPED_PAGES_ARE_BAD

#endif /* _MM_PAGE_ALLOC_H */
