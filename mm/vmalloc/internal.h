/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of mm/vmalloc/ share. Prototypes stand by layer; a file calls
 * only what is declared for a layer below its own.
 *
 * Short names, here and in every file of this directory:
 *   @va	struct vmap_area: a range of addresses, in whatever state
 *   @vm	struct vm_struct: what a caller of vmalloc() and friends owns
 *   @vn	struct vmap_node: one of nr_vmap_nodes
 *   @arena	struct vmap_arena: free and lazily freed ranges of one owner
 *   [@start, @end) is half-open everywhere
 *
 * States of an address
 * ====================
 *
 *  state     kept in                 guarded by           may be allocated
 *  free      arena->free             arena->lock          yes
 *  carved    the allocating task     nobody else sees it  no
 *  busy      vn->busy                vn->busy_lock        no
 *  unmapped  the freeing task        nobody else sees it  no
 *  lazy      arena->lazy             arena->lazy_lock     no
 *  taken     arena->draining         vmap_purge_lock      no
 *  flushed   arena->flushed          arena->lock          no
 *  withheld  who frees page tables   vmap_trim_lock       no
 *
 *     free --carve--> carved --> busy --unlink--> unmapped --> lazy
 *      ^ ^                                           |          |
 *      | +------- TLB flush of this area alone ------+          |
 *      +--- flushed <--TLB flush, KASAN shadow-- taken <--------+
 *
 *     free --> withheld --its page tables are freed--> free, of the heap alone
 *
 * Each byte of [1, ULONG_MAX) is in one state; vmap_debug_check() adds them up.
 * KASAN shadow is released in the states "taken" and "unmapped", when no index
 * from which an address could be allocated holds the range: nothing can
 * allocate there, so no spinlock has to be held against it.
 *
 * Lock order
 * ==========
 *
 *   vmap_client_lock (sleeps: one asks the client at a time) >
 *   vmap_purge_lock (sleeps: one takes and flushes at a time) > all others
 *   vmap_trim_lock (sleeps: one withholds addresses at a time) > vmap_arena.lock;
 *   under none of the other two
 *   vmap_node.busy_lock > vmap_block.lock > vmap_block_queue.lock
 *   RCU > vmap_block.lock
 *
 * Lookups in vn->busy take none, unless something is added there or removed: see
 * busy.c.
 *
 * vmap_arena.lazy_lock, vmap_arena.lock, descriptor.c's vmap_depot.lock, lazy.c's
 * vmap_stale_lock and alloc.c's failed_lock are leaves: no two of them, nor one of them and another
 * spinlock of vmalloc, are ever held together. The xarrays of blocks are changed
 * with none of these locks held but vmap_client_lock, and purge notifiers run with
 * none at all. Nothing is allocated, freed, flushed or notified under a spinlock. No
 * lock of vmalloc is taken in interrupts.
 */
#ifndef _MM_VMALLOC_INTERNAL_H
#define _MM_VMALLOC_INTERNAL_H

#include <linux/align.h>
#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/sched/clock.h>
#include <linux/seqlock.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/vmalloc.h>

#include "../internal.h"
#include "../vmalloc.h"
#include "extent.h"

struct seq_file;

/* Bits of vmap_area.flags, which in arena->free is the set's own. */
#define VMAP_RAM	BIT(0)	/* made by vm_map_ram() */
#define VMAP_BLOCK	BIT(1)	/* a block that vm_map_ram() subdivides */
#define VMAP_CHUNKED	BIT(2)	/* carved from a node's chunks, not the heap */
/* Not kept: asks vmap_area_reserve() for a block only if there is room for one. */
#define VMAP_IF_FREE	BIT(3)
#define VMAP_SHRUNK	BIT(4)	/* unmapped in part, and not known to be flushed */
/* The whole of it where a descriptor describes nothing; with CONFIG_DEBUG_VMALLOC. */
#define VMAP_SPARE	BIT(31)

