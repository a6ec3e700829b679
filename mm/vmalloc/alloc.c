// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmalloc() and its relatives: memory that is contiguous in kernel addresses
 * only. An area from area.c, pages from pages.c, mapped by pgtable.c.
 *
 * No locks: an area belongs to the task that fills it until its address is
 * returned, and to the one that frees it afterwards. In between, readers of
 * all of memory may look at it, see clear_vm_uninitialized_flag().
 */
#include <linux/bug.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/kasan.h>
#include <linux/kmemleak.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/percpu.h>
#include <linux/pgtable.h>
#include <linux/preempt.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include <asm/shmparam.h>
#include <asm/tlbflush.h>

#include "../internal.h"
#include "internal.h"

#ifdef CONFIG_HAVE_ARCH_HUGE_VMALLOC
static bool huge_allowed __ro_after_init = true;

static int __init nohugevmalloc(char *unused)
{
	huge_allowed = false;
	return 0;
}
early_param("nohugevmalloc", nohugevmalloc);
#else
#define huge_allowed	false
#endif

/**
 * struct vfree_later - what a CPU has left to be freed in process context
 * @list: the memory itself, linked through its first bytes
 * @work: frees it
 */
struct vfree_later {
	struct llist_head list;
	struct work_struct work;
};

static DEFINE_PER_CPU(struct vfree_later, vfree_later);

/**
 * struct vmalloc_request - what a caller wants to have
 * @size: bytes
 * @align: alignment in bytes
 * @start: lowest address
 * @end: where the area has to end or before
 * @gfp: how memory may be got
 * @node: where the pages shall be, or %NUMA_NO_NODE
 * @prot: protection of the mapping
 * @vm_flags: flags of the area
 * @caller: who asks
 * @room: bytes of addresses beyond @size, for the memory to grow into
 */
struct vmalloc_request {
	unsigned long size;
	unsigned long align;
	unsigned long start;
	unsigned long end;
	gfp_t gfp;
	int node;
	pgprot_t prot;
	unsigned long vm_flags;
	const void *caller;
	unsigned long room;
};

/* === Freeing === */

/* Of an area with VM_FLUSH_RESET_PERMS: its pages must not wait for a drain. */
static void flush_and_reset_perms(struct vmap_area *va)
{
	const struct vm_struct *vm = va->vm;
	struct vmap_flush flush;

	vmap_flush_init(&flush);
	vmalloc_pages_hide(vm, &flush);
	vmap_area_flush(va, &flush);
	vmalloc_pages_show(vm);
}

static void free_page_array(struct vm_struct *vm, struct page **pages)
{
	/* Comes back here if it is large, see alloc_page_array(). */
	if (pages != vm_area_few_pages(vm))
		kvfree(pages);
}

/* An area that is in no index and not mapped, with what it has of pages. */
static void free_unmapped(struct vmap_area *va)
{
	struct vm_struct *vm = va->vm;

	if (unlikely(vm->flags & VM_FLUSH_RESET_PERMS))
		flush_and_reset_perms(va);
	else
		vmap_area_retire(va);
	vmalloc_pages_put(vm, 0, vm->nr_pages);
	free_page_array(vm, vm->pages);
	kfree(vm);
}

static void vfree_now(const void *addr)
{
	struct vmap_area *va = vm_area_take(addr);

	if (!WARN(!va, "Trying to vfree() nonexistent vm area (%p)\n", addr))
		free_unmapped(va);
}

static void vfree_work(struct work_struct *work)
{
	struct vfree_later *later = container_of(work, struct vfree_later,
						 work);
	struct llist_node *node, *next;

	llist_for_each_safe(node, next, llist_del_all(&later->list))
		vfree(node);
}

/**
 * vfree_atomic - free memory from vmalloc() in atomic context
 * @addr: the memory, or %NULL
 *
 * Only remembers @addr, in the memory itself: that has to be writable. A
 * worker frees it.
 *
 * Context: Any context but NMI, where it warns and the memory stays as it is.
 */
void vfree_atomic(const void *addr)
{
	/* Wherever the task is by now: each CPU's list takes any memory. */
	struct vfree_later *later = raw_cpu_ptr(&vfree_later);

	if (WARN_ONCE(in_nmi(), "%s(%p) in NMI context\n", __func__, addr))
		return;
	kmemleak_free(addr);
	if (!addr)
		return;

	/* It may be less than a pointer; what follows in the page is its own, too. */
	if (IS_ENABLED(CONFIG_KASAN_GENERIC) && kasan_check_byte(addr))
		kasan_unpoison_vmalloc(addr, sizeof(struct llist_node),
				       KASAN_VMALLOC_PROT_NORMAL);
	/* If the list was not empty, its work is on its way. */
	if (llist_add((struct llist_node *)addr, &later->list))
		schedule_work(&later->work);
}

