// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit: what allocation flags mean to vmalloc().  Which ones are taken, which
 * ones warned of; that nothing a request allocates on the way, descriptors and
 * page tables among it, does more than the request allows; and the scope by
 * which that is done.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <trace/events/kmem.h>

#include "vmalloc_kunit.h"

/* === Which ones are taken === */

static void *by_vmalloc(gfp_t gfp)
{
	return __vmalloc(3 * PAGE_SIZE + 5, gfp);
}

static void *by_vmalloc_huge(gfp_t gfp)
{
	return vmalloc_huge_node(3 * PAGE_SIZE + 5, gfp, NUMA_NO_NODE);
}

static void *(* const takers[])(gfp_t gfp) = { by_vmalloc, by_vmalloc_huge };

static void expect_usable(struct kunit *test, void *p, gfp_t gfp)
{
	KUNIT_EXPECT_NOT_NULL_MSG(test, p, "gfp %pGg", &gfp);
	if (!p)
		return;
	if (gfp & __GFP_ZERO)
		KUNIT_EXPECT_NULL(test, memchr_inv(p, 0, 3 * PAGE_SIZE + 5));
	vmk_fill(p, 3 * PAGE_SIZE + 5, (__force unsigned long)gfp);
	KUNIT_EXPECT_TRUE(test, vmk_holds(p, 3 * PAGE_SIZE + 5,
					  (__force unsigned long)gfp));
	KUNIT_EXPECT_EQ(test, find_vm_area(p)->nr_pages, 4);
	vfree(p);
}

static void supported_flags_are_taken(struct kunit *test)
{
	static const gfp_t flags[] = {
		GFP_KERNEL, GFP_KERNEL_ACCOUNT, GFP_USER, GFP_NOFS, GFP_NOIO,
		GFP_NOWAIT, GFP_ATOMIC, GFP_KERNEL | __GFP_ZERO,
		GFP_KERNEL | __GFP_NOFAIL, GFP_KERNEL | __GFP_NORETRY,
		GFP_KERNEL | __GFP_RETRY_MAYFAIL, GFP_NOFS | __GFP_NOFAIL,
		GFP_NOIO | __GFP_NORETRY | __GFP_NOWARN,
		GFP_KERNEL | __GFP_NOLOCKDEP, GFP_KERNEL | __GFP_SKIP_KASAN,
	};
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	unsigned int i, j;
	void *p = NULL;

	for (i = 0; i < ARRAY_SIZE(takers); i++) {
		for (j = 0; j < ARRAY_SIZE(flags); j++) {
			VMK_EXPECT_WARNS(test, 0, p = takers[i](flags[j]),
					 NULL);
			expect_usable(test, p, flags[j]);
		}
	}
	vmk_expect_nothing_lost(test, ledger);
}

/* Zones, and what is no matter of pages that are mapped one by one. */
static void other_flags_are_warned_of_and_left_out(struct kunit *test)
{
	static const gfp_t flags[] = {
		GFP_KERNEL | __GFP_HIGHMEM, GFP_HIGHUSER, GFP_KERNEL | GFP_DMA,
		GFP_KERNEL | GFP_DMA32, GFP_KERNEL | __GFP_COMP,
		GFP_HIGHUSER_MOVABLE, GFP_KERNEL | __GFP_ZERO | __GFP_HIGHMEM,
		GFP_KERNEL | __GFP_RECLAIMABLE, GFP_KERNEL | __GFP_MEMALLOC,
	};
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	unsigned int i, j;
	void *p = NULL;

	for (i = 0; i < ARRAY_SIZE(takers); i++) {
		for (j = 0; j < ARRAY_SIZE(flags); j++) {
			VMK_EXPECT_WARNS(test, 1, p = takers[i](flags[j]),
					 "Unexpected gfp: ");
			expect_usable(test, p, flags[j]);
		}
		/* Once. */
		VMK_EXPECT_WARNS(test, 1, {
			vfree(takers[i](GFP_HIGHUSER));
			vfree(takers[i](GFP_HIGHUSER));
		}, "Fix your code!");
	}
	vmk_expect_nothing_lost(test, ledger);
}

/* The kernel's own wrappers know what they ask for. */
static void wrappers_choose_zones_without_a_warning(struct kunit *test)
{
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	void *p = NULL;

	VMK_EXPECT_WARNS(test, 0, p = vmalloc_32(PAGE_SIZE), NULL);
	KUNIT_EXPECT_NOT_NULL(test, p);
	vfree(p);
	VMK_EXPECT_WARNS(test, 0, p = __vmalloc_node(PAGE_SIZE, 1, GFP_HIGHUSER,
						     NUMA_NO_NODE, test), NULL);
	KUNIT_EXPECT_NOT_NULL(test, p);
	vfree(p);
	vmk_expect_nothing_lost(test, ledger);
}