/**
 * struct vmap_arena - the unused address ranges of one owner
 * @lock: guards @free, @given and @flushed
 * @free: ranges that may be allocated; sized, merged
 * @given: how often something was added to @free; read without the lock, too
 * @flushed: ranges of past drains that are still to be added to @free; sorted,
 *	but for where one drain's end and the next one's begin
 * @lazy_lock: guards @lazy and what is named after it
 * @lazy: unmapped ranges whose translations may linger in TLBs; plain, merged
 * @lazy_areas: areas freed into @lazy since the last drain, merged or not
 * @lazy_pages: their size in pages
 * @lazy_told: as many of these are part of vmap_told
 * @lazy_tell_at: the rest is added to that once there are so many
 * @draining: ranges a drain has taken from @lazy; under vmap_purge_lock
 *
 * The heap is an arena, and each node has one of its own for its chunks.
 */
struct vmap_arena {
	spinlock_t lock;		/* see above */
	struct rb_list free;
	unsigned long given;
	struct list_head flushed;

	/* Frees and drains do not meet allocations. */
	spinlock_t lazy_lock ____cacheline_aligned_in_smp;
	struct rb_list lazy;
	unsigned long lazy_areas;
	unsigned long lazy_pages;
	unsigned long lazy_told;
	unsigned long lazy_tell_at;

	struct list_head draining;
};

/* As many nodes as possible CPUs, up to a bound: each keeps a chunk or two. */
#define VMAP_MAX_NODES		128

/*
 * Hints to busy areas, 4 KiB a node: one for each four pages, in which two areas of
 * a page and its guard have room. They tell those of 8 MiB apart, which is more
 * than most nodes have at a time; others with the same hint are looked up in the
 * tree.
 */
#define VMAP_HINT_SHIFT		(PAGE_SHIFT + 2)
#define VMAP_HINTS		512

/**
 * struct vmap_node - a share of the address space
 * @busy_lock: guards @busy, vmap_area.vm of the areas in it, and @watches
 * @busy_seq: odd while areas are added to @busy or removed; for who looks something
 *	up without the lock, and so with it in one line
 * @busy: areas in use whose start hashes to this node; plain. Debuggers read
 *	busy.head
 * @watches: who wants to know when a busy area is removed, shrinks or gets another
 *	array of pages
 * @reaching: how many of @busy reach over the end of a chunk
 * @hints: for each few pages one of the busy areas that start there, or NULL; under
 *	@busy_lock and @busy_seq
 * @arena: what is unused in the leased chunks that hash to this node
 * @tidied: @arena.given when it was last looked for whole chunks
 * @no_chunk: vmap_heap.given when the heap had no chunk for this node
 * @room_in: the node that had room when this one had none; a hint
 * @served_by: the node from which the last request was served; a hint
 *
 * The last four are read without a lock: who sees an old value looks once too
 * often, or in another node first.
 */
struct vmap_node {
	spinlock_t busy_lock;		/* see above */
	seqcount_t busy_seq;
	struct rb_list busy;
	unsigned int reaching;
	struct hlist_head watches;
	struct vmap_arena arena;
	unsigned long tidied;
	unsigned long no_chunk;
	unsigned int room_in;
	unsigned int served_by;
	struct vmap_area *hints[VMAP_HINTS];
};

/*
 * A node leases address space from the heap in chunks, aligned to their size.
 * 32 MiB hold some thousands of ordinary areas, so that a lease is rare, and
 * are little even when each of 128 nodes keeps a spare one. Two chunks share no
 * table of PTEs; tables above these, they do: with pages of 4 KiB, 32 chunks have
 * their PMDs in one.
 */
#define VMAP_CHUNK_SHIFT	max_t(unsigned int, PMD_SHIFT, 25)
#define VMAP_CHUNK_SIZE		(1UL << VMAP_CHUNK_SHIFT)

/* Larger requests or alignments would waste much of a chunk's end. */
#define VMAP_CHUNK_MAX_AREA	(VMAP_CHUNK_SIZE / 8)

/*
 * The most descriptors that one attempt to allocate consumes: two when a chunk
 * is leased (the chunk, and the heap's range above it when the chunk lies in
 * its middle), one when an aligned area is cut from the middle of a range.
 */
