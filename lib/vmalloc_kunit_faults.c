// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit: every allocation the vmalloc code makes fails once.  Each call is
 * repeated with its first, second, third ... allocation made to fail, until it
 * runs through without a fault.  A failed call returns NULL or an error and
 * leaves no area, page or mapping behind.
 *
 * The knobs of failslab and fail_page_alloc spare allocations that may sleep
 * and have no boot parameters: they are turned through their debugfs files, so
 * that the suite also runs at boot, and turned back after it.
 */
#include <kunit/test.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "vmalloc_kunit.h"

#ifdef CONFIG_FAULT_INJECTION_DEBUG_FS

/* === Knobs === */

enum knob_type { KNOB_BOOL, KNOB_U32, KNOB_ULONG };

struct knob {
	const char *dir;
	const char *name;
	enum knob_type type;
	void *at;
	unsigned long saved;
};

static struct knob knobs[] = {
	{ "failslab", "ignore-gfp-wait", KNOB_BOOL },
	{ "failslab", "cache-filter", KNOB_BOOL },
	{ "failslab", "verbose", KNOB_ULONG },
	{ "fail_page_alloc", "ignore-gfp-wait", KNOB_BOOL },
	{ "fail_page_alloc", "ignore-gfp-highmem", KNOB_BOOL },
	{ "fail_page_alloc", "min-order", KNOB_U32 },
	{ "fail_page_alloc", "verbose", KNOB_ULONG },
};

/* The variable behind a debugfs file made by debugfs_create_bool() and kin. */
static void *knob_find(const char *dir_name, const char *name)
{
	struct dentry *dir, *file;
	void *at = NULL;

	dir = debugfs_lookup(dir_name, NULL);
	if (!dir)
		return NULL;
	file = debugfs_lookup(name, dir);
	if (file) {
		at = d_inode(file)->i_private;
		dput(file);
	}
	dput(dir);
	return at;
}

/*
 * Nobody else writes to them, so that the two halves need not be one: there are
 * architectures without xchg() of a byte.
 */
static unsigned long knob_swap(struct knob *knob, unsigned long value)
{
	bool *flag = knob->at;
	u32 *number = knob->at;
	unsigned long *word = knob->at, old = 0;

	switch (knob->type) {
	case KNOB_BOOL:
		old = READ_ONCE(*flag);
		WRITE_ONCE(*flag, value);
		break;
	case KNOB_U32:
		old = READ_ONCE(*number);
		WRITE_ONCE(*number, value);
		break;
	case KNOB_ULONG:
		old = READ_ONCE(*word);
		WRITE_ONCE(*word, value);
		break;
	}
	return old;
}

static void knobs_restore(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(knobs); i++) {
		if (knobs[i].at)
			knob_swap(&knobs[i], knobs[i].saved);
		knobs[i].at = NULL;
	}
}

static const char *knobs_turn(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(knobs); i++) {
		knobs[i].at = knob_find(knobs[i].dir, knobs[i].name);
		if (!knobs[i].at)
			return knobs[i].dir;
		knobs[i].saved = knob_swap(&knobs[i], 0);
	}
	return NULL;
}

/* === One call under all of its faults === */

/* More allocations than any call below makes, with all debugging on. */
#define NTH_MAX		1500

/*
 * Two page tables are filled by each attempt of a call that is about them, and may
 * stay when the area has gone: so many are enough for some runs of the suite.
 */
#define TABLES_MAX	2000

struct attempt {
	struct page **page;
	struct vmk_window window;
	unsigned long tables;	/* where two page tables are missing */
	unsigned int nth;
	void *p;
	struct vm_struct **vms;
	struct vm_struct *area;
};

struct faulty_call {
	const char *name;
	bool (*attempt)(struct attempt *a);
	void (*undo)(struct attempt *a);
	void (*before)(struct attempt *a);
	/* It fails on at least so many different allocations. */
	unsigned int least;
	bool needs_tables;
	/* Stock warns if a split finds no descriptor, and recovers. */
	bool stock_warns;
	bool never_fails;
	/* Each fault is met with another attempt, which may succeed. */
	bool has_another_way;
	/* A worker gives back what a failed call has got. */
	bool deferred;
};

