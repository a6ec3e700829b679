/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the black-box KUnit suites of the vmalloc interface: patterns,
 * private address windows, a ledger of what a test case allocated, and a look
 * back into the kernel log.  Only public declarations are used, so the same
 * objects judge the stock allocator and any replacement.
 */
#ifndef _LIB_VMALLOC_KUNIT_H
#define _LIB_VMALLOC_KUNIT_H

#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/types.h>
#include <linux/vmalloc.h>

/* vm_map_ram() serves up to this many pages from shared blocks. */
#define VMK_BLOCK_PAGES		BITS_PER_LONG

/* Enough for the areas any single call below makes. */
#define VMK_LEDGER_MAX		64

/**
 * struct vmk_ledger - areas one task has allocated since a point in time
 * @task: whose allocations count
 * @pages: vmk_nr_pages() at the start
 * @foreign: allocations and frees by everyone else meanwhile
 * @foreign_at: when the last of them was seen, in jiffies
 * @entries: how many of @start are in use; more were made if over the maximum
 * @start: first address of each area, 0 if it is somebody else's by now
 *
 * Filled from the vmalloc trace events, never allocates, so it can watch calls
 * under fault injection.
 */
struct vmk_ledger {
	struct task_struct *task;
	unsigned long pages;
	atomic_t foreign;
	unsigned long foreign_at;
	unsigned int entries;
	unsigned long start[VMK_LEDGER_MAX];
};

struct vmk_ledger *vmk_ledger_open(struct kunit *test);
void vmk_ledger_restart(struct vmk_ledger *ledger);
unsigned int vmk_ledger_live(struct vmk_ledger *ledger);
unsigned long vmk_nr_pages(void);
void vmk_expect_nothing_lost(struct kunit *test, struct vmk_ledger *ledger);
void vmk_expect_pages(struct kunit *test, const struct vmk_ledger *ledger,
		      unsigned long pages);
void vmk_expect_nothing_lost_soon(struct kunit *test,
				  struct vmk_ledger *ledger);

/* Sizes of windows, for cases that count how many areas fit. */
#define VMK_16P			(16 * PAGE_SIZE)
#define VMK_256P		(256 * PAGE_SIZE)
#define VMK_1024P		(1024 * PAGE_SIZE)

/**
 * struct vmk_window - a range of addresses nobody else uses, [start, end)
 * @start: first address
 * @end: first address behind it
 */
struct vmk_window {
	unsigned long start;
	unsigned long end;
};

struct vmk_window vmk_window_claim(struct kunit *test, unsigned long size,
				   unsigned long align);
struct vm_struct *vmk_window_area(const struct vmk_window *window,
				  unsigned long size, unsigned long flags);
void vmk_force_purge(void);

void vmk_seed(struct kunit *test, struct rnd_state *rnd);
u32 vmk_random_below(struct rnd_state *rnd, u32 ceiling);
void vmk_shuffle(struct rnd_state *rnd, unsigned int *order,
		 unsigned int count);

void vmk_fill(void *to, size_t size, unsigned long tag);
bool vmk_holds(const void *from, size_t size, unsigned long tag);
void vmk_fill_page(struct page *page, unsigned long tag);
bool vmk_page_holds(struct page *page, unsigned long tag);
unsigned long vmk_pfn_without_page(void);
struct page **vmk_alloc_pages(struct kunit *test, unsigned int count);

bool vmk_table_missing(unsigned long addr);
bool vmk_area_at(const void *addr);
bool vmk_wait_gone(const void *addr);

long vmk_vread(void *to, size_t room, const void *addr, size_t count);

int vmk_init(struct kunit *test);
int vmk_allow_warnings(struct kunit *test);
void vmk_forbid_warnings(struct kunit *test);
u64 vmk_log_mark(void);
u64 vmk_hush(void);
void vmk_unhush(void);
unsigned int vmk_log_count(u64 mark, const char *needle);
unsigned int vmk_log_bugs(u64 mark);
unsigned int vmk_log_warnings(u64 mark);
bool vmk_booted_with(const char *parameter);
void vmk_warn_again(void);
void vmk_expect_warns(struct kunit *test, u64 mark, unsigned int count,
		      const char *statement, const char *text);

/*
 * Run @statement and expect exactly @count warnings from it, the last argument
 * in the log with them unless NULL.  WARN_ONCE() is armed anew each time.  The
 * console stays silent meanwhile: what is expected needs no reader, and slow
 * consoles drop what comes after.
 */
#define VMK_EXPECT_WARNS(test, count, statement, text)			\
do {									\
	u64 mark_;							\
									\
	vmk_warn_again();						\
	mark_ = vmk_hush();						\
	statement;							\
	vmk_unhush();							\
	vmk_expect_warns(test, mark_, count, #statement, text);		\
} while (0)

#endif /* _LIB_VMALLOC_KUNIT_H */
