/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private windows of address space for tests, see window.c.
 */
#ifndef _MM_VMALLOC_TESTS_WINDOW_H
#define _MM_VMALLOC_TESTS_WINDOW_H

#include <linux/align.h>
#include <linux/sizes.h>

#include "../internal.h"

struct kunit;

/*
 * Where nobody else asks for addresses: below the space of vmalloc, where user
 * memory has its own. It starts with a chunk of the first node.
 */
#define WINDOW_START	ALIGN((unsigned long)SZ_256M, \
			      VMAP_CHUNK_SIZE * nr_vmap_nodes)
#define WINDOW_CHUNKS	6
#define WINDOW_CHUNK(n)	(WINDOW_START + (n) * VMAP_CHUNK_SIZE)
#define WINDOW_END	WINDOW_CHUNK(WINDOW_CHUNKS)
#define WINDOW_PAGE(n)	(WINDOW_START + (unsigned long)(n) * PAGE_SIZE)

/* How often a case is begun anew because another task has interfered. */
#define WINDOW_TRIES	20

/**
 * struct window_view - what an arena has of a stretch of addresses
 * @ranges: number of separate ranges
 * @bytes: their size, as far as it is in the stretch
 */
struct window_view {
	unsigned long ranges;
	unsigned long bytes;
};

/* Of all random runs of these suites: vmalloc_ordered_kunit.seed= at boot. */
extern unsigned int window_seed;

struct vmap_area *window_descriptor(struct kunit *test);
struct vmap_area *window_take(struct kunit *test, unsigned long start,
			      unsigned long end);
void window_cut(struct kunit *test, unsigned long start, unsigned long size,
		struct vmap_area **vas, unsigned int nr);
struct vmap_area *window_take_ordinary(struct kunit *test, unsigned long size,
				       unsigned long align);

struct window_view window_waiting(struct vmap_arena *arena,
				  unsigned long start, unsigned long end);
struct window_view window_free(struct vmap_arena *arena, unsigned long start,
			       unsigned long end);
bool window_is_free(unsigned long start, unsigned long end);

int window_init(struct kunit *test);
void window_exit(struct kunit *test);

#endif /* _MM_VMALLOC_TESTS_WINDOW_H */
