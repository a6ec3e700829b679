// SPDX-License-Identifier: GPL-2.0
/*
 * What the vmalloc API costs, and what one drain of waiting areas costs.
 *
 * Nothing runs by itself: a command is written to the parameter "run", and
 * its result lines ("bench CASE UNIT VALUE") are read from "results":
 *
 *	cases			list the rows of bench_cases[]
 *	cost CASE		measure one of them
 *	prepare ORDER N		let N freed areas wait for a drain
 *	release [worker|request]  the drain and nothing but that; -EAGAIN if
 *				somebody else has run since "prepare"
 *	finish			free their busy neighbours, report what the
 *				frees of the others cost, and their drain, if
 *				nobody else has run
 *	fill N			fill and empty a 32-bit vmalloc space N times
 *	starve N		N allocations and frees, no CPU for the worker:
 *				how much waits at most; needs CONFIG_TRACEPOINTS
 *	hogs N			the same on all CPUs, which real-time tasks hog;
 *				N allocations and frees on each
 *	churn KIND N IDLE	with IDLE areas waiting, N times what KIND says:
 *				who watches sees what is flushed
 *	settle			drain what waits, measuring nothing
 *
 * The preempt-off time of a drain is not taken here but by the kernel's own
 * tracer, which a caller arms between "prepare" and "release".
 *
 * get_vm_area() and find_vm_area() are not exported. Built in, everything
 * works; as a module, the commands that need them say so and fail. Only areas
 * without a guard page let 200,000 of them fit a 32-bit kernel, so storms and
 * fills belong to these; of what does not fit is said how many areas did.
 *
 * Locking: a parameter write holds the kernel's parameter lock, so only one
 * command runs at a time.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/stringify.h>
#include <linux/timex.h>
#include <linux/vmalloc.h>

#include "vmalloc_bench.h"

/* Allocations that one operation of a batch makes. */
#define BENCH_BATCH		64
/* Threads that one operation begins and ends. */
#define BENCH_MAX_THREADS	8
/* Single pages that one case maps at the most, or else pages of a block. */
#define BENCH_MAX_PAGES		64
#define BENCH_BLOCK_ORDER	9
/* Areas a lookup searches among: deep enough a tree, still cached in part. */
#define BENCH_LOOKUP_AREAS	1024
/* Most areas of a storm: 8 GB of space with neighbours, more than 32 bits. */
#define BENCH_MAX_WAITING	1000000
/* Fewest rounds of a fill: each kind of areas once. */
#define BENCH_LEAST_ROUNDS	7
/* Most areas of a churn that wait: with as many others, no worker is woken. */
#define BENCH_MAX_IDLE		4000

static unsigned long seed = 20201124;
module_param(seed, ulong, 0600);
MODULE_PARM_DESC(seed, "Seed of the random orders and sizes");

static char results[PAGE_SIZE / 2];
static size_t results_len;

/* Say one result, to the log and to the reader of "results". */
void bench_report(const char *fmt, ...)
{
	char *line = results + results_len;
	va_list args;

	va_start(args, fmt);
	results_len += vscnprintf(line, sizeof(results) - results_len, fmt,
				  args);
	va_end(args);
	pr_info("%s", line);
	/* Some 10 us each, and nobody waits for them. */
	cond_resched();
}

/* Report @value, which is in tenths. */
static void report_tenths(const char *name, const char *unit, u64 value)
{
	u32 tenth;
	u64 whole = div_u64_rem(value, 10, &tenth);

	bench_report("bench %s %s %llu.%u\n", name, unit, whole, tenth);
}

/* One area of @nr_pages and no guard page; NULL where that is impossible. */
struct vm_struct *bench_area(unsigned int nr_pages)
{
	if (BENCH_HAS_AREAS)
		return get_vm_area(nr_pages * PAGE_SIZE, VM_MAP | VM_NO_GUARD);
	return NULL;
}

/*
 * An area whose first page is mapped, as that of a user would be. It also gives
 * it a page table: i386 takes a missing one for a change when it unmaps, and
 * then walks the rest of the vmalloc space, which is not what is measured here.
 */
