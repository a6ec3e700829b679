// SPDX-License-Identifier: GPL-2.0-only

#include "space_model.h"

/* === What has been done with each page === */

enum page_state {
	PAGE_FLUSHED,		/* nobody has it, and no TLB */
	PAGE_BUSY,
	PAGE_PUNCHED,		/* of a busy area, in TLBs, not mapped */
	PAGE_STALE,		/* nobody has it, but TLBs may */
};

static unsigned char page_state[SHIM_PAGES];
/* How many drains are releasing the shadow of a page. */
static unsigned char page_shadow[SHIM_PAGES];
/* When it was unmapped. */
static unsigned long page_time[SHIM_PAGES];
static unsigned long clock_now;

static unsigned long page_of(unsigned long addr)
{
	if (addr <= SHIM_BASE)
		return 0;
	return min((addr - SHIM_BASE) >> PAGE_SHIFT, SHIM_PAGES);
}

static unsigned long addr_of(unsigned long page)
{
	return SHIM_BASE + (page << PAGE_SHIFT);
}

#define for_each_page(page, start, end)					\
	for (unsigned long last_ = ((page) = page_of(start), page_of(end)); \
	     (page) < last_; (page)++)

static enum page_state page_move(unsigned long page, enum page_state to)
{
	return __atomic_exchange_n(&page_state[page], to, __ATOMIC_RELAXED);
}

