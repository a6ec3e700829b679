// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suites of the vmalloc interface, seen from outside: what they share.
 *
 * Every case of every suite holds on the stock allocator too, but for those that
 * vmk_faults names: that is how a replacement is judged.  The suites
 * are built in, since half of the interface is not exported to modules.  KUnit
 * runs one case at a time, each in a task of its own; nothing here takes a lock.
 */
#include <kunit/test.h>
#include <linux/bug.h>
#include <linux/console.h>
#include <linux/highmem.h>
#include <linux/init.h>
#include <linux/kmsg_dump.h>
#include <linux/memblock.h>
#include <linux/moduleparam.h>
#include <linux/panic.h>
#include <linux/pgtable.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include <asm/sections.h>

#include "vmalloc_kunit.h"
#include "vmalloc_kunit_tree.h"

static unsigned int seed = 20201116;
module_param(seed, uint, 0644);
MODULE_PARM_DESC(seed, "Seed of the random cases (default 20201116)");

/**
 * vmk_area_at - tell whether an area starts at exactly this address
 * @addr: address
 *
 * Context: Any but hard interrupt.
 * Return: true if so.
 */
bool vmk_area_at(const void *addr)
{
	struct vmap_area *va = find_vmap_area((unsigned long)addr);

	/* Others may free it at any time, so it must not be looked into. */
	return va && va != find_vmap_area((unsigned long)addr - 1);
}

/**
 * vmk_wait_gone - wait until no area starts at an address any more
 * @addr: address
 *
 * Context: Sleeps, ten seconds at most.
 * Return: true if the area went away.
 */
bool vmk_wait_gone(const void *addr)
{
	unsigned long limit = jiffies + 10 * HZ;

	while (vmk_area_at(addr)) {
		if (time_after(jiffies, limit))
			return false;
		schedule_timeout_uninterruptible(1);
	}
	return true;
}

/**
 * vmk_force_purge - make the allocator give back all it holds on to
 *
 * Asks for what cannot be had, two pages in a window of one: that purges lazily
 * freed areas and fragmented vm_map_ram() blocks on every implementation.
 *
 * Context: May sleep.
 */
void vmk_force_purge(void)
{
	void *none;

	none = __vmalloc_node_range(PAGE_SIZE, 1, VMALLOC_START,
				    VMALLOC_START + PAGE_SIZE,
				    GFP_KERNEL | __GFP_NOWARN, PAGE_KERNEL, 0,
				    NUMA_NO_NODE, __builtin_return_address(0));
	WARN_ON(none);
}

/* The lowest window at or above @start that is free, and an area of all of it. */
static struct vm_struct *window_find(struct vmk_window *window,
				     unsigned long start, unsigned long size,
				     unsigned long align)
{
	struct vm_struct *area;

	window->start = ALIGN(start, align);
	while (window->start < VMALLOC_END - size) {
		window->end = window->start + size;
		area = vmk_window_area(window, size, VM_NO_GUARD);
		if (area)
			return area;
		window->start += max(align, ALIGN(size, align) / 4);
		window->start = ALIGN(window->start, align);
	}
	return NULL;
}

/**
 * vmk_window_claim - find a free range of addresses for one test alone
 * @test: the running test, aborted if there is none
 * @size: bytes, a multiple of PAGE_SIZE
 * @align: alignment of the first address, a power of two
 *
 * In the upper half of the vmalloc space, if it has room: ordinary areas come
 * from the bottom, and per-CPU ones from the top. Nothing is left allocated.
 *
 * Context: May sleep.
 * Return: the window.
 */
struct vmk_window vmk_window_claim(struct kunit *test, unsigned long size,
				   unsigned long align)
{
	unsigned long half = (VMALLOC_END - VMALLOC_START) / 2;
	struct vmk_window window = { };
	struct vm_struct *area;

	area = window_find(&window, VMALLOC_START + half, size, align) ?:
	       window_find(&window, VMALLOC_START, size, align);
	KUNIT_ASSERT_NOT_NULL_MSG(test, area, "no room for a window");
	free_vm_area(area);
	vm_unmap_aliases();
	return window;
}

/**
 * vmk_window_area - reserve an area inside a window
 * @window: the window
 * @size: bytes
 * @flags: of the area
 *
 * Context: May sleep.
 * Return: the area or NULL.
 */
struct vm_struct *vmk_window_area(const struct vmk_window *window,
				  unsigned long size, unsigned long flags)
{
	return __get_vm_area_caller(size, flags, window->start, window->end,
				    __builtin_return_address(0));
}

/**
 * vmk_seed - start a random sequence, the same one in every run by default
 * @test: the running test
 * @rnd: state to set up
 *
 * Context: Any.
 */