struct vm_struct *bench_area_mapped(unsigned int nr_pages)
{
	struct vm_struct *area = bench_area(nr_pages);
	unsigned long addr;

	if (!area)
		return NULL;
	addr = (unsigned long)area->addr;
	if (BENCH_HAS_AREAS &&
	    vmap_page_range(addr, addr + PAGE_SIZE, page_to_phys(ZERO_PAGE(0)),
			    PAGE_KERNEL_RO)) {
		free_vm_area(area);
		return NULL;
	}
	return area;
}

int bench_refuse(const char *what, const char *why, int err)
{
	pr_err("%s: %s\n", what, why);
	return err;
}

/* How many areas a command is to work on. */
static int parse_areas(const char *count, unsigned int *nr)
{
	if (kstrtouint(count, 10, nr) || !*nr || *nr > BENCH_MAX_WAITING)
		return bench_refuse(count, "not a number from 1 to "
				    __stringify(BENCH_MAX_WAITING), -EINVAL);
	return 0;
}

static void free_areas(struct vm_struct **areas, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (areas[i])
			free_vm_area(areas[i]);
		cond_resched();
	}
	kvfree(areas);
	vm_unmap_aliases();
}

/* @nr one-page areas, in the order they were handed out. */
static struct vm_struct **alloc_areas(unsigned int nr)
{
	struct vm_struct **areas;
	unsigned int i;

	areas = kvmalloc_array(nr, sizeof(*areas), GFP_KERNEL);
	for (i = 0; areas && i < nr; i++) {
		areas[i] = bench_area_mapped(1);
		if (!areas[i]) {
			pr_err("only %u of %u areas fit\n", i, nr);
			free_areas(areas, i);
			return NULL;
		}
		cond_resched();
	}
	return areas;
}

/* Fisher and Yates: every permutation of @areas is as likely as any other. */
static void shuffle_areas(struct vm_struct **areas, unsigned int nr,
			  struct rnd_state *rnd)
{
	unsigned int i, j;

	for (i = nr; i > 1; i--) {
		j = prandom_u32_state(rnd) % i;
		swap(areas[i - 1], areas[j]);
		cond_resched();
	}
}

/* === Cost of an operation === */

struct bench_state {
	unsigned int arg;
	struct page **pages;
	unsigned int nr_pages;
	unsigned int block_order;	/* of what @pages were got as */
	void *batch[BENCH_BATCH];
	struct vm_struct **areas;
	void *addrs[BENCH_LOOKUP_AREAS];
	unsigned int turn;
};

/* Each case that frees lazily loops through ten or more full drains. */
struct bench_case {
	const char *name;
	int (*op)(struct bench_state *st);
	unsigned int arg;	/* pages, for all but op_find(), op_threads() */
	unsigned int loops;
	enum { BENCH_NOTHING, BENCH_AREAS, BENCH_FRAGMENTS } needs;
};

static int op_nothing(struct bench_state *st) { return 0; }

static int op_vmalloc_vfree(struct bench_state *st)
{
	void *p = vmalloc(st->arg * PAGE_SIZE);

	if (!p)
		return -ENOMEM;
	vfree(p);
	return 0;
}

/* Memory that grows by a page at a time, as an array does that is appended to. */
static int op_vrealloc(struct bench_state *st)
{
	void *p = vmalloc(PAGE_SIZE), *grown = p;
	unsigned int nr;

	for (nr = 2; grown && nr <= st->arg; nr++) {
		grown = kvrealloc(p, nr * PAGE_SIZE, GFP_KERNEL);
		if (grown)
			p = grown;
	}
	vfree(p);
	return grown ? 0 : -ENOMEM;
}

static int op_batch(struct bench_state *st)
{
	unsigned int i, nr;

	for (nr = 0; nr < BENCH_BATCH; nr++) {
		st->batch[nr] = vmalloc(st->arg * PAGE_SIZE);
		if (!st->batch[nr])
			break;
	}
	for (i = 0; i < nr; i++)
		vfree(st->batch[i]);
	return nr == BENCH_BATCH ? 0 : -ENOMEM;
}