/* If the page is in one state, let it be in another. */
static bool page_turn(unsigned long page, unsigned char from, enum page_state to)
{
	return __atomic_compare_exchange_n(&page_state[page], &from, to, false,
					   __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

unsigned long space_time(void)
{
	return __atomic_add_fetch(&clock_now, 1, __ATOMIC_RELAXED);
}

void space_taken(unsigned long start, unsigned long end)
{
	unsigned long page;

	for_each_page(page, start, end) {
		switch (page_move(page, PAGE_BUSY)) {
		case PAGE_FLUSHED:
			break;
		case PAGE_STALE:
			shim_die("%#lx is handed out before it was flushed\n",
				 addr_of(page));
		default:
			shim_die("%#lx is handed out twice\n", addr_of(page));
		}
		if (READ_ONCE(page_shadow[page]))
			shim_die("%#lx is handed out while it loses its shadow\n",
				 addr_of(page));
	}
}

void space_restored(unsigned long start, unsigned long end)
{
	unsigned long page;

	for_each_page(page, start, end)
		if (!page_turn(page, PAGE_BUSY, PAGE_FLUSHED))
			shim_die("%#lx was withheld, but is in state %u\n",
				 addr_of(page), page_state[page]);
}

void space_punched(unsigned long start, unsigned long end)
{
	unsigned long page;

	for_each_page(page, start, end)
		if (page_turn(page, PAGE_BUSY, PAGE_PUNCHED))
			WRITE_ONCE(page_time[page], space_time());
}

void shim_unmapped(unsigned long start, unsigned long end)
{
	enum page_state was;
	unsigned long page;

	for_each_page(page, start, end) {
		WRITE_ONCE(page_time[page], space_time());
		was = page_move(page, PAGE_STALE);
		if (was != PAGE_BUSY && was != PAGE_PUNCHED)
			shim_die("%#lx is unmapped, but nobody had it\n",
				 addr_of(page));
	}
}

void shim_flushed(unsigned long start, unsigned long end)
{
	unsigned long page;

	for_each_page(page, start, end)
		if (!page_turn(page, PAGE_STALE, PAGE_FLUSHED))
			page_turn(page, PAGE_PUNCHED, PAGE_BUSY);
}

void shim_shadow_begin(unsigned long start, unsigned long end)
{
	unsigned long page;

	for_each_page(page, start, end) {
		__atomic_add_fetch(&page_shadow[page], 1, __ATOMIC_RELAXED);
		if (READ_ONCE(page_state[page]) != PAGE_FLUSHED)
			shim_die("%#lx loses its shadow in state %u\n",
				 addr_of(page), page_state[page]);
	}
}

void shim_shadow_end(unsigned long start, unsigned long end)
{
	unsigned long page;

	for_each_page(page, start, end)
		__atomic_sub_fetch(&page_shadow[page], 1, __ATOMIC_RELAXED);
}

void space_check_flushed(unsigned long time)
{
	unsigned long page;

	for (page = 0; page < SHIM_PAGES; page++)
		if (READ_ONCE(page_state[page]) >= PAGE_PUNCHED &&
		    READ_ONCE(page_time[page]) < time)
			shim_die("%#lx is in TLBs still\n", addr_of(page));
}

bool space_page_is_busy(unsigned long addr)
{
	unsigned char state = page_state[page_of(addr)];

	return state == PAGE_BUSY || state == PAGE_PUNCHED;
}

/* === In which set each page is === */

#define CHUNK_PAGES	(1UL << (PMD_SHIFT - PAGE_SHIFT))

/* The first page of a range, and those at which another chunk begins. */
#define for_each_chunk(page, start, end)				\
	for (unsigned long last_ = ((page) = page_of(start), page_of(end)); \
	     (page) < last_; (page) = ((page) | (CHUNK_PAGES - 1)) + 1)

enum place { PLACE_NONE, PLACE_FREE, PLACE_FLUSHED, PLACE_LAZY, PLACE_BUSY };
enum owner { OWNER_NONE, OWNER_NODE, OWNER_HEAP };

static unsigned char place[SHIM_PAGES];
/* Which arena it is in, as vmap_arena_at() counts them. */
static unsigned char arena_of[SHIM_PAGES];
static unsigned char chunk_owner[SHIM_PAGES / CHUNK_PAGES];

static long nr_ranges;
static unsigned long waiting, lazy;

static void chunk_own(unsigned long page, enum owner owner)
{
	unsigned char *is = &chunk_owner[page / CHUNK_PAGES];

	if (*is && *is != owner)
		shim_die("%#lx: its chunk is a node's and the heap's\n",
			 addr_of(page));
	*is = owner;
}

/* Of a chunk are only addresses that go back to its node. */
static void node_may_have(unsigned long page, unsigned int id)
{
	unsigned long chunk = addr_of(page) / VMAP_CHUNK_SIZE;

	if (chunk % nr_vmap_nodes != id ||
	    chunk * VMAP_CHUNK_SIZE < VMALLOC_START ||
	    (chunk + 1) * VMAP_CHUNK_SIZE > VMALLOC_END)
		shim_die("%#lx is not for node %u\n", addr_of(page), id);
	chunk_own(page, OWNER_NODE);
}

static void page_is_in(unsigned long page, enum place where)
{
	static const unsigned char allowed[] = {
		[PLACE_FREE]	= BIT(PAGE_FLUSHED),
		[PLACE_FLUSHED]	= BIT(PAGE_FLUSHED),
		[PLACE_LAZY]	= BIT(PAGE_FLUSHED) | BIT(PAGE_STALE),
		[PLACE_BUSY]	= BIT(PAGE_BUSY) | BIT(PAGE_PUNCHED),
	};

	if (place[page])
		shim_die("%#lx is in two sets: %u and %u\n", addr_of(page),
			 place[page], where);
	if (!(allowed[where] & BIT(page_state[page])))
		shim_die("%#lx is in set %u, but in state %u\n", addr_of(page),
			 where, page_state[page]);
}

static unsigned long range_is_in(const struct vmap_area *va, enum place where,
				 unsigned int id)
{
	unsigned long page;

	if (va->va_start != 1 && offset_in_page(va->va_start))
		shim_die("%#lx is within a page\n", va->va_start);
	for_each_page(page, va->va_start, va->va_end) {
		page_is_in(page, where);
		place[page] = where;
		arena_of[page] = id;
	}
	for_each_chunk(page, va->va_start, va->va_end) {
		if (id < nr_vmap_nodes)
			node_may_have(page, id);
		else
			chunk_own(page, OWNER_HEAP);
	}
	nr_ranges++;
	return va_size(va) >> PAGE_SHIFT;
}

/* The pages in a set, whose ranges neither overlap nor touch. */
static unsigned long set_is_in(struct rb_list *set, enum place where,
			       unsigned int id)
{
	unsigned long pages = 0, largest = 0, end = 0;
	const struct vmap_area *va;

	extent_tell(set);
	list_for_each_entry(va, &set->head, list) {
		if (va->va_start <= end)
			shim_die("%#lx touches the range below\n",
				 va->va_start);
		end = va->va_end;
		largest = max(largest, va_size(va));
		pages += range_is_in(va, where, id);
	}
	if (where == PLACE_FREE && subtree_size(set->root.rb_node) != largest)
		shim_die("the largest range has %#lx bytes, not %#lx\n", largest,
			 subtree_size(set->root.rb_node));
	return pages;
}

static void arena_check(struct vmap_arena *arena, unsigned int id)
{
	const struct vmap_area *va;
	unsigned long pages;

	set_is_in(&arena->free, PLACE_FREE, id);
	pages = set_is_in(&arena->lazy, PLACE_LAZY, id);
	if (pages != arena->lazy_pages)
		shim_die("%lu pages are lazy, %lu are counted\n", pages,
			 arena->lazy_pages);
	lazy += pages;
	list_for_each_entry(va, &arena->flushed, list)
		waiting += range_is_in(va, PLACE_FLUSHED, id);
	if (!list_empty(&arena->draining))
		shim_die("a range is being drained, but by nobody\n");
}

static void busy_check(const struct vmap_node *vn)
{
	const struct vmap_area *va;

	list_for_each_entry(va, &vn->busy.head, list) {
		unsigned long node = va->va_start / VMAP_CHUNK_SIZE %
				     nr_vmap_nodes;

		if (vn != &vmap_nodes[node])
			shim_die("%#lx is busy in another node\n",
				 va->va_start);
		range_is_in(va, PLACE_BUSY, va->flags & VMAP_CHUNKED ?
						    node : nr_vmap_nodes);
	}
}

/* What has to be so once it is known how much waits. */
static void waiting_check(void)
{
	unsigned long limit = vmap_lazy_soft_limit();

	waiting += lazy;
	if (waiting != vmap_waiting_pages())
		shim_die("%lu pages wait, %lu are counted\n", waiting,
			 vmap_waiting_pages());
	/* An eighth of the limit may be untold of, where there are several nodes. */
	if (nr_vmap_nodes > 1)
		limit += limit / 8;
	if (lazy > limit && !shim_drain_pending())
		shim_die("%lu pages are lazy, and nobody drains\n", lazy);
	if (waiting > limit && !vmap_backlog.set)
		shim_die("%lu pages wait, and nobody is told\n", waiting);
}

void space_check(void)
{
	struct vmap_arena *arena;
	unsigned long page;
	unsigned int i;

	memset(place, PLACE_NONE, sizeof(place));
	memset(chunk_owner, OWNER_NONE, sizeof(chunk_owner));
	nr_ranges = 0;
	waiting = 0;
	lazy = 0;
	for_each_vmap_arena(arena, i)
		arena_check(arena, i);
	for (i = 0; i < nr_vmap_nodes; i++)
		busy_check(&vmap_nodes[i]);
	for (page = 0; page < SHIM_PAGES; page++)
		if (!place[page])
			shim_die("%#lx is nowhere\n", addr_of(page));
	waiting_check();
	/* What is at hand describes nothing. */
	vmap_areas_cpu_dead(shim_cpu);
	vmap_areas_trim(0);
	if (nr_ranges != shim_descriptors())
		shim_die("%ld ranges have %ld descriptors\n", nr_ranges,
			 shim_descriptors());
	if (vmap_debug_check())
		shim_die("the validator objects\n");
	if (warnings)
		shim_die("there was a warning\n");
}

/* === What there is room for === */

static bool free_and_like(unsigned long page, unsigned long first)
{
	return place[page] == PLACE_FREE && arena_of[page] == arena_of[first];
}

static bool pages_are_free(unsigned long first, unsigned long nr)
{
	unsigned long page;

	for (page = first; page < first + nr; page++)
		if (page >= SHIM_PAGES || !free_and_like(page, first))
			return false;
	return true;
}

bool space_has_room(unsigned long size, unsigned long align,
		    unsigned long start, unsigned long end)
{
	unsigned long step = max(align, PAGE_SIZE), addr;

	for (addr = ALIGN(start, step); addr + size <= end; addr += step)
		if (pages_are_free(page_of(addr), size >> PAGE_SHIFT))
			return true;
	return false;
}

bool space_has_table(unsigned long start, unsigned long end)
{
	unsigned long addr;

	for (addr = ALIGN(start, PMD_SIZE); addr + PMD_SIZE <= end;
	     addr += PMD_SIZE)
		if (arena_of[page_of(addr)] == nr_vmap_nodes &&
		    pages_are_free(page_of(addr), CHUNK_PAGES))
			return true;
	return false;
}

static bool congruent_fits(unsigned long base, const unsigned long *offsets,
			   const size_t *sizes, int nr)
{
	int i;

	for (i = 0; i < nr; i++) {
		unsigned long page = page_of(base + offsets[i]);

		if (arena_of[page] != nr_vmap_nodes ||
		    !pages_are_free(page, sizes[i] >> PAGE_SHIFT))
			return false;
	}
	return true;
}

unsigned long space_congruent_base(const unsigned long *offsets,
				   const size_t *sizes, int nr,
				   unsigned long align)
{
	unsigned long base, span = 0;
	int i;

	for (i = 0; i < nr; i++)
		span = max(span, offsets[i] + sizes[i]);
	base = ALIGN_DOWN(VMALLOC_END, align) - span;
	for (; base >= ALIGN(VMALLOC_START, align); base -= align)
		if (congruent_fits(base, offsets, sizes, nr))
			return base;
	return 0;
}

/* === From nothing to nothing === */

static struct vmap_node *first_node;

void space_begin(unsigned int cpus, const struct vmap_drain_client *client)
{
	if (!first_node)
		first_node = vmap_nodes;
	vmap_nodes = first_node;
	nr_vmap_nodes = 1;
	vmap_backlog.set = false;
	shim_cpus = cpus;
	shim_sysctl_write("vmap_drain_batch", 32);
	shim_sysctl_write("vmap_lazy_max_pages", 0);
	vmap_stats_reset();
	memset(page_state, PAGE_FLUSHED, sizeof(page_state));
	memset(page_time, 0, sizeof(page_time));
	vmap_areas_init();
	vmap_space_init(NULL);
	vmap_drain_init(client);
	vmap_initialized = true;
	if (nr_vmap_nodes != cpus)
		shim_die("%u nodes for %u CPUs\n", nr_vmap_nodes, cpus);
	space_check();
}

/* The heap is one range, which nothing but this takes. */
static void heap_empty(void)
{
	struct vmap_area *va = list_first_entry(&vmap_heap.free.head,
						struct vmap_area, list);

	if (vmap_heap.free.nr != 1 || va->va_start != 1 ||
	    va->va_end != ULONG_MAX)
		shim_die("the heap begins with %#lx-%#lx of %lu\n",
			 va->va_start, va->va_end, vmap_heap.free.nr);
	extent_withdraw(&vmap_heap.free, va);
	vmap_area_free(va);
}

void space_end(void)
{
	vmap_reclaim(NULL);
	while (shim_work_run())
		;
	space_check();
	if (waiting)
		shim_die("%lu pages wait after all was drained\n", waiting);
	if (vmap_stat_read(VMAP_STAT_LEASED) !=
	    vmap_stat_read(VMAP_STAT_RETURNED))
		shim_die("of %lu chunks %lu have come back\n",
			 vmap_stat_read(VMAP_STAT_LEASED),
			 vmap_stat_read(VMAP_STAT_RETURNED));
	heap_empty();
	if (vmap_nodes != first_node)
		kfree(vmap_nodes);
	vmap_areas_cpu_dead(shim_cpu);
	vmap_areas_trim(0);
	vmap_initialized = false;
	if (shim_descriptors() || shim_objects())
		shim_die("%ld descriptors and %ld objects are left\n",
			 shim_descriptors(), shim_objects());
}