void vmk_seed(struct kunit *test, struct rnd_state *rnd)
{
	unsigned int value = READ_ONCE(seed);

	prandom_seed_state(rnd, value);
	kunit_info(test, "vmalloc_kunit.seed=%u\n", value);
}

/**
 * vmk_random_below - draw a number
 * @rnd: from vmk_seed()
 * @ceiling: first number not wanted, not 0
 *
 * Context: Any.
 * Return: a number in [0, ceiling).
 */
u32 vmk_random_below(struct rnd_state *rnd, u32 ceiling)
{
	return prandom_u32_state(rnd) % ceiling;
}

/**
 * vmk_shuffle - fill an array with 0..count-1 in random order
 * @rnd: from vmk_seed()
 * @order: the array
 * @count: its length
 *
 * Context: Any.
 */
void vmk_shuffle(struct rnd_state *rnd, unsigned int *order,
		 unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		order[i] = i;
	for (i = count; i > 1; i--) {
		unsigned int other = vmk_random_below(rnd, i);

		swap(order[i - 1], order[other]);
	}
}

static u8 pattern_byte(unsigned long tag, size_t at)
{
	return (u8)(tag * 31 + at * 7 + (at >> PAGE_SHIFT) * 101 + 1);
}

/**
 * vmk_fill - write a pattern
 * @to: first byte
 * @size: how many; the first and last 64 of each page are written
 * @tag: tells one pattern from another
 *
 * Context: Any.
 */
void vmk_fill(void *to, size_t size, unsigned long tag)
{
	u8 *byte = to;
	size_t at;

	for (at = 0; at < size; at++) {
		if (offset_in_page(at) == 64 && at + PAGE_SIZE - 128 < size)
			at += PAGE_SIZE - 128;
		WRITE_ONCE(byte[at], pattern_byte(tag, at));
	}
}

/**
 * vmk_holds - look for what vmk_fill() wrote
 * @from: first byte
 * @size: as written, or less: whole pages and at most 64 bytes
 * @tag: as written
 *
 * Context: Any.
 * Return: true if all of it is there.
 */
bool vmk_holds(const void *from, size_t size, unsigned long tag)
{
	const u8 *byte = from;
	size_t at;

	for (at = 0; at < size; at++) {
		if (offset_in_page(at) == 64 && at + PAGE_SIZE - 128 < size)
			at += PAGE_SIZE - 128;
		if (READ_ONCE(byte[at]) != pattern_byte(tag, at))
			return false;
	}
	return true;
}

/**
 * vmk_fill_page - write a pattern to a page by way of its own mapping
 * @page: the page, in high memory or not
 * @tag: tells one pattern from another
 *
 * Context: Any.
 */
void vmk_fill_page(struct page *page, unsigned long tag)
{
	void *kaddr = kmap_local_page(page);

	vmk_fill(kaddr, PAGE_SIZE, tag);
	kunmap_local(kaddr);
}

/**
 * vmk_page_holds - look for what vmk_fill() or vmk_fill_page() wrote
 * @page: the page
 * @tag: as written
 *
 * Context: Any.
 * Return: true if it is there.
 */
bool vmk_page_holds(struct page *page, unsigned long tag)
{
	void *kaddr = kmap_local_page(page);
	bool holds = vmk_holds(kaddr, PAGE_SIZE, tag);

	kunmap_local(kaddr);
	return holds;
}

struct page_list {
	unsigned int count;
	struct page *page[];
};

static void free_page_list(void *data)
{
	struct page_list *list = data;

	while (list->count)
		__free_page(list->page[--list->count]);
	kvfree(list);
}

/**
 * vmk_alloc_pages - allocate single zeroed pages, freed when the test ends
 * @test: the running test
 * @count: how many
 *
 * Context: May sleep.
 * Return: array of the pages, followed by a NULL pointer.
 */
struct page **vmk_alloc_pages(struct kunit *test, unsigned int count)
{
	struct page_list *list;

	list = kvzalloc(struct_size(list, page, count + 1), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, list);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, free_page_list, list));
	for (; list->count < count; list->count++) {
		struct page *page = alloc_page(GFP_HIGHUSER | __GFP_ZERO);

		KUNIT_ASSERT_NOT_NULL(test, page);
		list->page[list->count] = page;
	}
	return list->page;
}

/**
 * vmk_pfn_without_page - find a frame number that no memory stands behind
 *
 * Context: Any.
 * Return: the number.
 */
unsigned long vmk_pfn_without_page(void)
{
	unsigned long pfn = max_pfn + SZ_16M / PAGE_SIZE;

	while (pfn_valid(pfn))
		pfn += SZ_16M / PAGE_SIZE;
	return pfn;
}