/* The first place in @window where two page tables in a row are missing. */
static unsigned long missing_tables(struct kunit *test,
				    const struct vmk_window *window)
{
	unsigned long addr;

	for (addr = window->start; addr < window->end; addr += 2 * PMD_SIZE) {
		if (vmk_table_missing(addr) &&
		    vmk_table_missing(addr + PMD_SIZE))
			break;
	}
	KUNIT_ASSERT_LT_MSG(test, addr, window->end, "all tables are there");
	return addr;
}

static void undo_vfree(struct attempt *a)
{
	vfree(a->p);
}

static void undo_vunmap(struct attempt *a)
{
	vunmap(a->p);
}

static void undo_area(struct attempt *a)
{
	free_vm_area(a->area);
}

/* More pages than the vm_struct may have room for the pointers of. */
static bool try_vmalloc(struct attempt *a)
{
	a->p = vmalloc(9 * PAGE_SIZE);
	return a->p;
}

/* With pages of 4 KB, the array of pages is vmalloc()ed as well. */
static bool try_vmalloc_large(struct attempt *a)
{
	size_t pages = PAGE_SIZE / sizeof(struct page *) + 8;

	/*
	 * Each page may be an allocation of its own, so large pages, whose
	 * array takes more of them to outgrow one, have to do without that. 400
	 * are left for descriptors, page tables, and debugging of each.
	 */
	pages = min_t(size_t, pages, NTH_MAX - 400);
	a->p = __vmalloc(pages * PAGE_SIZE, GFP_KERNEL | __GFP_NOWARN);
	return a->p;
}

static bool try_vzalloc_node(struct attempt *a)
{
	a->p = vzalloc_node(9 * PAGE_SIZE, first_online_node);
	return a->p;
}

static bool try_vmalloc_user(struct attempt *a)
{
	a->p = vmalloc_user(9 * PAGE_SIZE);
	return a->p;
}

static bool try_vmalloc_32(struct attempt *a)
{
	a->p = vmalloc_32(9 * PAGE_SIZE);
	return a->p;
}

static bool try_vmalloc_huge(struct attempt *a)
{
	a->p = vmalloc_huge(PMD_SIZE, GFP_KERNEL | __GFP_NOWARN);
	return a->p;
}

static bool try_nowait(struct attempt *a)
{
	a->p = __vmalloc(9 * PAGE_SIZE, GFP_NOWAIT | __GFP_NOWARN);
	return a->p;
}