static int op_vmap_vunmap(struct bench_state *st)
{
	void *p = vmap(st->pages, st->arg, VM_MAP, PAGE_KERNEL);

	if (!p)
		return -ENOMEM;
	vunmap(p);
	return 0;
}

static int thread_of_bench(void *unused)
{
	while (!kthread_should_stop())
		schedule_timeout_interruptible(MAX_SCHEDULE_TIMEOUT);
	return 0;
}

/* As many at a time as have stacks that are not kept for the next ones. */
static int op_threads(struct bench_state *st)
{
	struct task_struct *threads[BENCH_MAX_THREADS];
	unsigned int i, nr;

	for (nr = 0; nr < st->arg; nr++) {
		threads[nr] = kthread_run(thread_of_bench, NULL, "vmalloc_bench");
		if (IS_ERR(threads[nr]))
			break;
	}
	for (i = 0; i < nr; i++)
		kthread_stop(threads[i]);
	return nr == st->arg ? 0 : -ENOMEM;
}

static int op_vm_map_ram(struct bench_state *st)
{
	void *p = vm_map_ram(st->pages, st->arg, NUMA_NO_NODE);

	if (!p)
		return -ENOMEM;
	vm_unmap_ram(p, st->arg);
	return 0;
}

static int op_get_vm_area(struct bench_state *st)
{
	struct vm_struct *area = bench_area(1);

	if (!area)
		return -ENOMEM;
	free_vm_area(area);
	return 0;
}

/* Only even areas are left: @arg is 1 to look for one that is not there. */
static int op_find(struct bench_state *st)
{
	bool found = false;

	st->turn = (st->turn + 2) % BENCH_LOOKUP_AREAS;
	if (BENCH_HAS_AREAS)
		found = find_vm_area(st->addrs[st->turn + st->arg]);
	return found == st->arg ? -ENOENT : 0;
}

static const struct bench_case bench_cases[] = {
	{ "vmalloc_vfree_1",	op_vmalloc_vfree,  1, 50000, BENCH_NOTHING },
	{ "vmalloc_vfree_4",	op_vmalloc_vfree,  4, 20000, BENCH_NOTHING },
	{ "vmalloc_vfree_16",	op_vmalloc_vfree, 16, 10000, BENCH_NOTHING },
	{ "vmalloc_vfree_64",	op_vmalloc_vfree, 64,  3000, BENCH_NOTHING },
	{ "vmalloc_vfree_512",	op_vmalloc_vfree, 512,  400, BENCH_NOTHING },
	{ "vmalloc_fragmented_16", op_vmalloc_vfree, 16, 10000, BENCH_FRAGMENTS },
	{ "vmalloc_fragmented_64", op_vmalloc_vfree, 64,  3000, BENCH_FRAGMENTS },
	{ "vrealloc_256",	op_vrealloc,	 256,	  4, BENCH_NOTHING },
	{ "batch64",		op_batch,	   1,  1000, BENCH_NOTHING },
	{ "vmap_vunmap_1",	op_vmap_vunmap,	   1, 50000, BENCH_NOTHING },
	{ "vmap_vunmap_64",	op_vmap_vunmap,	  64,  5000, BENCH_NOTHING },
	{ "vmap_blocks_512",	op_vmap_vunmap,	 512,  2000, BENCH_NOTHING },
	{ "vmap_blocks_32768",	op_vmap_vunmap,	32768,   40, BENCH_NOTHING },
	{ "vm_map_ram_1",	op_vm_map_ram,	   1, 100000, BENCH_NOTHING },
	{ "vm_map_ram_16",	op_vm_map_ram,	  16, 50000, BENCH_NOTHING },
	{ "threads_8",		op_threads,	   8,   300, BENCH_NOTHING },
	{ "get_vm_area_free",	op_get_vm_area,	   1, 100000, BENCH_AREAS },
	{ "find_vm_area_hit",	op_find,	   0, 200000, BENCH_AREAS },
	{ "find_vm_area_miss",	op_find,	   1, 200000, BENCH_AREAS },
};

static void free_pages_of(struct bench_state *st)
{
	unsigned int i;

	for (i = 0; i < st->nr_pages; i += 1U << st->block_order) {
		if (st->pages[i])
			__free_pages(st->pages[i], st->block_order);
	}
	kvfree(st->pages);
}