#define VMAP_MAX_SPARES		3

/*
 * The first round is quick; the others leave nothing out that is free. Who may
 * not sleep looks no longer than for one hold of each lock.
 */
enum vmap_effort { VMAP_TRY, VMAP_TRY_HARD, VMAP_TRY_ATOMIC };

/*
 * === Layer 0: address.c, descriptor.c, limits.c, pgtable.c, stats.c, tables.c, and
 * extent.h
 */

/*
 * Spare descriptors come in batches of so many, two kilobytes with 64 bits: a lock
 * that all CPUs share is taken for each batch, and each CPU keeps two.
 */
#define VMAP_SPARE_BATCH	16

/*
 * So many batches, 256 kilobytes, are kept of those that no CPU has at hand: half as
 * many descriptors as there are areas of a page in a full drain on one CPU.
 */
#define VMAP_DEPOT_BATCHES	128

void vmap_areas_init(void);
int vmap_areas_cpu_dead(unsigned int cpu);
struct vmap_area *vmap_area_alloc(gfp_t gfp, int node);
void vmap_area_free(struct vmap_area *va);
int vmap_spares_fill(struct list_head *spares, unsigned int nr, gfp_t gfp);
void vmap_spares_free(struct list_head *spares);
unsigned int vmap_areas_at_hand(unsigned int cpu);
unsigned long vmap_areas_in_depot(void);
void vmap_areas_trim(unsigned long keep);
void vmap_areas_trim_soon(void);

unsigned int vmap_drain_batch(void);
unsigned long vmap_lazy_soft_limit(void);
unsigned long vmap_lazy_hard_limit(void);

/* For who needs both, of one time: either may change between two calls. */
static inline unsigned long vmap_lazy_hard_of_soft(unsigned long soft)
{
	return 2 * soft;
}

void vmap_limits_init(void (*changed)(void));

int vmap_range_noflush(unsigned long start, unsigned long end,
		       phys_addr_t phys, pgprot_t prot,
		       unsigned int max_page_shift);
int vmap_pages_range_gfp(unsigned long start, unsigned long end, pgprot_t prot,
			 struct page **pages, unsigned int page_shift,
			 gfp_t gfp);

/*
 * The page allocator counts what a CPU frees in a row, and may give that much back to a
 * zone at one go, with preemption off: with the default of CONFIG_PCP_BATCH_SCALE_MAX up
 * to 2,016 pages, for 0.9 ms. It halves the count when a page is allocated: five times
 * make 63 of it, which is a batch, the least there is.
 */
#define VMAP_PACE_HALVINGS	5

/* Page tables that are freed in between: they add less than the half of a batch. */
#define VMAP_PACE_STEP		16

/**
 * vmap_pace_frees - have the page allocator take back no more than a batch at one go
 * @next: memory of one page, which is freed next
 *
 * For who frees what nobody waits for, ahead of a few pages, and anew if others had the
 * CPU, who may have freed many. Where the page comes from another zone of the node than
 * @next it changes nothing; nor where the page allocator is bounded by itself, or frees
 * page tables later.
 *
 * Context: any but an interrupt; does not sleep.
 */
static inline void vmap_pace_frees(const void *next)
{
	/* Of what is at hand, but not of what is kept for who reclaims. */
	const gfp_t gfp = GFP_NOWAIT | __GFP_NOWARN | __GFP_NOMEMALLOC;
	int nid = page_to_nid(virt_to_page(next));
	struct page *pages[VMAP_PACE_HALVINGS];
	unsigned int nr = 0;

	/* All of them first: each that is freed may be the one too many. */
	do {
		pages[nr] = alloc_pages_node(nid, gfp, 0);
	} while (pages[nr] && ++nr < VMAP_PACE_HALVINGS);
	while (nr)
		__free_page(pages[--nr]);
}

/*
 * So many page tables are withheld, detached and flushed at a time: a flush of
 * everything for each would be the dearer part, and the addresses of these, 128 MiB
 * with 4 KiB pages, are little even of a space of 39 bits.
 */