/**
 * vfree - free memory from vmalloc()
 * @addr: the memory, or %NULL
 *
 * Drops a reference to each of its pages; those that have others as well live
 * on. Undoes vmap() with %VM_MAP_PUT_PAGES, too.
 *
 * Context: Process context, may sleep. In interrupt context it turns into
 * vfree_atomic(). In NMI context it warns, and the memory stays as it is.
 */
void vfree(const void *addr)
{
	if (unlikely(in_interrupt())) {
		vfree_atomic(addr);
		return;
	}
	might_sleep();
	kmemleak_free(addr);
	if (addr)
		vfree_now(addr);
}
EXPORT_SYMBOL(vfree);

/*
 * Areas that could not be filled, by who may not wait for them to be unmapped.
 * They are in no index any more.
 */
static LIST_HEAD(failed_areas);
static DEFINE_SPINLOCK(failed_lock);

static void free_failed_areas(struct work_struct *work)
{
	struct vmap_area *va, *next;
	LIST_HEAD(failed);

	spin_lock(&failed_lock);
	list_splice_init(&failed_areas, &failed);
	spin_unlock(&failed_lock);

	list_for_each_entry_safe(va, next, &failed, list) {
		vm_area_unmap(va);
		free_unmapped(va);
		cond_resched();
	}
}

static DECLARE_WORK(free_failed_work, free_failed_areas);

/* @vm is the caller's alone, and has been filled in part or not at all. */
static void free_failed(const struct vm_struct *vm, gfp_t gfp)
{
	struct vmap_area *va = vm_area_hide(vm);

	if (WARN_ON_ONCE(!va))
		return;
	/* At once if possible: the next attempt may need what this one has got. */
	if (gfpflags_allow_blocking(gfp) && !in_interrupt()) {
		vm_area_unmap(va);
		free_unmapped(va);
		return;
	}
	spin_lock(&failed_lock);
	list_add_tail(&va->list, &failed_areas);
	spin_unlock(&failed_lock);
	schedule_work(&free_failed_work);
}

/* === Allocating === */

/*
 * What flags callers may use who choose their own. Others mean zones, which are
 * chosen here, or ask for what pages of a mapping do not have. A tree whose callers
 * still pass others defines its own.
 */
#ifndef VMALLOC_GFP_MASK
#define VMALLOC_GFP_MASK						\
	(GFP_KERNEL_ACCOUNT | GFP_USER | GFP_ATOMIC | GFP_NOWAIT |	\
	 __GFP_ZERO | __GFP_NOFAIL | __GFP_NORETRY |			\
	 __GFP_RETRY_MAYFAIL | __GFP_NOLOCKDEP | __GFP_SKIP_KASAN)
#endif

static gfp_t check_gfp(gfp_t gfp)
{
	gfp_t good = gfp & VMALLOC_GFP_MASK;
	gfp_t bad = gfp & ~VMALLOC_GFP_MASK;

	WARN_ONCE(bad,
		  "Unexpected gfp: %#x (%pGg). Fixing up to gfp: %#x (%pGg). Fix your code!\n",
		  bad, &bad, good, &good);
	return good;
}

/*
 * Which pages to try first. Only ordinary memory gets large ones: others, such
 * as module text, have their permissions changed page by page later on.
 */
static unsigned int huge_shift(unsigned long size, pgprot_t prot)
{
	if (arch_vmap_pmd_supported(prot) && size >= PMD_SIZE)
		return PMD_SHIFT;
	return arch_vmap_pte_supported_shift(size);
}

static struct vm_struct *reserve(const struct vmalloc_request *req,
				 unsigned int shift)
{
	unsigned long flags = req->vm_flags | VM_ALLOC | VM_UNINITIALIZED;
	/* Nothing may be waited for in an interrupt, whatever was promised. */
	bool nofail = (req->gfp & __GFP_NOFAIL) && !in_interrupt();
	gfp_t gfp = req->gfp & ~__GFP_SKIP_KASAN;
	struct vm_struct *vm;

	/* What is beyond @size is had where it is free: nothing is waited for. */
	if (req->room) {
		if (unlikely(READ_ONCE(vmap_backlog.set)))
			vmap_reduce_backlog(PFN_UP(req->size + req->room));
		gfp &= ~__GFP_DIRECT_RECLAIM;
	}

	for (;;) {
		vm = __get_vm_area_node(req->size + req->room, req->align,
					shift, flags, req->start, req->end,
					req->node, gfp, req->caller);
		if (likely(vm)) {
			vm->requested_size = req->size;
			return vm;
		}
		/* That has been warned of, and is not for want of memory. */
		if (vmap_in_interrupt())
			return NULL;
		warn_alloc(req->gfp, NULL,
			   "vmalloc error: size %lu, align 0x%lx, vm_struct allocation failed%s",
			   req->size, req->align, nofail ? ". Retrying." : "");
		if (!nofail)
			return NULL;
		schedule_timeout_uninterruptible(1);
	}
}