/* What is more than a few pages is made of blocks, as a large buffer is. */
static int alloc_pages_of(struct bench_state *st, unsigned int nr)
{
	unsigned int i, j;
	struct page *page;

	st->nr_pages = max_t(unsigned int, nr, BENCH_MAX_PAGES);
	st->block_order = nr > BENCH_MAX_PAGES ? BENCH_BLOCK_ORDER : 0;
	st->pages = kvcalloc(st->nr_pages, sizeof(*st->pages), GFP_KERNEL);
	if (!st->pages) {
		st->nr_pages = 0;
		return -ENOMEM;
	}
	for (i = 0; i < st->nr_pages; i += 1U << st->block_order) {
		page = alloc_pages(GFP_KERNEL, st->block_order);
		if (!page)
			return -ENOMEM;
		for (j = 0; j < 1U << st->block_order; j++)
			st->pages[i + j] = page + j;
	}
	return 0;
}

static void bench_teardown(struct bench_state *st)
{
	/* If there are none, nothing is held. */
	bench_defragment();
	if (st->areas)
		free_areas(st->areas, BENCH_LOOKUP_AREAS);
	free_pages_of(st);
}

static int bench_setup(struct bench_state *st, const struct bench_case *bc)
{
	unsigned int i;
	bool own;
	int err;

	st->arg = bc->arg;
	/* vmalloc() gets pages of its own. */
	own = bc->op == op_vmalloc_vfree || bc->op == op_vrealloc;
	err = alloc_pages_of(st, own ? 0 : bc->arg);
	if (err)
		return err;
	if (bc->needs == BENCH_FRAGMENTS)
		return bench_fragment();
	if (bc->needs != BENCH_AREAS)
		return 0;

	st->areas = alloc_areas(BENCH_LOOKUP_AREAS);
	if (!st->areas)
		return -ENOMEM;
	for (i = 0; i < BENCH_LOOKUP_AREAS; i++) {
		st->addrs[i] = st->areas[i]->addr;
		if (i % 2) {
			free_vm_area(st->areas[i]);
			st->areas[i] = NULL;
		}
	}
	return 0;
}

/* Where a profiler begins to count, and where it ends: see make profile. */
static noinline void bench_mark(void)
{
	barrier();
}

/*
 * Cycles of @loops operations and of the drains they caused, the one for what
 * is left over at the end included: no work is put off past the measurement.
 */
static int time_loops(struct bench_state *st, int (*op)(struct bench_state *),
		      unsigned int loops, cycles_t *cycles)
{
	cycles_t start;
	unsigned int i;
	int err;

	vm_unmap_aliases();
	bench_mark();
	start = get_cycles();
	for (i = 0; i < loops; i++) {
		err = op(st);
		if (err)
			return err;
	}
	vm_unmap_aliases();
	*cycles = get_cycles() - start;
	bench_mark();
	return 0;
}

/*
 * 100 instructions. Each has its line: compilers take lines for instructions,
 * ".rept" as well, to know how far it is to a label or a constant behind them.
 */
static __always_inline void do_nothing_100(void)
{
#define NOPS_10	"nop\n\tnop\n\tnop\n\tnop\n\tnop\n\t" \
		"nop\n\tnop\n\tnop\n\tnop\n\tnop\n\t"
	asm volatile(NOPS_10 NOPS_10 NOPS_10 NOPS_10 NOPS_10
		     NOPS_10 NOPS_10 NOPS_10 NOPS_10 NOPS_10);
#undef NOPS_10
}

/*
 * What the figures are called: under QEMU's -icount shift=0 the counter moves
 * by one an instruction, plus what a loop and reading it cost; elsewhere it
 * does not. There are counters of 32 bits.
 */
static const char *cost_unit(bool per_area)
{
	cycles_t start, best = ~(cycles_t)0;
	unsigned int i, hundreds;

	for (i = 0; i < 8; i++) {
		start = get_cycles();
		for (hundreds = 0; hundreds < 10; hundreds++)
			do_nothing_100();
		best = min(best, get_cycles() - start);
	}
	pr_info("clock: %llu cycles for 1000 instructions\n", (u64)best);
	if (best >= 1000 && best <= 1050)
		return per_area ? "instr/area" : "instr/op";
	return per_area ? "cycles/area" : "cycles/op";
}