/* === The scope === */

#define SCOPE_FLAGS	(PF_MEMALLOC | PF_MEMALLOC_NOFS | PF_MEMALLOC_NOIO)

static const struct scope {
	const char *name;
	gfp_t gfp;
	unsigned int flags;
} scopes[] = {
	{ "GFP_KERNEL", GFP_KERNEL, 0 },
	{ "GFP_KERNEL_ACCOUNT", GFP_KERNEL_ACCOUNT, 0 },
	{ "GFP_KERNEL | __GFP_NOFAIL", GFP_KERNEL | __GFP_NOFAIL, 0 },
	{ "GFP_NOFS", GFP_NOFS, PF_MEMALLOC_NOFS },
	{ "GFP_NOIO", GFP_NOIO, PF_MEMALLOC_NOIO },
	{ "GFP_NOWAIT", GFP_NOWAIT, PF_MEMALLOC },
	{ "GFP_ATOMIC", GFP_ATOMIC, PF_MEMALLOC },
	{ "GFP_KERNEL | __GFP_NORETRY", GFP_KERNEL | __GFP_NORETRY,
	  PF_MEMALLOC },
	{ "GFP_KERNEL | __GFP_RETRY_MAYFAIL", GFP_KERNEL | __GFP_RETRY_MAYFAIL,
	  PF_MEMALLOC },
	{ "GFP_NOIO | __GFP_NORETRY", GFP_NOIO | __GFP_NORETRY, PF_MEMALLOC },
};

static void scope_name(const struct scope *scope, char *name)
{
	strscpy(name, scope->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(scope, scopes, scope_name);

static void a_scope_stands_for_the_flags(struct kunit *test)
{
	const struct scope *scope = test->param_value;
	unsigned int before = current->flags, outer, inner, during, after;

	outer = memalloc_apply_gfp_scope(scope->gfp);
	during = current->flags & SCOPE_FLAGS;
	inner = memalloc_apply_gfp_scope(scope->gfp);
	memalloc_restore_scope(inner);
	after = current->flags & SCOPE_FLAGS;
	memalloc_restore_scope(outer);
	KUNIT_EXPECT_EQ(test, during, scope->flags);
	/* An inner one does not end an outer one. */
	KUNIT_EXPECT_EQ(test, after, scope->flags);
	KUNIT_EXPECT_EQ(test, current->flags & SCOPE_FLAGS,
			before & SCOPE_FLAGS);
	if (!scope->flags)
		KUNIT_EXPECT_EQ(test, outer, 0);
}

/* === What a request allocates === */

struct watch {
	struct task_struct *task;
	gfp_t gfp;		/* of the request */
	unsigned int pages;
	unsigned int objects;
	unsigned int bolder;	/* those that were allowed more than it */
	gfp_t example;
};

#define LIBERTIES	(__GFP_DIRECT_RECLAIM | __GFP_IO | __GFP_FS)

static bool is_watched(const struct watch *watch)
{
	return current == watch->task && in_task() && watch->gfp;
}

static void note_gfp(struct watch *watch, gfp_t gfp)
{
	gfp_t more = current_gfp_context(gfp) & LIBERTIES & ~watch->gfp;

	/* Then nothing is reclaimed, for whatever reason it could be. */
	if (!more || current->flags & PF_MEMALLOC)
		return;
	watch->bolder++;
	watch->example = gfp;
}

static void note_page(void *watch, struct page *page, unsigned int order,
		      gfp_t gfp, int migratetype)
{
	if (is_watched(watch)) {
		((struct watch *)watch)->pages++;
		note_gfp(watch, gfp);
	}
}

static void note_object(void *watch, unsigned long call_site, const void *ptr,
			struct kmem_cache *s, gfp_t gfp, int node)
{
	if (is_watched(watch)) {
		((struct watch *)watch)->objects++;
		note_gfp(watch, gfp);
	}
}

static void note_kmalloc(void *watch, unsigned long call_site, const void *ptr,
			 size_t bytes_req, size_t bytes_alloc, gfp_t gfp,
			 int node)
{
	note_object(watch, call_site, ptr, NULL, gfp, node);
}

/* One that was never registered is none to take out. */
static void stop_watching(void *watch)
{
	unregister_trace_mm_page_alloc(note_page, watch);
	unregister_trace_kmem_cache_alloc(note_object, watch);
	unregister_trace_kmalloc(note_kmalloc, watch);
	tracepoint_synchronize_unregister();
}

static struct watch *watch_allocations(struct kunit *test)
{
	struct watch *watch = kunit_kzalloc(test, sizeof(*watch), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, watch);
	watch->task = current;
	KUNIT_ASSERT_EQ(test, 0, register_trace_mm_page_alloc(note_page,
							      watch));
	KUNIT_EXPECT_EQ(test, 0, register_trace_kmem_cache_alloc(note_object,
								 watch));
	KUNIT_EXPECT_EQ(test, 0, register_trace_kmalloc(note_kmalloc, watch));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, stop_watching,
							   watch));
	return watch;
}

