// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmalloc() and its relatives: memory that is contiguous in kernel addresses
 * only. An area from area.c, pages from pages.c, mapped by pgtable.c.
 *
 * No locks: an area belongs to the task that fills it until its address is
 * returned, and to the one that frees it afterwards. In between, readers of
 * all of memory may look at it, see vm_area_publish().
 */
#include <linux/bug.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/kasan.h>
#include <linux/kmemleak.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/percpu.h>
#include <linux/pgtable.h>
#include <linux/preempt.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include <asm/shmparam.h>

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
 * @prot: protection of the mapping
 * @vm_flags: flags of the area
 * @node: where the pages shall be, or %NUMA_NO_NODE
 * @caller: who asks
 */
struct vmalloc_request {
	unsigned long size;
	unsigned long align;
	unsigned long start;
	unsigned long end;
	gfp_t gfp;
	pgprot_t prot;
	unsigned long vm_flags;
	int node;
	const void *caller;
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

static void vfree_now(const void *addr)
{
	struct vmap_area *va = vm_area_take(addr);
	struct vm_struct *vm;

	if (WARN(!va, "Trying to vfree() nonexistent vm area (%p)\n", addr))
		return;
	vm = va->vm;
	if (unlikely(vm->flags & VM_FLUSH_RESET_PERMS))
		flush_and_reset_perms(va);
	else
		vmap_area_retire(va);
	vmalloc_pages_put(vm);
	/* Comes back here if it is large, see alloc_page_array(). */
	kvfree(vm->pages);
	kfree(vm);
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

	/* If the list was not empty, its work is on its way. */
	if (addr && llist_add((struct llist_node *)addr, &later->list))
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

/* === Allocating === */

/*
 * Which pages to try first. Only ordinary memory gets large ones: others, such
 * as module text, have their permissions changed page by page later on.
 */
static unsigned int huge_shift(unsigned long size, pgprot_t prot, int node)
{
	/* Spread over all nodes, it should fill a huge page on each. */
	if (node == NUMA_NO_NODE)
		size /= num_online_nodes();
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
	struct vm_struct *vm;

	for (;;) {
		vm = vm_area_reserve(req->size, req->align, shift, flags,
				     req->start, req->end, req->node, req->gfp,
				     req->caller);
		if (likely(vm))
			return vm;
		warn_alloc(req->gfp, NULL,
			   "vmalloc error: size %lu, vm_struct allocation failed%s",
			   req->size, nofail ? ". Retrying." : "");
		if (!nofail)
			return NULL;
		schedule_timeout_uninterruptible(1);
	}
}

static void *alloc_page_array(const struct vm_struct *vm, unsigned long size,
			      gfp_t gfp, int node)
{
	gfp_t nested_gfp = (gfp & GFP_RECLAIM_MASK) | __GFP_ZERO;

	/* This is a recursion, but an array is far smaller than its area. */
	if (size > PAGE_SIZE)
		return __vmalloc_node_noprof(size, 1, nested_gfp, node,
					     vm->caller);
	return kmalloc_node_noprof(size, nested_gfp, node);
}

/* Page tables are allocated by GFP_KERNEL; a scope makes them heed @gfp. */
static int map_pages(struct vm_struct *vm, pgprot_t prot, gfp_t gfp,
		     unsigned int shift)
{
	unsigned long start = (unsigned long)vm->addr;
	unsigned long end = start + get_vm_area_size(vm);
	unsigned int scope = 0;
	int err;

	if (!(gfp & __GFP_FS))
		scope = memalloc_flags_save(gfp & __GFP_IO ? PF_MEMALLOC_NOFS :
							     PF_MEMALLOC_NOIO);
	for (;;) {
		err = vmap_pages_range(start, end, prot, vm->pages, shift);
		if (likely(!err) || !(gfp & __GFP_NOFAIL))
			break;
		/* Nothing is mapped over what is mapped already. */
		vunmap_range(start, end);
		schedule_timeout_uninterruptible(1);
	}
	/* Otherwise the store is for nothing, and others read these flags. */
	if (unlikely(scope))
		memalloc_flags_restore(scope);
	return err;
}

static void set_page_order(struct vm_struct *vm, unsigned int order)
{
#ifdef CONFIG_HAVE_ARCH_HUGE_VMALLOC
	vm->page_order = order;
#endif
}

/* Frees @vm if it cannot be filled. */
static bool fill(struct vm_struct *vm, pgprot_t prot, gfp_t gfp,
		 unsigned int shift, int node)
{
	unsigned int nr = get_vm_area_size(vm) >> PAGE_SHIFT;
	unsigned long array_size = (unsigned long)nr * sizeof(*vm->pages);
	unsigned int order = shift - PAGE_SHIFT;

	vm->pages = alloc_page_array(vm, array_size, gfp, node);
	if (!(gfp & (GFP_DMA | GFP_DMA32)))
		gfp |= __GFP_HIGHMEM;
	if (!vm->pages) {
		warn_alloc(gfp, NULL,
			   "vmalloc error: size %lu, failed to allocated page array size %lu",
			   nr * PAGE_SIZE, array_size);
		free_vm_area(vm);
		return false;
	}

	set_page_order(vm, order);
	if (!vmalloc_pages_get(vm, nr, order, node, gfp)) {
		/* No news: it is to be killed, or small pages come next. */
		if (!order && !fatal_signal_pending(current))
			warn_alloc(gfp, NULL,
				   "vmalloc error: size %lu, failed to allocate pages",
				   vm->nr_pages * PAGE_SIZE);
		goto fail;
	}
	if (map_pages(vm, prot, gfp, shift)) {
		warn_alloc(gfp, NULL,
			   "vmalloc error: size %lu, failed to map pages",
			   vm->nr_pages * PAGE_SIZE);
		goto fail;
	}
	return true;

fail:
	vfree(vm->addr);
	return false;
}

/* Tries with pages of 1 << @shift bytes only. */
static void *vmalloc_try(const struct vmalloc_request *req, unsigned int shift)
{
	kasan_vmalloc_flags_t kasan_flags = KASAN_VMALLOC_VM_ALLOC;
	pgprot_t prot = req->prot;
	gfp_t gfp = req->gfp;
	struct vm_struct *vm;

	vm = reserve(req, shift);
	if (!vm)
		return NULL;

	/* Only memory that cannot be executed gets tags. */
	if (pgprot_val(prot) == pgprot_val(PAGE_KERNEL)) {
		kasan_flags |= KASAN_VMALLOC_PROT_NORMAL;
		if (kasan_hw_tags_enabled()) {
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
	vm->addr = kasan_unpoison_vmalloc(vm->addr, req->size, kasan_flags);

	vm_area_publish(vm);
	if (!(req->vm_flags & VM_DEFER_KMEMLEAK))
		kmemleak_vmalloc(vm, get_vm_area_size(vm), gfp);
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
 * @gfp_mask is %GFP_KERNEL, %GFP_NOFS or %GFP_NOIO, with any of %__GFP_NOFAIL,
 * %__GFP_NOWARN, %__GFP_ZERO and %__GFP_ACCOUNT. Direct reclaim cannot be
 * excluded, and there is no support for %__GFP_NORETRY, %__GFP_RETRY_MAYFAIL
 * and zone modifiers.
 *
 * With %VM_ALLOW_HUGE_VMAP large pages are tried first if @size is worth it,
 * and ordinary ones afterwards.
 *
 * Context: Process context, may sleep.
 * Return: the address, to be given to vfree(), or %NULL.
 */
void *__vmalloc_node_range_noprof(unsigned long size, unsigned long align,
				  unsigned long start, unsigned long end,
				  gfp_t gfp_mask, pgprot_t prot,
				  unsigned long vm_flags, int node,
				  const void *caller)
{
	const struct vmalloc_request req = {
		.size = size,
		.align = align,
		.start = start,
		.end = end,
		.gfp = gfp_mask,
		.prot = prot,
		.vm_flags = vm_flags,
		.node = node,
		.caller = caller,
	};

	if (WARN_ON_ONCE(!size))
		return NULL;
	if (PFN_DOWN(size) > totalram_pages()) {
		warn_alloc(gfp_mask, NULL,
			   "vmalloc error: size %lu, exceeds total pages",
			   size);
		return NULL;
	}

	if (huge_allowed && (vm_flags & VM_ALLOW_HUGE_VMAP)) {
		unsigned int shift = huge_shift(size, prot, node);
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
 * @gfp_mask: how pages may be got, see __vmalloc_node_range()
 *
 * Context: Process context, may sleep.
 * Return: the address, to be given to vfree(), or %NULL.
 */
void *__vmalloc_noprof(unsigned long size, gfp_t gfp_mask)
{
	return __vmalloc_node_noprof(size, 1, gfp_mask, NUMA_NO_NODE,
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
 * vmalloc_huge - allocate memory, preferably in huge pages
 * @size: bytes
 * @gfp_mask: how pages may be got, see __vmalloc_node_range()
 *
 * Context: Process context, may sleep.
 * Return: the address, to be given to vfree(), or %NULL.
 */
void *vmalloc_huge_noprof(unsigned long size, gfp_t gfp_mask)
{
	return __vmalloc_node_range_noprof(size, 1, VMALLOC_START, VMALLOC_END,
					   gfp_mask, PAGE_KERNEL,
					   VM_ALLOW_HUGE_VMAP, NUMA_NO_NODE,
					   __builtin_return_address(0));
}
EXPORT_SYMBOL_GPL(vmalloc_huge_noprof);

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

/*
 * The area has room for @size bytes. What lies above them is zeroed as it is
 * cut off, so that it need not be when it comes into use again.
 */
static void *resize_in_place(struct vm_struct *vm, const void *p, size_t size,
			     gfp_t flags)
{
	size_t old_size = vm->requested_size;

	if (size < old_size && (want_init_on_free() || want_init_on_alloc(flags)))
		memset((void *)p + size, 0, old_size - size);
	vm->requested_size = size;
	kasan_vrealloc(p, old_size, size);
	return (void *)p;
}

/**
 * vrealloc - resize memory from vmalloc(), which may move
 * @p: the memory, or %NULL to allocate some
 * @size: new size in bytes; 0 frees it
 * @flags: how pages may be got, see __vmalloc_node_range()
 *
 * Keeps what is in the memory, as far as it fits. What grows is zeroed with
 * %__GFP_ZERO, provided that the memory was allocated with that flag and each
 * vrealloc() since has had it as well.
 *
 * Context: Process context, may sleep. The caller sees to it that nobody else
 * resizes or frees the memory at the same time.
 * Return: the address, or %NULL if @size is 0 or there is not enough memory;
 * in the latter case @p is still valid.
 */
void *vrealloc_noprof(const void *p, size_t size, gfp_t flags)
{
	struct vm_struct *vm;
	void *copy;

	if (!size) {
		vfree(p);
		return NULL;
	}
	if (!p)
		return __vmalloc_noprof(size, flags);

	/* From the middle of an area, the copy would run past its end. */
	vm = find_vm_area(p);
	if (!vm || kasan_reset_tag(vm->addr) != kasan_reset_tag(p)) {
		WARN(1, "Trying to vrealloc() nonexistent vm area (%p)\n", p);
		return NULL;
	}
	if (WARN(get_vm_area_size(vm) < vm->requested_size,
		 "vrealloc() has mismatched area vs requested sizes (%p)\n", p))
		return NULL;

	if (size <= get_vm_area_size(vm))
		return resize_in_place(vm, p, size, flags);

	copy = __vmalloc_noprof(size, flags);
	if (!copy)
		return NULL;
	memcpy(copy, p, vm->requested_size);
	vfree(p);
	return copy;
}

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