static int measure_cost(const struct bench_case *bc, struct bench_state *st)
{
	cycles_t cycles, empty;
	u64 tenths;
	int err;

	/* Warm up caches, page tables and slabs: a tenth of the loops. */
	err = time_loops(st, bc->op, bc->loops / 10, &cycles) ?:
	      time_loops(st, op_nothing, bc->loops, &empty) ?:
	      time_loops(st, bc->op, bc->loops, &cycles);
	if (err)
		return bench_refuse(bc->name, "an operation failed", err);
	tenths = (u64)(cycles - min(empty, cycles)) * 10 + bc->loops / 2;
	report_tenths(bc->name, cost_unit(false), div_u64(tenths, bc->loops));
	return 0;
}

/* Measure case @name, or list them all if that is NULL. */
static int run_cost(const char *name)
{
	const struct bench_case *bc;
	struct bench_state *st;
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(bench_cases); i++) {
		bc = &bench_cases[i];
		if (!name)
			bench_report("%s\n", bc->name);
		else if (!strcmp(bc->name, name))
			break;
	}
	if (!name)
		return 0;
	if (i == ARRAY_SIZE(bench_cases))
		return bench_refuse(name, "no such case", -EINVAL);
	if (bc->needs == BENCH_AREAS && !BENCH_HAS_AREAS)
		return bench_refuse(name, bench_needs_builtin, -EOPNOTSUPP);
	st = kzalloc(sizeof(*st), GFP_KERNEL);
	if (!st)
		return -ENOMEM;
	err = bench_setup(st, bc);
	if (!err)
		err = measure_cost(bc, st);
	bench_teardown(st);
	kfree(st);
	return err;
}

/* === The drain storm === */

static const struct storm_order {
	const char *name;
	bool neighbours;	/* of each that waits, one that does not */
	bool drained;		/* and is free before the others are freed */
	bool shuffled;
} storm_orders[] = {
	{ "checkerboard", .neighbours = true },
	{ "sequential" },
	{ "random", .shuffled = true },
	{ "both", .neighbours = true, .drained = true },
};

/* From prepare to finish; no storm is up while @areas is NULL. */
static struct {
	struct vm_struct **areas;
	unsigned int nr_areas;
	unsigned int nr_waiting;
	const struct storm_order *order;
	unsigned long switches;
	bool alone;		/* nobody else has run: the figures are of it */
	unsigned long highest;	/* address of those that are freed */
	struct vm_struct *taken;
	u64 free_cycles;
	u64 drain_cycles;
} storm;

static const struct storm_order *find_order(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(storm_orders); i++) {
		if (!strcmp(storm_orders[i].name, name))
			return &storm_orders[i];
	}
	return NULL;
}

static int storm_alloc(const struct storm_order *order, unsigned int nr)
{
	unsigned int nr_areas = order->neighbours ? 2 * nr : nr;
	struct rnd_state rnd;

	vm_unmap_aliases();
	storm.areas = alloc_areas(nr_areas);
	if (!storm.areas)
		return -ENOMEM;
	storm.order = order;
	storm.nr_areas = nr_areas;
	storm.nr_waiting = nr;
	if (order->shuffled) {
		pr_info("random order from seed %lu\n", seed);
		prandom_seed_state(&rnd, seed);
		shuffle_areas(storm.areas, nr, &rnd);
	}
	return 0;
}

/* The area that a drain, which goes upwards, makes free last. */
static unsigned long storm_highest(unsigned int first)
{
	unsigned int i, stride = storm.order->neighbours ? 2 : 1;
	unsigned long highest = 0;

	for (i = first; i < storm.nr_areas; i += stride) {
		highest = max_t(unsigned long, highest,
				(uintptr_t)storm.areas[i]->addr);
		cond_resched();
	}
	return highest;
}