static void expect_no_liberties(struct kunit *test,
				const struct watch *watch, unsigned int pages,
				unsigned int objects)
{
	KUNIT_EXPECT_GE(test, watch->pages, pages);
	KUNIT_EXPECT_GE(test, watch->objects, objects);
	KUNIT_EXPECT_EQ_MSG(test, watch->bolder, 0,
			    "one of them by %pGg", &watch->example);
}

/*
 * Each time where no page table is there yet, as long as there are such places:
 * tables stay.
 */
static void nothing_does_more_than_the_request_allows(struct kunit *test)
{
	enum { PLACES = 4 };
	const unsigned int turns = PLACES * ARRAY_SIZE(scopes);
	const struct scope *scope = test->param_value;
	bool small = BITS_PER_LONG == 32;
	/* From 513 on, the array of pages is another area. */
	unsigned long size = (small ? 15 : 600) * PAGE_SIZE;
	unsigned long step = small ? VMK_16P : ALIGN(size, PMD_SIZE);
	struct vmk_window window = vmk_window_claim(test, turns * step, step);
	struct watch *watch = watch_allocations(test);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	unsigned int i, tables = 0;
	void *p = NULL;

	window.start += (scope - scopes) * PLACES * step;
	for (i = 0; i < PLACES; i++, window.start += step) {
		tables += vmk_table_missing(window.start);
		WRITE_ONCE(watch->gfp, scope->gfp);
		p = __vmalloc_node_range(size, 1, window.start, window.end,
					 scope->gfp, PAGE_KERNEL, 0,
					 NUMA_NO_NODE, test);
		WRITE_ONCE(watch->gfp, 0);
		KUNIT_EXPECT_NOT_NULL(test, p);
		vfree(p);
	}
	/* And a vm_struct, and an array or its vm_struct: a vmap_area may be at hand. */
	expect_no_liberties(test, watch, tables, 2 * PLACES);
	kunit_info(test, "%u tables of pages were missing\n", tables);
	KUNIT_EXPECT_EQ(test, current->flags & SCOPE_FLAGS, 0);
	vmk_expect_nothing_lost(test, ledger);
}

#ifdef CONFIG_SMP
/* As percpu.c asks, under a lock that reclaim may take. */
static void percpu_areas_heed_the_flags(struct kunit *test)
{
	const gfp_t gfp = GFP_NOIO | __GFP_NORETRY | __GFP_NOWARN;
	static const unsigned long offset[2] = { 0, SZ_2M };
	static const size_t size[2] = { SZ_1M, SZ_1M };
	struct watch *watch = watch_allocations(test);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	struct vm_struct **vms[4];
	unsigned int i;

	WRITE_ONCE(watch->gfp, gfp);
	for (i = 0; i < ARRAY_SIZE(vms); i++)
		vms[i] = pcpu_get_vm_areas(offset, size, 2, SZ_64K, gfp);
	WRITE_ONCE(watch->gfp, 0);
	for (i = 0; i < ARRAY_SIZE(vms); i++) {
		KUNIT_EXPECT_NOT_NULL(test, vms[i]);
		if (vms[i])
			pcpu_free_vm_areas(vms[i], 2);
	}
	expect_no_liberties(test, watch, 0, 4 * ARRAY_SIZE(vms));
	vmk_expect_nothing_lost(test, ledger);
}
#endif

static struct kunit_case vmalloc_gfp_cases[] = {
	KUNIT_CASE(supported_flags_are_taken),
	KUNIT_CASE(other_flags_are_warned_of_and_left_out),
	KUNIT_CASE(wrappers_choose_zones_without_a_warning),
	KUNIT_CASE_PARAM(a_scope_stands_for_the_flags, scope_gen_params),
	KUNIT_CASE_PARAM(nothing_does_more_than_the_request_allows,
			 scope_gen_params),
#ifdef CONFIG_SMP
	KUNIT_CASE(percpu_areas_heed_the_flags),
#endif
	{}
};

static struct kunit_suite vmalloc_gfp_suite = {
	.name = "vmalloc_gfp",
	.init = vmk_allow_warnings,
	.exit = vmk_forbid_warnings,
	.test_cases = vmalloc_gfp_cases,
};

kunit_test_suite(vmalloc_gfp_suite);