/**
 * vmk_table_missing - tell whether a page table has to be allocated
 * @addr: address that would be mapped, where nobody else maps anything
 *
 * Tables stay for a while, or for good, when an area has gone.
 *
 * Context: Any.
 * Return: true if none is there that could map @addr.
 */
bool vmk_table_missing(unsigned long addr)
{
	pgd_t *pgd = pgd_offset_k(addr);
	p4d_t *p4d;
	pud_t *pud;

	if (pgd_none(*pgd))
		return true;
	p4d = p4d_offset(pgd, addr);
	if (p4d_none(*p4d))
		return true;
	pud = pud_offset(p4d, addr);
	return pud_none(*pud) || pmd_none(*pmd_offset(pud, addr));
}

/**
 * vmk_log_mark - remember where the kernel log ends now
 *
 * Context: Any.
 * Return: the mark.
 */
u64 vmk_log_mark(void)
{
	struct kmsg_dump_iter iter;

	kmsg_dump_rewind(&iter);
	return iter.next_seq;
}

/**
 * vmk_log_count - count messages printed after a mark
 * @mark: from vmk_log_mark()
 * @needle: text they contain
 *
 * Context: Any.
 * Return: the number of messages.
 */
unsigned int vmk_log_count(u64 mark, const char *needle)
{
	struct kmsg_dump_iter iter;
	unsigned int count = 0;
	static char line[512];
	size_t len;

	kmsg_dump_rewind(&iter);
	iter.cur_seq = max(iter.cur_seq, mark);
	while (kmsg_dump_get_line(&iter, false, line, sizeof(line) - 1, &len)) {
		line[len] = '\0';
		if (strstr(line, needle))
			count++;
	}
	return count;
}

/**
 * vmk_log_bugs - count bug reports printed after a mark, but for data races
 * @mark: from vmk_log_mark()
 *
 * KCSAN reports any task's, in any part of the kernel.
 *
 * Context: Any.
 * Return: the number of reports.
 */
unsigned int vmk_log_bugs(u64 mark)
{
	return vmk_log_count(mark, "BUG: ") -
	       vmk_log_count(mark, "BUG: KCSAN: data-race");
}

/**
 * vmk_booted_with - ask whether the kernel was given a parameter
 * @parameter: a word without a value
 *
 * Context: Any.
 * Return: true if so.
 */
bool vmk_booted_with(const char *parameter)
{
	const char *at = strstr(saved_command_line, parameter);

	return at && strchr(" ", at[strlen(parameter)]) &&
	       (at == saved_command_line || at[-1] == ' ');
}

static int saved_console_loglevel;

static void flush_consoles(void)
{
	console_lock();
	console_unlock();
}

/**
 * vmk_hush - keep messages off the console, they still enter the log
 *
 * Context: May sleep.
 * Return: a mark as from vmk_log_mark().
 */
u64 vmk_hush(void)
{
	/* KUnit's last line has no end until another message follows it. */
	printk(KERN_DEBUG "vmalloc_kunit: warnings are expected\n");
	flush_consoles();
	saved_console_loglevel = console_loglevel;
	/* Who judges data races reads them there. */
	if (!IS_ENABLED(CONFIG_KCSAN))
		console_loglevel = CONSOLE_LOGLEVEL_SILENT;
	return vmk_log_mark();
}

/**
 * vmk_unhush - undo vmk_hush()
 *
 * Context: May sleep.
 */
void vmk_unhush(void)
{
	flush_consoles();
	/* An oops or a lock report has raised it: leave it so. */
	if (console_loglevel == CONSOLE_LOGLEVEL_SILENT)
		console_loglevel = saved_console_loglevel;
}

/**
 * vmk_warn_again - let each WARN_ONCE() in the kernel warn once more
 *
 * Context: Any.
 */
void vmk_warn_again(void)
{
	generic_bug_clear_once();
	memset(__start_once, 0, __end_once - __start_once);
}

/* Since the case at hand began, of suites that make the kernel warn. */
static u64 case_mark;
static unsigned int case_warned;

/**
 * vmk_log_warnings - count warnings printed after a mark, which somebody judges
 * @mark: from vmk_log_mark(); no warning is to be counted twice
 *
 * vmk_forbid_warnings() takes any other for a failure.
 *
 * Context: Process context; KUnit runs one case at a time.
 * Return: the number of warnings.
 */
unsigned int vmk_log_warnings(u64 mark)
{
	unsigned int warned = vmk_log_count(mark, "WARNING: ");

	case_warned += warned;
	return warned;
}