/* How to get what describes memory that is got by @gfp. */
static gfp_t nested_gfp(gfp_t gfp)
{
	return (gfp & GFP_RECLAIM_MASK) | __GFP_ZERO;
}

static void *alloc_page_array(struct vm_struct *vm, unsigned long size,
			      gfp_t gfp, int node)
{
	struct page **few = vm_area_few_pages(vm);

	if (size <= VM_FEW_PAGES * sizeof(*few))
		return memset(few, 0, VM_FEW_PAGES * sizeof(*few));
	/* This is a recursion, but an array is far smaller than its area. */
	if (size > PAGE_SIZE)
		return __vmalloc_node_noprof(size, 1, nested_gfp(gfp), node,
					     vm->caller);
	return kmalloc_node_noprof(size, nested_gfp(gfp), node);
}

/**
 * memalloc_apply_gfp_scope - let allocations by GFP_KERNEL heed other flags
 * @gfp_mask: the flags
 *
 * For page tables, whose functions are not told of flags. Where nothing may be
 * waited for, or retried until others are killed, they are served without
 * reclaim, if need be from reserves.
 *
 * Context: any task.
 * Return: what memalloc_restore_scope() is to be given; 0 if nothing changed.
 */
unsigned int memalloc_apply_gfp_scope(gfp_t gfp_mask)
{
	if (!gfpflags_allow_blocking(gfp_mask) ||
	    gfp_mask & (__GFP_NORETRY | __GFP_RETRY_MAYFAIL))
		return memalloc_noreclaim_save();
	if (!(gfp_mask & __GFP_IO))
		return memalloc_noio_save();
	if (!(gfp_mask & __GFP_FS))
		return memalloc_nofs_save();
	return 0;
}

/**
 * memalloc_restore_scope - end what memalloc_apply_gfp_scope() has begun
 * @flags: what that has returned
 *
 * Context: the same task.
 */
void memalloc_restore_scope(unsigned int flags)
{
	/* Otherwise the store is for nothing, and others read these flags. */
	if (unlikely(flags))
		memalloc_flags_restore(flags);
}

/* Who must not fail tries again. Nothing is mapped over what is mapped already. */
static noinline void map_again(unsigned long start, unsigned long end,
			       pgprot_t prot, struct page **pages,
			       unsigned int shift, gfp_t gfp)
{
	do {
		vunmap_range(start, end);
		schedule_timeout_uninterruptible(1);
	} while (vmap_pages_range_gfp(start, end, prot, pages, shift, gfp));
}

/* Of the pages of @vm, those from @first on and below @end. */
static int map_pages(struct vm_struct *vm, unsigned long first,
		     unsigned long end, pgprot_t prot, gfp_t gfp,
		     unsigned int shift)
{
	unsigned long addr = (unsigned long)kasan_reset_tag(vm->addr);
	unsigned int scope = memalloc_apply_gfp_scope(gfp);
	struct page **pages = vm->pages + first;
	unsigned long start = addr + (first << PAGE_SHIFT);
	int err;

	end = addr + (end << PAGE_SHIFT);
	err = vmap_pages_range_gfp(start, end, prot, pages, shift,
				   nested_gfp(gfp));
	if (unlikely(err) && gfp & __GFP_NOFAIL) {
		map_again(start, end, prot, pages, shift, nested_gfp(gfp));
		err = 0;
	}
	memalloc_restore_scope(scope);
	return err;
}

static void set_page_order(struct vm_struct *vm, unsigned int order)
{
#ifdef CONFIG_HAVE_ARCH_HUGE_VMALLOC
	vm->page_order = order;
#endif
}

/* The array of @vm has a place for each page that its addresses have room for. */
static unsigned long page_array_size(const struct vm_struct *vm)
{
	return (get_vm_area_size(vm) >> PAGE_SHIFT) * sizeof(*vm->pages);
}