static bool try_account(struct attempt *a)
{
	a->p = __vmalloc(9 * PAGE_SIZE, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	return a->p;
}

static bool try_reset_perms(struct attempt *a)
{
	a->p = __vmalloc_node_range(9 * PAGE_SIZE, 1, VMALLOC_START,
				    VMALLOC_END, GFP_KERNEL | __GFP_NOWARN,
				    PAGE_KERNEL, VM_FLUSH_RESET_PERMS,
				    NUMA_NO_NODE, a);
	return a->p;
}

static bool try_get_vm_area(struct attempt *a)
{
	a->area = get_vm_area(3 * PAGE_SIZE, VM_IOREMAP);
	return a->area;
}

static bool try_window(struct attempt *a)
{
	a->area = vmk_window_area(&a->window, 3 * PAGE_SIZE, 0);
	return a->area;
}

static bool try_vmap(struct attempt *a)
{
	a->p = vmap(a->page, 5, VM_MAP, PAGE_KERNEL);
	return a->p;
}

static bool __maybe_unused try_vmap_pfn(struct attempt *a)
{
	unsigned long pfn = vmk_pfn_without_page();

	a->p = vmap_pfn(&pfn, 1, PAGE_KERNEL);
	return a->p;
}

/* If page tables were lacking, there is a block, and nothing in it. */
static bool try_ram_block(struct attempt *a)
{
	a->p = vm_map_ram(a->page, 3, NUMA_NO_NODE);
	if (!a->p)
		vmk_force_purge();
	return a->p;
}

static void undo_ram_block(struct attempt *a)
{
	vm_unmap_ram(a->p, 3);
	vmk_force_purge();
}

static void no_blocks(struct attempt *a)
{
	vmk_force_purge();
}

static bool try_ram_large(struct attempt *a)
{
	a->p = vm_map_ram(a->page, 300, NUMA_NO_NODE);
	return a->p;
}

static void undo_ram_large(struct attempt *a)
{
	vm_unmap_ram(a->p, 300);
}

static struct vm_struct *area_without_tables(struct attempt *a,
					     unsigned long flags)
{
	struct vmk_window at = {
		.start = a->tables,
		.end = a->tables + 5 * PAGE_SIZE,
	};

	return vmk_window_area(&at, 4 * PAGE_SIZE, flags);
}

static void new_sparse_area(struct attempt *a)
{
	a->area = area_without_tables(a, VM_SPARSE);
}

static bool freed_unless_mapped(struct attempt *a, int err)
{
	if (err)
		free_vm_area(a->area);
	return !err;
}

static bool try_sparse(struct attempt *a)
{
	unsigned long start = a->area ? (unsigned long)a->area->addr : 0;

	return start && freed_unless_mapped(a,
		vm_area_map_pages(a->area, start, start + 4 * PAGE_SIZE,
				  a->page));
}

#if defined(CONFIG_HAS_IOMEM) && !defined(CONFIG_UML)
static void new_io_area(struct attempt *a)
{
	a->area = area_without_tables(a, VM_IOREMAP);
}

static bool try_ioremap(struct attempt *a)
{
	unsigned long start = a->area ? (unsigned long)a->area->addr : 0;

	return start && freed_unless_mapped(a,
		ioremap_page_range(start, start + 4 * PAGE_SIZE,
				   page_to_phys(a->page[0]), PAGE_KERNEL));
}
#endif

#ifdef CONFIG_VMALLOC_ORDERED
/*
 * Across both missing page tables. Stock tries to map again what is mapped
 * already, forever.
 */
static bool try_nofail(struct attempt *a)
{
	unsigned long border = a->tables + PMD_SIZE;

	a->p = __vmalloc_node_range(4 * PAGE_SIZE, 1, border - 2 * PAGE_SIZE,
				    border + 3 * PAGE_SIZE,
				    GFP_KERNEL | __GFP_NOFAIL, PAGE_KERNEL, 0,
				    NUMA_NO_NODE, a);
	return a->p;
}
#endif

/* On failure the old memory must be there, with its contents. */
static void old_memory(struct attempt *a)
{
	a->p = vmalloc(PAGE_SIZE);
	if (a->p)
		vmk_fill(a->p, PAGE_SIZE, 77);
}

static bool try_vrealloc(struct attempt *a)
{
	void *p = a->p ? vrealloc(a->p, 4 * PAGE_SIZE, GFP_KERNEL) : NULL;

	if (p) {
		a->p = p;
		return true;
	}
	if (a->p && vmk_holds(a->p, PAGE_SIZE, 77))
		vfree(a->p);
	return false;
}

#ifdef CONFIG_SMP
static bool try_percpu(struct attempt *a)
{
	static const unsigned long offset[2] = { 0, SZ_2M };
	static const size_t size[2] = { SZ_1M, SZ_1M };

	a->vms = pcpu_get_vm_areas(offset, size, 2, PAGE_SIZE, GFP_KERNEL);
	return a->vms;
}

static void undo_percpu(struct attempt *a)
{
	pcpu_free_vm_areas(a->vms, 2);
}
#endif

static const struct faulty_call calls[] = {
	{ "vmalloc", try_vmalloc, undo_vfree, .least = 2 },
	{ "large vmalloc", try_vmalloc_large, undo_vfree, .least = 3 },
	{ "vzalloc_node", try_vzalloc_node, undo_vfree, .least = 2 },
	{ "vmalloc_user", try_vmalloc_user, undo_vfree, .least = 2 },
	{ "vmalloc_32", try_vmalloc_32, undo_vfree, .least = 2 },
	{ "vmalloc_huge", try_vmalloc_huge, undo_vfree, .least = 0 },
	{ "may not sleep", try_nowait, undo_vfree, .least = 2,
	  .deferred = true },
	{ "accounted", try_account, undo_vfree, .least = 2 },
	{ "reset perms", try_reset_perms, undo_vfree, .least = 2 },
	{ "get_vm_area", try_get_vm_area, undo_area, .least = 1 },
	{ "window", try_window, undo_area, .least = 1 },
	{ "vmap", try_vmap, undo_vunmap, .least = 1 },
#if defined(CONFIG_VMAP_PFN) && !defined(CONFIG_UML)
	{ "vmap_pfn", try_vmap_pfn, undo_vunmap, .least = 1 },
#endif
	{ "vm_map_ram in a block", try_ram_block, undo_ram_block, no_blocks,
	  .least = 1 },
	{ "large vm_map_ram", try_ram_large, undo_ram_large, .least = 1 },
	{ "sparse mapping", try_sparse, undo_area, new_sparse_area,
	  .least = 1, .needs_tables = true },
#if defined(CONFIG_HAS_IOMEM) && !defined(CONFIG_UML)
	{ "ioremap_page_range", try_ioremap, undo_area, new_io_area,
	  .least = 1, .needs_tables = true },
#endif
	{ "vrealloc", try_vrealloc, undo_vfree, old_memory, .least = 2,
	  .has_another_way = true },
#ifdef CONFIG_VMALLOC_ORDERED
	{ "may not fail", try_nofail, undo_vfree, .never_fails = true,
	  .needs_tables = true },
#endif
#ifdef CONFIG_SMP
	{ "percpu areas", try_percpu, undo_percpu, .least = 4,
	  .stock_warns = true },
#endif
};

static void call_name(const struct faulty_call *call, char *name)
{
	strscpy(name, call->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(call, calls, call_name);

/* What became of the attempts: @left is 0 as long as each one meets its fault. */
struct outcome {
	unsigned int failed;
	unsigned int survived;
	unsigned int warned;
	unsigned int left;
};

static void attempt_once(struct kunit *test, const struct faulty_call *call,
			 struct attempt *a, struct outcome *outcome)
{
	bool done;
	u64 mark;

	mark = vmk_hush();
	WRITE_ONCE(current->fail_nth, a->nth);
	done = call->attempt(a);
	outcome->left = READ_ONCE(current->fail_nth);
	WRITE_ONCE(current->fail_nth, 0);
	vmk_unhush();
	outcome->warned += vmk_log_warnings(mark) + vmk_log_bugs(mark);
	if (outcome->left)
		KUNIT_EXPECT_TRUE_MSG(test, done, "failed without a fault");
	else if (done)
		outcome->survived++;
	else
		outcome->failed++;
	if (done)
		call->undo(a);
}

static void attempt_with_each_fault(struct kunit *test,
				    const struct faulty_call *call,
				    struct attempt *a,
				    struct vmk_ledger *ledger,
				    struct outcome *outcome)
{
	/* A warning counts, whatever comes of the rest. */
	*outcome = (struct outcome) { .warned = outcome->warned };
	for (a->nth = 1; a->nth < NTH_MAX && !outcome->left; a->nth++) {
		if (call->needs_tables)
			a->tables = missing_tables(test, &a->window);
		vmk_ledger_restart(ledger);
		if (call->before)
			call->before(a);
		attempt_once(test, call, a, outcome);
		if (call->deferred)
			vmk_expect_nothing_lost_soon(test, ledger);
		else
			vmk_expect_nothing_lost(test, ledger);
	}
	KUNIT_EXPECT_NE_MSG(test, outcome->left, 0, "never ran without a fault");
}

/* Others may free something on this CPU in between, and spare an allocation. */
#define TRIES		3

static void each_allocation_may_fail(struct kunit *test)
{
	const struct faulty_call *call = test->param_value;
	struct vmk_ledger *ledger;
	struct attempt a = { };
	struct outcome outcome = { };
	unsigned int met;
	int tries = TRIES;

	if (call->needs_tables && BITS_PER_LONG == 32)
		kunit_skip(test, "32 bits have no room for so many tables");
	a.page = vmk_alloc_pages(test, 300);
	a.window = vmk_window_claim(test, call->needs_tables ?
				    TABLES_MAX * PMD_SIZE : SZ_1M,
				    PMD_SIZE);
	ledger = vmk_ledger_open(test);
	do {
		attempt_with_each_fault(test, call, &a, ledger, &outcome);
		met = outcome.failed;
		if (call->has_another_way)
			met += outcome.survived;
	} while (met < call->least && --tries);
	KUNIT_EXPECT_GE(test, met, call->least);
	if (call->never_fails) {
		KUNIT_EXPECT_EQ(test, outcome.failed, 0);
		KUNIT_EXPECT_GT(test, outcome.survived, 0);
	}
	if (IS_ENABLED(CONFIG_VMALLOC_ORDERED) || !call->stock_warns)
		KUNIT_EXPECT_EQ_MSG(test, outcome.warned, 0,
				    "failures are no bugs");
	kunit_info(test, "%u faults: call failed on %u, survived %u\n",
		   outcome.failed + outcome.survived, outcome.failed,
		   outcome.survived);
}

/* Memory is freed when there is none left: nothing may be allocated for it. */
static void freeing_allocates_nothing(struct kunit *test)
{
	struct page **page = vmk_alloc_pages(test, 300);
	struct vm_struct *area = get_vm_area(PAGE_SIZE, 0);
	void *p = vmalloc(600 * PAGE_SIZE), *q = vmalloc_user(PAGE_SIZE);
	void *mapped = vmap(page, 300, VM_MAP, PAGE_KERNEL);
	void *ram = vm_map_ram(page, 300, NUMA_NO_NODE);
	unsigned int left;

	KUNIT_ASSERT_TRUE(test, area && p && q && mapped && ram);
	WRITE_ONCE(current->fail_nth, 1);
	vfree(p);
	vfree(q);
	vunmap(mapped);
	vm_unmap_ram(ram, 300);
	free_vm_area(area);
	vm_unmap_aliases();
	left = READ_ONCE(current->fail_nth);
	WRITE_ONCE(current->fail_nth, 0);
	KUNIT_EXPECT_EQ(test, left, 1);
}

static int faults_init(struct kunit *test)
{
	const char *missing = knobs_turn();
	void *p;

	vmk_allow_warnings(test);
	/* One that fails leaves the task in its runtime, and KMSAN ends. */
	if (IS_ENABLED(CONFIG_KMSAN))
		kunit_skip(test, "KMSAN's hooks do not survive failures");
	if (missing)
		kunit_skip(test, "no fault injection into %s in debugfs",
			   missing);
	WRITE_ONCE(current->fail_nth, 1);
	p = kmalloc(64, GFP_KERNEL);
	WRITE_ONCE(current->fail_nth, 0);
	kfree(p);
	if (p)
		kunit_skip(test, "fail_nth makes no kmalloc() fail");
	return 0;
}

static void faults_exit(struct kunit *test)
{
	WRITE_ONCE(current->fail_nth, 0);
	knobs_restore();
	vmk_forbid_warnings(test);
}

static struct kunit_case vmalloc_faults_cases[] = {
	KUNIT_CASE_PARAM(each_allocation_may_fail, call_gen_params),
	KUNIT_CASE(freeing_allocates_nothing),
	{}
};

static struct kunit_suite vmalloc_faults_suite = {
	.name = "vmalloc_faults",
	.init = faults_init,
	.exit = faults_exit,
	.test_cases = vmalloc_faults_cases,
};

#else /* !CONFIG_FAULT_INJECTION_DEBUG_FS */

static void each_allocation_may_fail(struct kunit *test)
{
	kunit_skip(test, "needs CONFIG_FAULT_INJECTION_DEBUG_FS");
}

static struct kunit_case vmalloc_faults_cases[] = {
	KUNIT_CASE(each_allocation_may_fail),
	{}
};

static struct kunit_suite vmalloc_faults_suite = {
	.name = "vmalloc_faults",
	.test_cases = vmalloc_faults_cases,
};

#endif /* CONFIG_FAULT_INJECTION_DEBUG_FS */

kunit_test_suite(vmalloc_faults_suite);
