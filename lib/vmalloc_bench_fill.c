// SPDX-License-Identifier: GPL-2.0
/*
 * Filling a small space: how many areas of a kind fit, and do as many of them
 * still when the space has been emptied and filled many times?
 *
 * It is built in or not at all: modules cannot make areas without a guard page.
 *
 * Locking: one command runs at a time, see vmalloc_bench.c.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "vmalloc_bench.h"

/* The largest mapping of pages, all of them the same one. */
#define FILL_MOST_PAGES		256
/* Of device memory: it has to be aligned to the next power of two. */
#define FILL_IOREMAP_PAGES	(3 * (1024 * 1024 / PAGE_SIZE))

static struct page *fill_pages[FILL_MOST_PAGES];

/**
 * struct fill_kind - areas of one kind
 * @name: of its results
 * @least: pages in the smallest one
 * @most: pages in the largest one
 * @take: make one of so many pages; NULL if there is no room
 * @give: free it
 */
struct fill_kind {
	const char *name;
	unsigned int least;
	unsigned int most;
	void *(*take)(unsigned int pages);
	void (*give)(void *item, unsigned int pages);
};

struct fill_item {
	void *item;
	unsigned short pages;
	unsigned short kind;
};

static void *take_area(unsigned int pages)
{
	return bench_area_mapped(pages);
}

static void *take_ioremap(unsigned int pages)
{
	return get_vm_area(pages * PAGE_SIZE, VM_IOREMAP);
}

static void give_area(void *item, unsigned int pages)
{
	free_vm_area(item);
}

static void *take_vmap(unsigned int pages)
{
	return vmap(fill_pages, pages, VM_MAP, PAGE_KERNEL);
}

static void give_vmap(void *item, unsigned int pages)
{
	vunmap(item);
}

static void *take_ram(unsigned int pages)
{
	return vm_map_ram(fill_pages, pages, NUMA_NO_NODE);
}

static void give_ram(void *item, unsigned int pages)
{
	vm_unmap_ram(item, pages);
}

/* The kind of each round in turn. */
enum {
	FILL_ONEPAGE, FILL_MIXED, FILL_IOREMAP, FILL_VMAP, FILL_RAM_SMALL,
	FILL_RAM_LARGE, FILL_ALL
};

/* vm_map_ram() packs what has BITS_PER_LONG pages or fewer into blocks. */
static const struct fill_kind kinds[FILL_ALL] = {
	[FILL_ONEPAGE]	 = { "onepage", 1, 1, take_area, give_area },
	[FILL_MIXED]	 = { "mixed", 1, 16, take_area, give_area },
	[FILL_IOREMAP]	 = { "ioremap", FILL_IOREMAP_PAGES, FILL_IOREMAP_PAGES,
			     take_ioremap, give_area },
	[FILL_VMAP]	 = { "vmap", 1, 64, take_vmap, give_vmap },
	[FILL_RAM_SMALL] = { "ram_small", 1, BITS_PER_LONG, take_ram, give_ram },
	[FILL_RAM_LARGE] = { "ram_large", BITS_PER_LONG + 1, FILL_MOST_PAGES,
			     take_ram, give_ram },
};

static unsigned int pages_of(const struct fill_kind *fk, struct rnd_state *rnd)
{
	return fk->least + prandom_u32_state(rnd) % (fk->most - fk->least + 1);
}

static void give_item(struct fill_item *fi)
{
	kinds[fi->kind].give(fi->item, fi->pages);
}

/* Fill the space with areas of @kind, or of all kinds by turns at random. */
static unsigned int fill_space(struct fill_item *items, unsigned int max,
			       unsigned int kind, unsigned long seed)
{
	struct fill_item *fi;
	struct rnd_state rnd;
	unsigned int nr;

	/* The same sizes each time: only so are two fills comparable. */
	prandom_seed_state(&rnd, seed);
	for (nr = 0; nr < max; nr++) {
		fi = &items[nr];
		fi->kind = kind;
		if (kind == FILL_ALL)
			fi->kind = prandom_u32_state(&rnd) % FILL_ALL;
		fi->pages = pages_of(&kinds[fi->kind], &rnd);
		fi->item = kinds[fi->kind].take(fi->pages);
		if (!fi->item)
			break;
		cond_resched();
	}
	return nr;
}

/* Every permutation is as likely as any other. */
static void shuffle_items(struct fill_item *items, unsigned int nr,
			  struct rnd_state *rnd)
{
	unsigned int i;

	for (; nr > 1; nr--) {
		i = prandom_u32_state(rnd) % nr;
		swap(items[nr - 1], items[i]);
		cond_resched();
	}
}

/* Free @nr areas forward, in reverse or shuffled; @order picks which. */
static void empty_space(struct fill_item *items, unsigned int nr,
			unsigned int order, struct rnd_state *rnd)
{
	unsigned int i;

	if (order % 3 == 2)
		shuffle_items(items, nr, rnd);
	for (i = 0; i < nr; i++) {
		give_item(&items[order % 3 == 1 ? nr - 1 - i : i]);
		cond_resched();
	}
}

static const char *kind_name(unsigned int kind)
{
	return kind == FILL_ALL ? "all" : kinds[kind].name;
}