/* Frees @vm if it cannot be filled. */
static bool fill(struct vm_struct *vm, pgprot_t prot, gfp_t gfp,
		 unsigned int shift, int node)
{
	unsigned long nr = ALIGN(vm->requested_size, 1UL << shift) >> PAGE_SHIFT;
	unsigned long array_size = page_array_size(vm);
	unsigned int order = shift - PAGE_SHIFT;

	vm->pages = alloc_page_array(vm, array_size, gfp, node);
	if (!(gfp & (GFP_DMA | GFP_DMA32)))
		gfp |= __GFP_HIGHMEM;
	if (!vm->pages) {
		warn_alloc(gfp, NULL,
			   "vmalloc error: size %lu, failed to allocated page array size %lu",
			   nr * PAGE_SIZE, array_size);
		goto fail;
	}

	set_page_order(vm, order);
	if (!vmalloc_pages_get(vm, nr, order, node, gfp)) {
		/* No news: it is to be killed, or small pages come next. */
		if (!order && !fatal_signal_pending(current))
			warn_alloc(gfp, NULL,
				   "vmalloc error: size %lu, failed to allocate pages",
				   nr * PAGE_SIZE);
		goto fail;
	}
	if (map_pages(vm, 0, nr, prot, gfp, shift)) {
		warn_alloc(gfp, NULL,
			   "vmalloc error: size %lu, failed to map pages",
			   nr * PAGE_SIZE);
		goto fail;
	}
	return true;

fail:
	free_failed(vm, gfp);
	return false;
}

/* Tries with pages of 1 << @shift bytes only. */
static void *vmalloc_try(const struct vmalloc_request *req, unsigned int shift)
{
	kasan_vmalloc_flags_t kasan_flags = KASAN_VMALLOC_VM_ALLOC;
	pgprot_t prot = req->prot;
	gfp_t gfp = req->gfp;
	bool tagged = !(gfp & __GFP_SKIP_KASAN) || !kasan_hw_tags_enabled();
	struct vm_struct *vm;

	vm = reserve(req, shift);
	if (!vm)
		return NULL;

	/* Only memory that cannot be executed gets tags. */
	if (pgprot_val(prot) == pgprot_val(PAGE_KERNEL)) {
		kasan_flags |= KASAN_VMALLOC_PROT_NORMAL;
		if (kasan_hw_tags_enabled() && tagged) {
			prot = arch_vmap_pgprot_tagged(prot);
			/* The unpoisoning below does both, at one go. */
			gfp |= __GFP_SKIP_KASAN | __GFP_SKIP_ZERO;
		}
	}

	if (!fill(vm, prot, gfp, shift, req->node))
		return NULL;

	/* post_alloc_hook() leaves it to us exactly in this case. */
	if (gfp & __GFP_SKIP_ZERO && want_init_on_alloc(gfp) &&
	    !want_init_on_free())
		kasan_flags |= KASAN_VMALLOC_INIT;
	if (tagged)
		vm->addr = kasan_unpoison_vmalloc(vm->addr, req->size,
						  kasan_flags);

	clear_vm_uninitialized_flag(vm);
	if (!(req->vm_flags & VM_DEFER_KMEMLEAK))
		kmemleak_vmalloc(vm, (size_t)vm->nr_pages << PAGE_SHIFT, gfp);
	return vm->addr;
}

/**
 * __vmalloc_node_range - allocate memory with everything chosen by the caller
 * @size: bytes
 * @align: alignment in bytes, a power of two
 * @start: lowest address it may have
 * @end: where it has to end or before
 * @gfp_mask: how pages may be got
 * @prot: protection of the mapping
 * @vm_flags: flags of the area, such as %VM_ALLOW_HUGE_VMAP or %VM_NO_GUARD
 * @node: where the pages shall be, or %NUMA_NO_NODE
 * @caller: who asks, for /proc/vmallocinfo
 *
 * @gfp_mask is %GFP_KERNEL, %GFP_NOFS, %GFP_NOIO, %GFP_ATOMIC or %GFP_NOWAIT, with
 * any of %__GFP_NOFAIL, %__GFP_NORETRY, %__GFP_RETRY_MAYFAIL, %__GFP_NOWARN,
 * %__GFP_ZERO and %__GFP_ACCOUNT. With %__GFP_SKIP_KASAN hardware tags are not
 * used. Who may not sleep is not promised anything: %__GFP_NOFAIL is ignored then,
 * and what would have to be flushed first is not found.
 *
 * With %VM_ALLOW_HUGE_VMAP large pages are tried first if @size is worth it and
 * @gfp_mask allows to sleep, and ordinary ones afterwards.
 *
 * Context: Process context; sleeps if @gfp_mask allows it, and else bottom halves
 * and preemption may be off. In an interrupt it warns, and returns %NULL.
 * Return: the address, to be given to vfree(), or %NULL.
 */