static void storm_free(unsigned int first)
{
	unsigned int i, stride = storm.order->neighbours ? 2 : 1;

	for (i = first; i < storm.nr_areas; i += stride) {
		free_vm_area(storm.areas[i]);
		storm.areas[i] = NULL;
		cond_resched();
	}
}

/*
 * The areas are freed at SCHED_FIFO, and the caller stays there until
 * storm_finish(): on one CPU no worker can run before that, so that the areas
 * pile up past any limit at which the drain's is woken, only their frees are
 * timed, and only the drain is measured.
 */
static int storm_prepare(const char *name, const char *count)
{
	const struct storm_order *order = find_order(name);
	cycles_t start;
	unsigned int nr;
	int err;

	if (!BENCH_HAS_AREAS)
		return bench_refuse("prepare", bench_needs_builtin, -EOPNOTSUPP);
	if (!order)
		return bench_refuse(name, "not an order of freeing", -EINVAL);
	err = parse_areas(count, &nr);
	if (err)
		return err;
	if (num_online_cpus() > 1)
		return bench_refuse("prepare", "only on one CPU", -EOPNOTSUPP);

	err = storm_alloc(order, nr);
	if (err)
		return err;
	storm.alone = false;
	sched_set_fifo(current);
	if (order->drained) {
		storm_free(0);
		vm_unmap_aliases();
	}
	storm.highest = storm_highest(order->drained ? 1 : 0);
	storm.switches = current->nvcsw + current->nivcsw;
	start = get_cycles();
	storm_free(order->drained ? 1 : 0);
	storm.free_cycles = get_cycles() - start;
	return 0;
}

/* Who drains a storm. */
static const char * const storm_drains[] = {
	NULL,		/* this task, because it calls vm_unmap_aliases() */
	"worker",	/* it, since its limit has woken it */
	"request",	/* this task, because it wants what it has freed */
};

/* Addresses that cannot be had before all that waits is drained. */
static void storm_request(void)
{
	if (BENCH_HAS_AREAS)
		storm.taken = __get_vm_area_caller(PAGE_SIZE,
						   VM_MAP | VM_NO_GUARD,
						   storm.highest,
						   storm.highest + PAGE_SIZE,
						   storm_request);
}

/*
 * The drain itself. For the worker 20 ms are enough to start, and then
 * vm_unmap_aliases() waits for it. Nothing is printed, for the console keeps
 * preemption off as well.
 */
static int storm_release(const char *who)
{
	/* On one CPU: has nobody else run since the first area was freed? */
	bool alone = current->nvcsw + current->nivcsw == storm.switches;
	bool request = who && !strcmp(who, "request");
	cycles_t start = get_cycles();

	if (request) {
		storm_request();
	} else {
		if (who) {
			sched_set_normal(current, 0);
			msleep(20);
		}
		vm_unmap_aliases();
	}
	storm.drain_cycles = get_cycles() - start;
	storm.alone = alone;
	/* Without a word, for who measures how long others wait meanwhile. */
	if (!alone)
		return -EAGAIN;
	if (request && !storm.taken)
		return bench_refuse("release", "the request was denied", -EBUSY);
	return 0;
}

static void storm_report(const char *what, u64 cycles)
{
	u64 tenths = cycles * 10 + storm.nr_waiting / 2;
	char name[40];

	snprintf(name, sizeof(name), "%s_%s_%u", what, storm.order->name,
		 storm.nr_waiting);
	report_tenths(name, cost_unit(true), div_u64(tenths, storm.nr_waiting));
}

static int storm_finish(void)
{
	if (storm.taken)
		free_vm_area(storm.taken);
	storm.taken = NULL;
	free_areas(storm.areas, storm.nr_areas);
	storm.areas = NULL;
	sched_set_normal(current, 0);
	if (storm.alone) {
		storm_report("free", storm.free_cycles);
		storm_report("drain", storm.drain_cycles);
	}
	return 0;
}

/* === Loads === */

static int run_starve(const char *count)
{
	unsigned int nr;
	int err = parse_areas(count, &nr);

	if (err)
		return err;
	if (num_online_cpus() > 1)
		return bench_refuse("starve", "only on one CPU", -EOPNOTSUPP);
	return bench_starve(nr);
}