#define VMAP_TABLES_BATCH	64

#ifdef CONFIG_VMALLOC_ORDERED_TRIM
pmd_t *vmap_table_entry(unsigned long addr);
int vmap_range_free_tables(unsigned long start, unsigned long end,
			   unsigned long *freed);
unsigned long vmap_next_table(unsigned long start, unsigned long end);
#endif

bool vmap_pages_may_be_huge(struct page **pages, unsigned int nr, pgprot_t prot);
bool vmap_pages_are_huge(struct page **pages, pgprot_t prot);
int vmap_pages_range_huge(unsigned long start, unsigned long end,
			  pgprot_t prot, struct page **pages);

#if defined(CONFIG_DEBUG_FS) || defined(CONFIG_TRACEPOINTS)
/* For how long a lock is held is asked only where somebody can see it. */
#define vmap_stat_clock()	local_clock()
#else
#define vmap_stat_clock()	0ULL
#endif

/* What stats.c counts; its names say more. */
enum vmap_stat {
	VMAP_STAT_DRAINS,
	VMAP_STAT_AREAS,
	VMAP_STAT_RANGES,
	VMAP_STAT_PAGES,
	VMAP_STAT_FLUSHES,
	VMAP_STAT_FLUSHED_PAGES,
	VMAP_STAT_BATCHES,
	VMAP_STAT_HELPED,
	VMAP_STAT_HOLD_NS,
	VMAP_STAT_HOLD_RANGES,
	VMAP_STAT_LEASED,
	VMAP_STAT_RETURNED,
	VMAP_STAT_TABLES,
	VMAP_STATS
};

#ifdef CONFIG_DEBUG_FS
void vmap_stat_add(enum vmap_stat stat, unsigned long nr);
void vmap_stat_hold(unsigned int ranges, u64 ns);
const char *vmap_stat_name(enum vmap_stat stat);
unsigned long vmap_stat_read(enum vmap_stat stat);
void vmap_stats_reset(void);
#else
static inline void vmap_stat_add(enum vmap_stat stat, unsigned long nr)
{
}

static inline void vmap_stat_hold(unsigned int ranges, u64 ns)
{
}
#endif

/**
 * struct vmap_span - a range of addresses
 * @start: the first one
 * @end: its end
 */
struct vmap_span {
	unsigned long start;
	unsigned long end;
};

#ifdef CONFIG_VMALLOC_ORDERED_TRIM
void vmap_tables_note(unsigned long start, unsigned long end);
bool vmap_tables_noted(void);
bool vmap_tables_noted_at(unsigned long addr);
bool vmap_tables_age(void);
unsigned long vmap_tables_most(void);
bool vmap_tables_take(struct vmap_span *region);
#else
static inline void vmap_tables_note(unsigned long start, unsigned long end)
{
}
#endif

/* === Layer 1: flush.c === */

/*
 * Each of them interrupts all CPUs, where a flush of all does so once: enough
 * for a page of a program, its direct map, and some more.
 */
#define VMAP_FLUSH_PIECES	4

/**
 * struct vmap_flush - what is to be flushed from TLBs
 * @nr: how many pieces there are; those above VMAP_FLUSH_PIECES have no place
 * @piece: ranges, in no order, joined where one was added next to another
 * @pages: pages in all pieces, and in ranges that were not looked at one by one
 * @span: from the lowest vmalloc address to the highest
 * @direct: the same of the direct map
 */
struct vmap_flush {
	unsigned int nr;
	struct vmap_span piece[VMAP_FLUSH_PIECES];
	unsigned long pages;
	struct vmap_span span;
	struct vmap_span direct;
};

void vmap_flush_init(struct vmap_flush *flush);
void vmap_flush_add(struct vmap_flush *flush, unsigned long start,
		    unsigned long end);
void vmap_flush_add_direct(struct vmap_flush *flush, unsigned long start,
			   unsigned long end);
void vmap_flush_add_list(struct vmap_flush *flush,
			 const struct list_head *list, unsigned long pages);