void *__vmalloc_node_range_noprof(unsigned long size, unsigned long align,
				  unsigned long start, unsigned long end,
				  gfp_t gfp_mask, pgprot_t prot,
				  unsigned long vm_flags, int node,
				  const void *caller)
{
	bool may_wait = gfpflags_allow_blocking(gfp_mask);
	const struct vmalloc_request req = {
		.size = size,
		.align = align,
		.start = start,
		.end = end,
		.gfp = may_wait ? gfp_mask : gfp_mask & ~__GFP_NOFAIL,
		.prot = prot,
		.vm_flags = vm_flags,
		.node = node,
		.caller = caller,
		.room = 0,
	};

	if (WARN_ON_ONCE(!size))
		return NULL;
	if (PFN_DOWN(size) > totalram_pages()) {
		warn_alloc(gfp_mask, NULL,
			   "vmalloc error: size %lu, exceeds total pages",
			   size);
		return NULL;
	}

	if (huge_allowed && may_wait && (vm_flags & VM_ALLOW_HUGE_VMAP)) {
		unsigned int shift = huge_shift(size, prot);
		struct vmalloc_request huge = req;
		void *addr;

		huge.align = max(align, 1UL << shift);
		addr = vmalloc_try(&huge, shift);
		if (addr || shift == PAGE_SHIFT)
			return addr;
	}
	return vmalloc_try(&req, PAGE_SHIFT);
}

/**
 * __vmalloc_node - allocate memory on a node
 * @size: bytes
 * @align: alignment in bytes, a power of two
 * @gfp_mask: how pages may be got, see __vmalloc_node_range()
 * @node: where the pages shall be, or %NUMA_NO_NODE
 * @caller: who asks, for /proc/vmallocinfo
 *
 * Context: Process context, may sleep.
 * Return: the address, to be given to vfree(), or %NULL.
 */
void *__vmalloc_node_noprof(unsigned long size, unsigned long align,
			    gfp_t gfp_mask, int node, const void *caller)
{
	return __vmalloc_node_range_noprof(size, align, VMALLOC_START,
					   VMALLOC_END, gfp_mask, PAGE_KERNEL,
					   0, node, caller);
}

#ifdef CONFIG_TEST_VMALLOC_MODULE
/* For lib/test_vmalloc.c alone, which has to choose the alignment. */
EXPORT_SYMBOL_GPL(__vmalloc_node_noprof);
#endif

/**
 * __vmalloc - allocate memory with flags of the caller's choice
 * @size: bytes
 * @gfp_mask: how pages may be got, see __vmalloc_node_range(); of zone modifiers
 *	and the like it warns, and does without
 *
 * Context: See __vmalloc_node_range().
 * Return: the address, to be given to vfree(), or %NULL.
 */
void *__vmalloc_noprof(unsigned long size, gfp_t gfp_mask)
{
	return __vmalloc_node_noprof(size, 1, check_gfp(gfp_mask), NUMA_NO_NODE,
				     __builtin_return_address(0));
}
EXPORT_SYMBOL(__vmalloc_noprof);

/**
 * vmalloc - allocate memory that is contiguous in kernel addresses
 * @size: bytes
 *
 * Context: Process context, may sleep.
 * Return: the address, to be given to vfree(), or %NULL.
 */
void *vmalloc_noprof(unsigned long size)
{
	return __vmalloc_node_noprof(size, 1, GFP_KERNEL, NUMA_NO_NODE,
				     __builtin_return_address(0));
}
EXPORT_SYMBOL(vmalloc_noprof);

/**
 * vmalloc_huge_node - allocate memory on a node, preferably in huge pages
 * @size: bytes
 * @gfp_mask: how pages may be got, see __vmalloc()
 * @node: where the pages shall be, or %NUMA_NO_NODE
 *
 * Context: See __vmalloc_node_range().
 * Return: the address, to be given to vfree(), or %NULL.
 */
void *vmalloc_huge_node_noprof(unsigned long size, gfp_t gfp_mask, int node)
{
	return __vmalloc_node_range_noprof(size, 1, VMALLOC_START, VMALLOC_END,
					   check_gfp(gfp_mask), PAGE_KERNEL,
					   VM_ALLOW_HUGE_VMAP, node,
					   __builtin_return_address(0));
}
EXPORT_SYMBOL_GPL(vmalloc_huge_node_noprof);

/**
 * vzalloc - allocate zeroed memory
 * @size: bytes
 *
 * Context: Process context, may sleep.
 * Return: the address, to be given to vfree(), or %NULL.
 */
void *vzalloc_noprof(unsigned long size)
{
	return __vmalloc_node_noprof(size, 1, GFP_KERNEL | __GFP_ZERO,
				     NUMA_NO_NODE, __builtin_return_address(0));
}
EXPORT_SYMBOL(vzalloc_noprof);

/**
 * vmalloc_user - allocate zeroed memory for remap_vmalloc_range()
 * @size: bytes
 *
 * Context: Process context, may sleep.
 * Return: the address, to be given to vfree(), or %NULL.
 */
void *vmalloc_user_noprof(unsigned long size)
{
	return __vmalloc_node_range_noprof(size, SHMLBA, VMALLOC_START,
					   VMALLOC_END,
					   GFP_KERNEL | __GFP_ZERO,
					   PAGE_KERNEL, VM_USERMAP,
					   NUMA_NO_NODE,
					   __builtin_return_address(0));
}
EXPORT_SYMBOL(vmalloc_user_noprof);