static int run_hogs(const char *count)
{
	unsigned int nr;

	return parse_areas(count, &nr) ?: bench_hogs(nr);
}

static int run_churn(const char *kind, const char *count, const char *waiting)
{
	unsigned int nr, idle;
	int err = parse_areas(count, &nr);

	if (err)
		return err;
	if (kstrtouint(waiting, 10, &idle) || idle > BENCH_MAX_IDLE)
		return bench_refuse(waiting, "not a number from 0 to "
				    __stringify(BENCH_MAX_IDLE), -EINVAL);
	if (num_online_cpus() > 1)
		return bench_refuse("churn", "only on one CPU", -EOPNOTSUPP);
	return bench_churn(kind, nr, idle, seed);
}

static int run_fill(const char *count)
{
	unsigned int rounds;

	if (kstrtouint(count, 10, &rounds) || rounds < BENCH_LEAST_ROUNDS ||
	    rounds > 10000)
		return bench_refuse(count, "not a number from "
				    __stringify(BENCH_LEAST_ROUNDS)
				    " to 10000", -EINVAL);
	return bench_fill(rounds, seed);
}

/* === Parameters === */

/* The rest of a storm: nothing else may run before its end. */
static int run_storm_words(int nr, char **word)
{
	const char *who = nr == 2 ? word[1] : NULL;
	bool known = nr == 1;
	unsigned int i;

	for (i = 1; i < ARRAY_SIZE(storm_drains); i++)
		known |= who && !strcmp(who, storm_drains[i]);
	if (known && !strcmp(word[0], "release"))
		return storm_release(who);
	if (nr == 1 && !strcmp(word[0], "finish"))
		return storm_finish();
	return bench_refuse(word[0], "only release, finish after prepare",
			    -EBUSY);
}

static int run_words(int nr, char **word)
{
	if (nr == 1 && !strcmp(word[0], "settle")) {
		vm_unmap_aliases();
		return 0;
	}
	if (storm.areas)
		return run_storm_words(nr, word);
	if (nr == 1 && !strcmp(word[0], "cases"))
		return run_cost(NULL);
	if (nr == 2 && !strcmp(word[0], "cost"))
		return run_cost(word[1]);
	if (nr == 3 && !strcmp(word[0], "prepare"))
		return storm_prepare(word[1], word[2]);
	if (nr == 2 && !strcmp(word[0], "fill"))
		return run_fill(word[1]);
	if (nr == 2 && !strcmp(word[0], "starve"))
		return run_starve(word[1]);
	if (nr == 2 && !strcmp(word[0], "hogs"))
		return run_hogs(word[1]);
	if (nr == 4 && !strcmp(word[0], "churn"))
		return run_churn(word[1], word[2], word[3]);
	return bench_refuse(nr ? word[0] : "run", "not a complete command",
			    -EINVAL);
}

static int run_set(const char *val, const struct kernel_param *kp)
{
	char **word;
	int nr, err;

	/* On the command line of a kernel it is built into: too early. */
	if (system_state < SYSTEM_RUNNING)
		return bench_refuse("run", "only after boot", -EINVAL);
	word = argv_split(GFP_KERNEL, val, &nr);
	if (!word)
		return -ENOMEM;
	results_len = 0;
	results[0] = '\0';
	err = run_words(nr, word);
	argv_free(word);
	return err;
}

static const struct kernel_param_ops run_ops = {
	.set = run_set,
};
module_param_cb(run, &run_ops, NULL, 0200);
MODULE_PARM_DESC(run, "Command to run: see the head of the source file");

static int results_get(char *buffer, const struct kernel_param *kp)
{
	return scnprintf(buffer, PAGE_SIZE, "%s", results);
}

static int results_set(const char *val, const struct kernel_param *kp)
{
	return bench_refuse("results", "can only be read", -EPERM);
}

static const struct kernel_param_ops results_ops = {
	.get = results_get,
	.set = results_set,
};
module_param_cb(results, &results_ops, NULL, 0400);
MODULE_PARM_DESC(results, "Result lines of the last command");

MODULE_DESCRIPTION("Costs of the vmalloc API and of its drain");
MODULE_LICENSE("GPL");