unsigned int vmap_flush_run(const struct vmap_flush *flush);

/* === Layer 1: space.c === */

extern struct vmap_node *vmap_nodes;
extern unsigned int nr_vmap_nodes;
extern struct vmap_arena vmap_heap;

/**
 * struct vmap_told - what is compared with the limits, of all arenas
 * @lazy: pages in lazily freed areas that have not been flushed
 * @waiting: these, and those that are taken, or flushed and not free yet
 *
 * Both lack what arenas have not told of: see arena_tell(). In a line of their own,
 * since all CPUs write them, if seldom.
 */
struct vmap_told {
	atomic_long_t lazy;
	atomic_long_t waiting;
} ____cacheline_aligned_in_smp;

extern struct vmap_told vmap_told;

static inline unsigned int addr_to_node_id(unsigned long addr)
{
	return (addr >> VMAP_CHUNK_SHIFT) & (nr_vmap_nodes - 1);
}

static inline struct vmap_node *addr_to_node(unsigned long addr)
{
	return &vmap_nodes[addr_to_node_id(addr)];
}

/* Areas that start in the same pages have the same hint; others may share it. */
static inline struct vmap_area **addr_to_hint(struct vmap_node *vn,
					      unsigned long addr)
{
	return &vn->hints[(addr >> VMAP_HINT_SHIFT) % VMAP_HINTS];
}

/* Who owns the addresses of @va once it is free. */
static inline struct vmap_arena *va_to_arena(const struct vmap_area *va)
{
	if (va->flags & VMAP_CHUNKED)
		return &addr_to_node(va->va_start)->arena;
	return &vmap_heap;
}

/*
 * The next bit of @map that is set, from @bit on, or @nr or more if there is none.
 * Others may set and clear bits meanwhile.
 */
static inline unsigned int vmap_next_bit(const unsigned long *map,
					 unsigned int bit, unsigned int nr)
{
	unsigned long word;

	for (; bit < nr; bit = (bit | (BITS_PER_LONG - 1)) + 1) {
		word = READ_ONCE(map[BIT_WORD(bit)]) &
		       BITMAP_FIRST_WORD_MASK(bit);
		if (word)
			return ALIGN_DOWN(bit, BITS_PER_LONG) + __ffs(word);
	}
	return UINT_MAX;
}

/* Visits the arena of each node and, last, the heap. */
#define for_each_vmap_arena(arena, i)					\
	for ((i) = 0;							\
	     (i) <= nr_vmap_nodes &&					\
	     ((arena) = vmap_arena_at(i), true);			\
	     (i)++)

static inline struct vmap_arena *vmap_arena_at(unsigned int i)
{
	return i < nr_vmap_nodes ? &vmap_nodes[i].arena : &vmap_heap;
}

/**
 * struct vmap_batch - flushed ranges that were made free at one go
 * @ranges: how many
 * @pages: pages in them
 * @hold_ns: the longest hold of the lock meanwhile, in nanoseconds
 * @hold_ranges: the most ranges that were made free in one hold
 */
struct vmap_batch {
	unsigned int ranges;
	unsigned long pages;
	u64 hold_ns;
	unsigned int hold_ranges;
};

void vmap_space_init(struct vm_struct *early);
int vmap_space_take(struct vmap_area *va, unsigned long size,
		    unsigned long align, unsigned long start,
		    unsigned long end, enum vmap_effort effort,
		    struct list_head *spares);
int vmap_space_take_from(struct vmap_area *va, unsigned long size,
			 unsigned long align, unsigned long start,
			 unsigned long end, unsigned int id,
			 struct list_head *spares);
bool vmap_space_take_fit(struct vmap_area *va, unsigned long size);
bool vmap_space_take_above(struct vmap_area *va, unsigned long least,
			   unsigned long most);
int vmap_space_take_congruent(struct vmap_area **vas,
			      const unsigned long *offsets,
			      const size_t *sizes, int nr, unsigned long align,
			      struct list_head *spares);