/**
 * vmk_expect_warns - expect warnings since a mark, for VMK_EXPECT_WARNS()
 * @test: the running test
 * @mark: from vmk_log_mark()
 * @count: exactly how many
 * @statement: what was run, for the message
 * @text: what is said in the log, or NULL
 *
 * Context: May sleep.
 */
void vmk_expect_warns(struct kunit *test, u64 mark, unsigned int count,
		      const char *statement, const char *text)
{
	unsigned int warned = vmk_log_warnings(mark);

	KUNIT_EXPECT_EQ_MSG(test, warned, count, "warnings by: %s", statement);
	KUNIT_EXPECT_EQ_MSG(test, vmk_log_bugs(mark), 0,
			    "bug reports by: %s", statement);
	if (text)
		KUNIT_EXPECT_GT_MSG(test, vmk_log_count(mark, text), 0,
				    "\"%s\" not said by: %s", text, statement);
}

/*
 * Cases that the vmalloc of this kernel cannot pass, and what it does in them:
 * mm/vmalloc.c, if it is that one. Where it stops the machine, or loses something, a
 * replacement has to warn and return.
 */
struct vmk_fault {
	const char *test_case;
	const char *does;
};

static const struct vmk_fault vmk_faults[] = {
#ifndef CONFIG_VMALLOC_ORDERED
	{ "an_uneven_window_yields_whole_pages",
	  "returns an unaligned area nobody can free" },
	{ "freeing_vm_map_ram_as_an_area_warns", "loses the area" },
	{ "vunmap_in_interrupt_context_changes_nothing", "BUGs" },
	{ "free_vm_area_wants_its_own_area", "BUGs" },
	{ "unmapping_impossible_ram_warns", "BUGs" },
	{ "unmapping_part_of_large_ram_warns", "unmaps all of it" },
	{ "empty_page_table_ranges_warn", "BUGs" },
	{ "percpu_groups_are_checked", "BUGs" },
	{ "remapping_begins_in_the_middle", "takes what is behind the area's end" },
	{ "vread_starts_inside_vm_map_ram", "reads the mapping's first page" },
	{ "requests_in_hard_interrupts_are_refused", "BUGs" },
	{ "requests_in_soft_interrupts_are_refused",
	  "takes locks that it also takes with softirqs on" },
	{ "what_may_not_fail_fails_if_it_may_not_sleep", "sleeps for ever" },
#endif
	VMK_TREE_FAULTS
	{ }
};

/**
 * vmk_init - init function of each suite
 * @test: the running test, skipped if this kernel's vmalloc cannot pass it
 *
 * Return: 0.
 */
int vmk_init(struct kunit *test)
{
	const struct vmk_fault *fault;

	for (fault = vmk_faults; fault->test_case; fault++)
		if (!strcmp(test->name, fault->test_case))
			kunit_skip(test, "this vmalloc %s", fault->does);
	return 0;
}

static int saved_panic_on_warn;

/**
 * vmk_allow_warnings - that of suites that make the kernel warn
 * @test: the running test
 *
 * Return: 0.
 */
int vmk_allow_warnings(struct kunit *test)
{
	saved_panic_on_warn = panic_on_warn;
	panic_on_warn = 0;
	case_mark = vmk_log_mark();
	case_warned = 0;
	if (!IS_ENABLED(CONFIG_PRINTK) || !IS_ENABLED(CONFIG_BUG))
		kunit_skip(test, "needs CONFIG_PRINTK and CONFIG_BUG");
	return vmk_init(test);
}

/**
 * vmk_forbid_warnings - exit function of suites that make the kernel warn
 * @test: the running test, which fails if there was a warning nobody judged
 *
 * Walks through the allocator once: a lock somebody kept shows here.
 *
 * Context: May sleep.
 */
void vmk_forbid_warnings(struct kunit *test)
{
	vm_unmap_aliases();
	vmk_force_purge();
	vfree(vmalloc(PAGE_SIZE));
	/* Of many, the log may have lost the first. */
	KUNIT_EXPECT_LE_MSG(test, vmk_log_count(case_mark, "WARNING: "),
			    case_warned, "warnings, and those expected");
	vmk_warn_again();
	panic_on_warn = saved_panic_on_warn;
}

/**
 * vmk_vread - read vmalloc space into a buffer
 * @to: the buffer
 * @room: its size
 * @addr: where to read
 * @count: how many bytes to ask for
 *
 * Context: Process context, also where it must not sleep.
 * Return: what vread_iter() says.
 */
long vmk_vread(void *to, size_t room, const void *addr, size_t count)
{
	struct kvec vec = { .iov_base = to, .iov_len = room };
	struct iov_iter iter;

	iov_iter_kvec(&iter, ITER_DEST, &vec, 1, room);
	return vread_iter(&iter, addr, count);
}