/**
 * vmalloc_node - allocate memory on a node
 * @size: bytes
 * @node: where the pages shall be
 *
 * Context: Process context, may sleep.
 * Return: the address, to be given to vfree(), or %NULL.
 */
void *vmalloc_node_noprof(unsigned long size, int node)
{
	return __vmalloc_node_noprof(size, 1, GFP_KERNEL, node,
				     __builtin_return_address(0));
}
EXPORT_SYMBOL(vmalloc_node_noprof);

/**
 * vzalloc_node - allocate zeroed memory on a node
 * @size: bytes
 * @node: where the pages shall be
 *
 * Context: Process context, may sleep.
 * Return: the address, to be given to vfree(), or %NULL.
 */
void *vzalloc_node_noprof(unsigned long size, int node)
{
	return __vmalloc_node_noprof(size, 1, GFP_KERNEL | __GFP_ZERO, node,
				     __builtin_return_address(0));
}
EXPORT_SYMBOL(vzalloc_node_noprof);

/* Some 64-bit machines call the zone below 4 GiB DMA. */
#if defined(CONFIG_64BIT) && defined(CONFIG_ZONE_DMA) && \
	!defined(CONFIG_ZONE_DMA32)
#define GFP_BELOW_4G	(GFP_KERNEL | GFP_DMA)
#else
#define GFP_BELOW_4G	(GFP_KERNEL | GFP_DMA32)
#endif

/**
 * vmalloc_32 - allocate memory whose physical addresses fit in 32 bits
 * @size: bytes
 *
 * Context: Process context, may sleep.
 * Return: the address, to be given to vfree(), or %NULL.
 */
void *vmalloc_32_noprof(unsigned long size)
{
	return __vmalloc_node_noprof(size, 1, GFP_BELOW_4G, NUMA_NO_NODE,
				     __builtin_return_address(0));
}
EXPORT_SYMBOL(vmalloc_32_noprof);

/**
 * vmalloc_32_user - what both vmalloc_32() and vmalloc_user() promise
 * @size: bytes
 *
 * Context: Process context, may sleep.
 * Return: the address, to be given to vfree(), or %NULL.
 */
void *vmalloc_32_user_noprof(unsigned long size)
{
	return __vmalloc_node_range_noprof(size, SHMLBA, VMALLOC_START,
					   VMALLOC_END,
					   GFP_BELOW_4G | __GFP_ZERO,
					   PAGE_KERNEL, VM_USERMAP,
					   NUMA_NO_NODE,
					   __builtin_return_address(0));
}
EXPORT_SYMBOL(vmalloc_32_user_noprof);

/* === Reallocating === */

/* Give back the pages of @vm, which is at @p, that @size bytes do not need. */
static void give_back_tail(struct vm_struct *vm, const void *p, size_t size)
{
	unsigned long start = (unsigned long)kasan_reset_tag(p);
	unsigned long keep = PAGE_ALIGN(size) >> PAGE_SHIFT;
	unsigned long nr = vm->nr_pages;
	unsigned long end = start + (nr << PAGE_SHIFT);

	start += keep << PAGE_SHIFT;
	/* Readers first: they go by the number of pages. */
	vmap_busy_set_pages(vm, keep);
	kmemleak_free_part((void *)start, end - start);
	vmap_range_unmap(start, end);
	vmap_flush_later(start, end);
	vmalloc_pages_put(vm, keep, nr);
	memset(vm->pages + keep, 0, (nr - keep) * sizeof(*vm->pages));
}

/*
 * Memory whose pages come and go one by one: not part of a large block, which pages of
 * vmap() may be, too. The direct map of VM_FLUSH_RESET_PERMS is reset for the whole
 * area alone, and user space may still map any page of VM_USERMAP.
 */
static bool is_resizable(const struct vm_struct *vm, gfp_t flags)
{
	return !vm_area_page_order(vm) &&
	       !(vm->flags & (VM_FLUSH_RESET_PERMS | VM_USERMAP |
			    VM_MAP_PUT_PAGES)) &&
	       gfpflags_allow_blocking(flags);
}

/* kmemleak allocates by GFP_KERNEL for what is left of an object. */
static bool may_give_back(const struct vm_struct *vm, gfp_t flags)
{
	return is_resizable(vm, flags) &&
	       (flags & (__GFP_IO | __GFP_FS)) == (__GFP_IO | __GFP_FS);
}

/*
 * The pages of the area hold @size bytes. What lies above them is zeroed as it is
 * cut off, so that it need not be when it comes into use again.
 */