void vmap_space_give(struct vmap_area *va);
void vmap_space_add_flushed(unsigned int id, struct list_head *list);
unsigned int vmap_space_next_flushed(unsigned int id);
void vmap_space_give_flushed(unsigned int id, struct vmap_batch *batch,
			     bool may_wait);
void vmap_space_return_chunks(unsigned int keep);
int vmap_space_withhold(struct vmap_area *va, const struct vmap_span *within,
			unsigned long most, struct list_head *spares);
void vmap_space_restore(struct vmap_area *va);

/* === Layer 2: busy.c, trim.c === */

struct workqueue_struct;

#ifdef CONFIG_VMALLOC_ORDERED_TRIM
void vmap_trim_init(struct workqueue_struct *wq);
void vmap_trim_soon(void);
int vmap_trim(unsigned long tables, unsigned long *freed);
void vmap_trim_give_way(void);
#else
static inline void vmap_trim_init(struct workqueue_struct *wq)
{
}

static inline void vmap_trim_soon(void)
{
}

static inline void vmap_trim_give_way(void)
{
}
#endif

extern bool vmap_initialized;

void vmap_busy_add(struct vmap_area *va, struct vm_struct *vm);
void vmap_busy_remove(struct vmap_area *va);
struct vm_struct *vmap_busy_find_vm(unsigned long addr);
struct vmap_area *vmap_busy_take_vm(unsigned long addr,
				    const struct vm_struct *vm);
struct vmap_area *vmap_busy_take_ram(unsigned long start, unsigned long size);
struct vmap_node *vmap_busy_next_lock(unsigned long addr,
				      struct vmap_area **va);
void vmap_busy_set_pages(struct vm_struct *vm, unsigned long nr);
bool vmap_busy_was_shrunk(struct vm_struct *vm);
bool vmap_busy_above(const struct vm_struct *vm, struct vmap_area *va);
bool vmap_busy_extend(struct vm_struct *vm, const struct vmap_area *above,
		      struct page **pages);

/**
 * struct vmap_watch - whether a busy area is still there
 * @link: in vmap_node.watches
 * @va: the area; NULL once it was removed, has lost pages or changed their array
 *
 * Under the busy_lock. An address, a descriptor and a vm_struct may all be
 * those of another area by the time that the lock is taken again; a watch tells.
 */
struct vmap_watch {
	struct hlist_node link;
	struct vmap_area *va;
};

void vmap_busy_watch(struct vmap_node *vn, struct vmap_watch *watch,
		     struct vmap_area *va);
void vmap_busy_unwatch(struct vmap_node *vn, struct vmap_watch *watch);

/*
 * No lock of vmalloc is one for interrupts: who comes in one may have interrupted
 * who holds it. On PREEMPT_RT, softirqs are tasks, and not counted here.
 */
static inline bool vmap_in_interrupt(void)
{
	return preempt_count() & (NMI_MASK | HARDIRQ_MASK | SOFTIRQ_OFFSET);
}

/* === Layers 3 and 4: lazy.c, reserve.c === */

/**
 * struct vmap_drain_client - a cache of mappings above the drain
 * @reclaim: give back what lies idle, however little (before space is denied)
 * @unalias: give back what is worth it
 *
 * Both add to @flush what stays and has been unmapped but not flushed. They run
 * under vmap_client_lock, which is held until that has been flushed, may sleep,
 * and hand addresses back by vmap_area_retire().
 */
struct vmap_drain_client {
	void (*reclaim)(struct vmap_flush *flush);
	void (*unalias)(struct vmap_flush *flush);
};

void vmap_drain_init(const struct vmap_drain_client *client);
void vmap_area_retire(struct vmap_area *va);
void vmap_area_unmap(struct vmap_area *va);
void vmap_area_flush(struct vmap_area *va, struct vmap_flush *flush);
unsigned long vmap_reclaims(void);
void vmap_reclaim(const unsigned long *seen);
bool vmap_reclaim_flushed(void);
bool vmap_reclaim_batch(unsigned int *id);
void vmap_range_unmap(unsigned long start, unsigned long end);
void vmap_flush_later(unsigned long start, unsigned long end);
void vmap_reclaim_soon(void);
bool vmap_reclaim_range(unsigned long start, unsigned long end);