/*
 * Rounds take turns in the kind of their areas and in the order of freeing; in
 * 21 rounds each pair comes once. A space full of single pages has to find what
 * is lazily freed by itself. How many areas of other kinds fit depends on the
 * holes they are packed into: they get a drained one.
 */
static int fill_rounds(struct fill_item *items, unsigned int max,
		       unsigned int rounds, unsigned long seed)
{
	unsigned int first[FILL_ALL + 1] = {}, last[FILL_ALL + 1] = {};
	unsigned int round, kind, nr;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, seed);
	for (round = 0; round < rounds; round++) {
		kind = round % (FILL_ALL + 1);
		if (kind != FILL_ONEPAGE)
			vm_unmap_aliases();
		nr = fill_space(items, max, kind, seed);
		empty_space(items, nr, round / (FILL_ALL + 1), &rnd);
		if (round <= FILL_ALL)
			first[kind] = nr;
		last[kind] = nr;
		if (!nr || nr < first[kind]) {
			pr_err("fill: %u areas (%s) in round %u, %u at first\n",
			       nr, kind_name(kind), round, first[kind]);
			return -ENOSPC;
		}
	}

	for (kind = 0; kind <= FILL_ALL; kind++) {
		bench_report("bench fill_%s_first areas %u\n", kind_name(kind),
			     first[kind]);
		bench_report("bench fill_%s_last areas %u\n", kind_name(kind),
			     last[kind]);
	}
	return 0;
}

/* === A worn space === */

/* Lives of a space, and the allocations and frees in one of them. */
#define FILL_LIVES		32
#define FILL_LIFE_STEPS		5000
/* In the first life of each four so many areas live at most, then twice as many. */
#define FILL_LEAST_LIVING	30

/* Any area that leaves room for others. Device memory is small here. */
static bool take_any(struct fill_item *fi, struct rnd_state *rnd)
{
	static const unsigned char living[] = {
		FILL_ONEPAGE, FILL_MIXED, FILL_IOREMAP, FILL_VMAP,
		FILL_RAM_LARGE,
	};
	const struct fill_kind *fk;

	fi->kind = living[prandom_u32_state(rnd) % ARRAY_SIZE(living)];
	fk = &kinds[fi->kind];
	/* Aligned to the size, as others of the kind. */
	if (fi->kind == FILL_IOREMAP)
		fi->pages = 1 << prandom_u32_state(rnd) % 8;
	else
		fi->pages = pages_of(fk, rnd);
	fi->item = fk->take(fi->pages);
	return fi->item;
}

/* Allocate and free at random; returns how many areas are left. */
static unsigned int live_life(struct fill_item *items, unsigned int most,
			      struct rnd_state *rnd)
{
	unsigned int nr = 0, step, i;

	for (step = 0; step < FILL_LIFE_STEPS; step++) {
		if (nr < most && prandom_u32_state(rnd) % 2) {
			if (take_any(&items[nr], rnd))
				nr++;
		} else if (nr) {
			i = prandom_u32_state(rnd) % nr;
			give_item(&items[i]);
			items[i] = items[--nr];
		}
		cond_resched();
	}
	return nr;
}

/*
 * How many areas of a kind fit among what is left of a life is a matter of luck
 * in one life, and of how areas are placed in the sum of many.
 */
static void fill_worn(struct fill_item *items, unsigned int max,
		      unsigned long seed)
{
	static const unsigned char wanted[] = {
		FILL_IOREMAP, FILL_RAM_SMALL, FILL_RAM_LARGE,
	};
	unsigned int i, life, nr, left, sum;
	struct rnd_state rnd;

	for (i = 0; i < ARRAY_SIZE(wanted); i++) {
		sum = 0;
		for (life = 0; life < FILL_LIVES; life++) {
			prandom_seed_state(&rnd, seed + life);
			vm_unmap_aliases();
			left = live_life(items, FILL_LEAST_LIVING << life % 4,
					 &rnd);
			nr = fill_space(items + left, max - left, wanted[i],
					seed);
			empty_space(items, left + nr, 0, &rnd);
			sum += nr;
		}
		bench_report("bench fill_worn_%s areas %u\n",
			     kind_name(wanted[i]), sum);
	}
}

/* Fill and empty the space in @rounds, then fill a worn one. */
int bench_fill(unsigned int rounds, unsigned long seed)
{
	struct fill_item *items;
	unsigned int i, max;
	struct page *page;
	int err;

	if (IS_ENABLED(CONFIG_64BIT))
		return bench_refuse("fill", "64 bits cannot be filled", -EOPNOTSUPP);
	page = alloc_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	for (i = 0; i < FILL_MOST_PAGES; i++)
		fill_pages[i] = page;

	max = min((VMALLOC_END - VMALLOC_START) / PAGE_SIZE, (ulong)INT_MAX);
	items = kvcalloc(max, sizeof(*items), GFP_KERNEL);
	err = -ENOMEM;
	if (items) {
		pr_info("fill: %u rounds, seed %lu\n", rounds, seed);
		err = fill_rounds(items, max, rounds, seed);
		if (!err)
			fill_worn(items, max, seed);
	}
	kvfree(items);
	__free_page(page);
	vm_unmap_aliases();
	return err;
}