static void *resize_in_place(struct vm_struct *vm, const void *p, size_t size,
			     gfp_t flags)
{
	size_t old_size = vm->requested_size;

	if (size < old_size && (want_init_on_free() || want_init_on_alloc(flags)))
		memset((void *)p + size, 0, old_size - size);
	vm->requested_size = size;
	/* While it is all there: tags may be in the memory itself. */
	kasan_vrealloc(p, old_size, size);
	if (size < old_size && PFN_UP(size) < vm->nr_pages &&
	    may_give_back(vm, flags))
		give_back_tail(vm, p, size);
	return (void *)p;
}

/*
 * Who grows memory once often does it again. So that it need not move each time, nor
 * its array of pages be copied, it gets more addresses than it asks for, as many as
 * it has. Where these are scarce, an eighth.
 */
static unsigned long room_to_grow(unsigned long size)
{
	return PAGE_ALIGN(IS_ENABLED(CONFIG_64BIT) ? size : size / 8);
}

/* An array of @nr places with what is in that of @vm, or that if it has as many. */
static struct page **larger_page_array(struct vm_struct *vm, unsigned long nr,
				       gfp_t gfp, int nid)
{
	struct page **pages;

	/* It has all of these from the first; another's array, as of KHO, has not. */
	if (nr <= VM_FEW_PAGES && vm->pages == vm_area_few_pages(vm))
		return vm->pages;
	pages = alloc_page_array(vm, nr * sizeof(*pages), gfp, nid);
	if (pages)
		memcpy(pages, vm->pages, vm->nr_pages * sizeof(*pages));
	return pages;
}

/* Let @vm have addresses, and places for pages, for @size bytes at least. */
static bool extend(struct vm_struct *vm, unsigned long size, gfp_t gfp, int nid)
{
	unsigned long have = get_vm_area_size(vm);
	unsigned long least = PAGE_ALIGN(size) - have;
	struct page **old = vm->pages, **pages;
	struct vmap_area *above;

	above = vmap_area_extend_reserve(vm, least,
					 max(least, room_to_grow(have)), gfp);
	if (!above)
		return false;
	pages = larger_page_array(vm, (have + va_size(above)) >> PAGE_SHIFT,
				  gfp, nid);
	if (!pages || !vmap_busy_extend(vm, above, pages)) {
		vmap_area_retire(above);
		if (pages != old)
			free_page_array(vm, pages);
		return false;
	}
	vmap_area_free(above);
	if (pages != old)
		free_page_array(vm, old);
	return true;
}

/*
 * Of ordinary memory alone, all of whose pages are there. With tags in the pages
 * themselves none is.
 */
static bool may_grow(const struct vm_struct *vm, gfp_t flags)
{
	return is_resizable(vm, flags) && !kasan_hw_tags_enabled() &&
	       (vm->flags & (VM_ALLOC | VM_NO_GUARD | VM_DEFER_KMEMLEAK)) ==
	       VM_ALLOC &&
	       vm->nr_pages >= PFN_UP(vm->requested_size);
}

/*
 * Have pages for @size bytes where the memory is. If that fails, it can still be
 * moved, and who does that says what is lacking.
 */
static bool grow_in_place(struct vm_struct *vm, size_t size, gfp_t gfp, int nid)
{
	unsigned long addr = (unsigned long)kasan_reset_tag(vm->addr);
	unsigned long first = vm->nr_pages, end = PFN_UP(size);
	unsigned long start = addr + (first << PAGE_SHIFT);

	/* Of the largest sizes, the pages are too many to be counted up to. */
	if (!may_grow(vm, gfp) || PFN_DOWN(size) >= totalram_pages())
		return false;
	gfp = (gfp & ~__GFP_NOFAIL) | __GFP_NOWARN;
	if (!(gfp & (GFP_DMA | GFP_DMA32)))
		gfp |= __GFP_HIGHMEM;
	if (size > get_vm_area_size(vm) && !extend(vm, size, gfp, nid))
		return false;
	if (!vmalloc_pages_add(vm, end, nid, gfp))
		return false;
	/* Pages that it had here before. */
	if (unlikely(vmap_busy_was_shrunk(vm)))
		flush_tlb_kernel_range(start, addr + get_vm_area_size(vm));
	if (map_pages(vm, first, end, PAGE_KERNEL, gfp, PAGE_SHIFT)) {
		vunmap_range(start, addr + (end << PAGE_SHIFT));
		vmalloc_pages_put(vm, first, end);
		memset(vm->pages + first, 0,
		       (end - first) * sizeof(*vm->pages));
		return false;
	}
	vmap_busy_set_pages(vm, end);
	kmemleak_free(vm->addr);
	kmemleak_vmalloc(vm, end << PAGE_SHIFT, gfp);
	return true;
}

/*
 * The pages of @vm hold more than before, of which @had bytes. Had the memory moved, all
 * that is new would be zero.
 */