/**
 * struct vmap_backlog - whether requests have to look at the hard limit
 * @set: true while more waits, flushed or not, than the soft one allows
 *
 * In a line of its own, since all requests read it, and what is written more often
 * would be beside it.
 */
struct vmap_backlog {
	bool set;
} ____cacheline_aligned_in_smp;

extern struct vmap_backlog vmap_backlog;
unsigned long vmap_waiting_pages(void);
void vmap_reduce_backlog(unsigned long pages);

struct vmap_area *vmap_area_reserve(unsigned long size, unsigned long align,
				    unsigned long start, unsigned long end,
				    int node, gfp_t gfp, unsigned long va_flags,
				    struct vm_struct *vm);
struct vmap_area *vmap_area_extend_reserve(const struct vm_struct *vm,
					   unsigned long least,
					   unsigned long most, gfp_t gfp);

/* === Layer 5: area.c, block.c, pages.c === */

/*
 * Areas of so many pages are most of all; with them, and 64 bits, a struct vm_object
 * has 128 bytes.
 */
#define VM_FEW_PAGES	6

/**
 * struct vm_object - what a vm_struct is allocated as
 * @vm: what callers know of; kfree() of it frees all
 * @few: room for @vm.pages, if they are no more than that
 */
struct vm_object {
	struct vm_struct vm;
	struct page *few[VM_FEW_PAGES];
};

static inline struct page **vm_area_few_pages(struct vm_struct *vm)
{
	return container_of(vm, struct vm_object, vm)->few;
}

void vm_area_init(void);
struct vmap_area *vm_area_take(const void *addr);
struct vmap_area *vm_area_hide(const struct vm_struct *vm);
void vm_area_unmap(struct vmap_area *va);
struct vm_struct *vm_area_early_list(void);

static inline unsigned int vm_area_page_order(const struct vm_struct *vm)
{
#ifdef CONFIG_HAVE_ARCH_HUGE_VMALLOC
	return vm->page_order;
#else
	return 0;
#endif
}

static inline bool vm_area_published(const struct vm_struct *vm)
{
	/* Pairs with clear_vm_uninitialized_flag(). */
	return !(smp_load_acquire(&vm->flags) & VM_UNINITIALIZED);
}

/**
 * typedef vmap_block_reader_t - what vmap_block_read() calls for each range
 * @arg: the argument given to vmap_block_read()
 * @start: first address
 * @end: end of the range
 * @mapped: false if nothing is mapped in the range
 *
 * Return: true to go on with the next range.
 */
typedef bool (*vmap_block_reader_t)(void *arg, unsigned long start,
				    unsigned long end, bool mapped);

extern const struct vmap_drain_client vmap_block_client;
void vmap_block_init(void);
void vmap_block_read(unsigned long start, unsigned long end,
		     vmap_block_reader_t reader, void *arg);

bool vmalloc_pages_get(struct vm_struct *vm, unsigned long nr,
		       unsigned int order, int node, gfp_t gfp);
bool vmalloc_pages_add(struct vm_struct *vm, unsigned long end, int node,
		       gfp_t gfp);
void vmalloc_pages_put(const struct vm_struct *vm, unsigned long first,
		       unsigned long end);
void vmalloc_pages_hide(const struct vm_struct *vm, struct vmap_flush *flush);
void vmalloc_pages_show(const struct vm_struct *vm);

/* === Layer 6: alloc.c, map.c, percpu.c, access.c === */

void vmalloc_alloc_init(void);

/* === Any layer: debug.c === */

#ifdef CONFIG_DEBUG_VMALLOC
void vmap_debug_moved(long bytes);
int vmap_debug_check(void);
#else
static inline void vmap_debug_moved(long bytes)
{
}

static inline int vmap_debug_check(void)
{
	return 0;
}
#endif

#endif /* _MM_VMALLOC_INTERNAL_H */