static void *resize_grown(struct vm_struct *vm, const void *p, size_t size,
			  unsigned long had, gfp_t flags)
{
	size_t used = vm->requested_size;
	void *q = resize_in_place(vm, p, size, flags);

	if (want_init_on_alloc(flags))
		memset(q + used, 0, had - used);
	return q;
}

/* Memory of @size bytes elsewhere, with room to grow if there is that much. */
static void *move(const void *p, size_t size, size_t used, unsigned long align,
		  gfp_t gfp, int nid, const void *caller)
{
	const struct vmalloc_request req = {
		.size = size,
		.align = align,
		.start = VMALLOC_START,
		.end = VMALLOC_END,
		.gfp = (gfp & ~__GFP_NOFAIL) | __GFP_NOWARN,
		.prot = PAGE_KERNEL,
		.node = nid,
		.caller = caller,
		.room = room_to_grow(size),
	};
	void *copy = NULL;

	if (size > used && PFN_DOWN(size) < totalram_pages() &&
	    size + req.room >= size && gfpflags_allow_blocking(gfp))
		copy = vmalloc_try(&req, PAGE_SHIFT);
	if (!copy)
		copy = __vmalloc_node_noprof(size, align, gfp, nid, caller);
	if (!copy)
		return NULL;
	memcpy(copy, p, min(size, used));
	vfree(p);
	return copy;
}

/* Only who insists on a node has memory moved to it. */
static bool on_wrong_node(const void *p, gfp_t flags, int nid)
{
	return unlikely(flags & __GFP_THISNODE) && nid != NUMA_NO_NODE &&
	       page_to_nid(vmalloc_to_page(p)) != nid;
}

/**
 * vrealloc_node_align - resize memory from vmalloc(), which may move
 * @p: the memory, or %NULL to allocate some
 * @size: new size in bytes; 0 frees it
 * @align: alignment, a power of two; if there is memory already, at least as much
 *	as it was allocated with
 * @flags: how pages may be got, see __vmalloc_node_range()
 * @nid: where pages shall be, or %NUMA_NO_NODE; what is elsewhere moves there with
 *	%__GFP_THISNODE alone
 *
 * Keeps what is in the memory, as far as it fits. What grows is zeroed with
 * %__GFP_ZERO, provided that the memory was allocated with that flag and each
 * vrealloc() since has had it as well. Pages that are not needed any more are
 * given back, unless they are part of larger ones, mapped elsewhere, or @flags
 * exclude reclaim that enters file systems or I/O. Memory grows where it is as long
 * as the addresses above it are free; when it moves, some are left free for it.
 *
 * Context: Process context, may sleep. The caller sees to it that nobody else
 * resizes or frees the memory at the same time.
 * Return: the address, or %NULL if @size is 0, the alignment is not what the
 * memory has, or there is not enough of it; in the latter cases @p is still valid.
 */
void *vrealloc_node_align_noprof(const void *p, size_t size,
				 unsigned long align, gfp_t flags, int nid)
{
	const void *caller = __builtin_return_address(0);
	struct vm_struct *vm;
	unsigned long room;

	if (!size) {
		vfree(p);
		return NULL;
	}
	if (!p)
		return __vmalloc_node_noprof(size, align, flags, nid, caller);

	/* From the middle of an area, the copy would run past its end. */
	vm = find_vm_area(p);
	if (!vm || kasan_reset_tag(vm->addr) != kasan_reset_tag(p)) {
		WARN(1, "Trying to vrealloc() nonexistent vm area (%p)\n", p);
		return NULL;
	}
	if (WARN(get_vm_area_size(vm) < vm->requested_size,
		 "vrealloc() has mismatched area vs requested sizes (%p)\n", p))
		return NULL;
	if (WARN(!IS_ALIGNED((unsigned long)p, align),
		 "will not reallocate with a bigger alignment (0x%lx)\n", align))
		return NULL;

	room = max(vm->requested_size, (unsigned long)vm->nr_pages << PAGE_SHIFT);
	if (!on_wrong_node(p, flags, nid)) {
		if (size <= room)
			return resize_in_place(vm, p, size, flags);
		if (grow_in_place(vm, size, flags, nid))
			return resize_grown(vm, p, size, room, flags);
	}
	return move(p, size, vm->requested_size, align, flags, nid, caller);
}
EXPORT_SYMBOL(vrealloc_node_align_noprof);

/**
 * vmalloc_alloc_init - make vfree_atomic() ready for use
 *
 * Context: Once, at boot, before interrupts can free memory.
 */
void __init vmalloc_alloc_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct vfree_later *later = &per_cpu(vfree_later, cpu);

		init_llist_head(&later->list);
		INIT_WORK(&later->work, vfree_work);
	}
}
