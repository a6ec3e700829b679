// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a struct vm_struct: what callers own of an area.
 *
 * An area is made with its vm_struct bound to it, is found by any address in
 * it, and comes apart again when it is removed: the addresses wait for a drain
 * and the vm_struct is the caller's to free. Before vmalloc is up, areas are
 * kept on a list that vmalloc_init() imports.
 */

#include <linux/bitops.h>
#include <linux/debugobjects.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/kasan.h>
#include <linux/moduleloader.h>
#include <linux/overflow.h>
#include <linux/preempt.h>
#include <linux/slab.h>

#include "internal.h"

static struct kmem_cache *vm_object_cachep __ro_after_init;

/* Areas of early boot, by address. */
static struct vm_struct *vmlist __initdata;

/* One by one: to clear a few words costs less than to begin to. */
static void vm_area_set(struct vm_struct *vm, unsigned long flags,
			unsigned long requested_size, const void *caller)
{
	vm->next = NULL;
	vm->flags = flags;
	vm->pages = NULL;
#ifdef CONFIG_HAVE_ARCH_HUGE_VMALLOC
	vm->page_order = 0;
#endif
	vm->nr_pages = 0;
	vm->phys_addr = 0;
	vm->caller = caller;
	vm->requested_size = requested_size;
}

/**
 * __get_vm_area_node - make an area
 * @size: bytes that the caller wants to use
 * @align: alignment of its address; ignored for VM_IOREMAP, whose alignment
 *	comes from the size
 * @shift: @size is rounded up to a multiple of 1 << @shift
 * @vm_flags: VM_*; unless VM_NO_GUARD is set a page is added that stays unmapped.
 *	With VM_UNINITIALIZED, clear_vm_uninitialized_flag() is the caller's to
 *	call
 * @start: lowest address it may have
 * @end: it ends, guard page included, here or below
 * @node: memory node to prefer for descriptors
 * @gfp_mask: allocation flags for descriptors; if they do not allow to sleep,
 *	nothing is waited for or drained
 * @caller: whom /proc/vmallocinfo should name
 *
 * Context: process; sleeps if @gfp_mask allows it. In an interrupt it warns.
 * Return: the area, or NULL.
 */
struct vm_struct *__get_vm_area_node(unsigned long size, unsigned long align,
				     unsigned long shift,
				     unsigned long vm_flags,
				     unsigned long start, unsigned long end,
				     int node, gfp_t gfp_mask,
				     const void *caller)
{
	unsigned long requested_size = size;
	struct vm_struct *vm;
	struct vmap_area *va;

	if (WARN_ONCE(vmap_in_interrupt(),
		      "vmalloc: %pS asks for an area in an interrupt\n", caller))
		return NULL;

	/* Rounding up ends in 0 when it overflows. */
	size = ALIGN(size, 1UL << shift);
	if (unlikely(!size))
		return NULL;
	if (vm_flags & VM_IOREMAP)
		align = 1UL << clamp_t(int, get_count_order_long(size),
				       PAGE_SHIFT, IOREMAP_MAX_ORDER);
	if (!(vm_flags & VM_NO_GUARD) &&
	    check_add_overflow(size, PAGE_SIZE, &size))
		return NULL;

	/* Before vmalloc is up there are neither objects nor addresses. */
	if (unlikely(!vm_object_cachep))
		return NULL;
	vm = kmem_cache_alloc_node(vm_object_cachep,
				   gfp_mask & GFP_RECLAIM_MASK, node);
	if (unlikely(!vm))
		return NULL;
	vm_area_set(vm, vm_flags, requested_size, caller);

	va = vmap_area_reserve(size, align, start, end, node, gfp_mask, 0, vm);
	if (IS_ERR(va)) {
		kfree(vm);
		return NULL;
	}

	/*
	 * Who maps pages here without the help of vmalloc cannot be known to
	 * have done it, so such memory is accessible from now on. vmalloc()
	 * does it when its pages are there.
	 */
	if (!(vm_flags & VM_ALLOC))
		vm->addr = kasan_unpoison_vmalloc(vm->addr, requested_size,
						  KASAN_VMALLOC_PROT_NORMAL);
	return vm;
}

/**
 * __get_vm_area_caller - make an area within given bounds
 * @size: bytes
 * @flags: VM_*
 * @start: lowest address it may have, in VMALLOC_START..VMALLOC_END or not
 * @end: it ends here or below
 * @caller: whom /proc/vmallocinfo should name
 *
 * Context: process; may sleep.
 * Return: the area, or NULL.
 */
struct vm_struct *__get_vm_area_caller(unsigned long size, unsigned long flags,
				       unsigned long start, unsigned long end,
				       const void *caller)
{
	return __get_vm_area_node(size, 1, PAGE_SHIFT, flags, start, end,
				  NUMA_NO_NODE, GFP_KERNEL, caller);
}

/**
 * get_vm_area_caller - make an area on behalf of somebody
 * @size: bytes
 * @flags: VM_*
 * @caller: whom /proc/vmallocinfo should name
 *
 * Context: process; may sleep.
 * Return: the area, or NULL.
 */
struct vm_struct *get_vm_area_caller(unsigned long size, unsigned long flags,
				     const void *caller)
{
	return __get_vm_area_caller(size, flags, VMALLOC_START, VMALLOC_END,
				    caller);
}

/**
 * get_vm_area - make an area
 * @size: bytes
 * @flags: VM_*
 *
 * Context: process; may sleep.
 * Return: the area, or NULL.
 */
struct vm_struct *get_vm_area(unsigned long size, unsigned long flags)
{
	return get_vm_area_caller(size, flags, __builtin_return_address(0));
}

/**
 * find_vm_area - find an area
 * @addr: an address in it
 *
 * Context: process, also where it must not sleep; where areas come and go meanwhile,
 * it takes a spinlock, which interrupts must not take. It is up to the caller that the
 * area is not freed while it is used.
 * Return: the area, or NULL if there is none or it is one of vm_map_ram().
 */
struct vm_struct *find_vm_area(const void *addr)
{
	return vmap_busy_find_vm((unsigned long)addr);
}

/**
 * clear_vm_uninitialized_flag - let others see what an area is filled with
 * @vm: the area, made with %VM_UNINITIALIZED
 *
 * It can be found by its address before; but who sees the flag clear sees the
 * pages.
 *
 * Context: any. The area is the caller's alone.
 */
void clear_vm_uninitialized_flag(struct vm_struct *vm)
{
	/*
	 * Pairs with vm_area_published(). A release would do for that; but this
	 * also orders KASAN's shadow before the caller's store of the address
	 * to where others read it, see kasan_populate_vmalloc().
	 */
	smp_wmb();
	WRITE_ONCE(vm->flags, vm->flags & ~VM_UNINITIALIZED);
}

/**
 * get_vm_area_page_order - tell what blocks the pages of an area come in
 * @vm: the area
 *
 * Context: any.
 * Return: the order of the blocks by which it is mapped.
 */
unsigned int get_vm_area_page_order(struct vm_struct *vm)
{
	return vm_area_page_order(vm);
}

/* After whatever debugging tools have in store for memory that is freed. */
static __always_inline void area_unmap(struct vmap_area *va)
{
	const struct vm_struct *vm = va->vm;
	unsigned long size = get_vm_area_size(vm);

	debug_check_no_obj_freed(vm->addr, size);
	debug_check_no_locks_freed(vm->addr, size);
	kasan_free_module_shadow(vm);
	kasan_poison_vmalloc(vm->addr, size);
	vmap_area_unmap(va);
}

/**
 * vm_area_hide - make an area unfindable
 * @vm: the area
 *
 * Context: takes a busy_lock.
 * Return: the area, for vm_area_unmap(); NULL if there is no such area.
 */
struct vmap_area *vm_area_hide(const struct vm_struct *vm)
{
	return vmap_busy_take_vm((unsigned long)vm->addr, vm);
}

/**
 * vm_area_unmap - unmap an area
 * @va: the area, in no index, with its vm_struct bound to it
 *
 * Other CPUs may see the mapping until it is flushed.
 *
 * Context: process; may sleep.
 */
void vm_area_unmap(struct vmap_area *va)
{
	area_unmap(va);
}

/**
 * vm_area_take - make an area unfindable, and unmap it
 * @addr: an address in it, aligned to a page
 *
 * Other CPUs may see the mapping until it is flushed.
 *
 * Context: process; may sleep.
 * Return: the area, with its vm_struct bound to it, for vmap_area_retire() or
 * vmap_area_flush(); NULL if there is none.
 */
struct vmap_area *vm_area_take(const void *addr)
{
	struct vmap_area *va;

	might_sleep();

	if (WARN(!PAGE_ALIGNED(addr), "Trying to vfree() bad address (%p)\n",
		 addr))
		return NULL;

	va = vmap_busy_take_vm((unsigned long)addr, NULL);
	if (va)
		area_unmap(va);
	return va;
}

/**
 * remove_vm_area - unmap an area
 * @addr: an address in it, aligned to a page
 *
 * Other CPUs may see the mapping until the next drain.
 *
 * Context: process; may sleep.
 * Return: the area, which is the caller's to kfree(), or NULL if there is none.
 */
struct vm_struct *remove_vm_area(const void *addr)
{
	struct vmap_area *va = vm_area_take(addr);
	struct vm_struct *vm;

	if (!va)
		return NULL;
	vm = va->vm;
	vmap_area_retire(va);
	return vm;
}

/**
 * free_vm_area - unmap and free an area
 * @area: the area, from get_vm_area() or a relative of it
 *
 * Context: process; may sleep.
 */
void free_vm_area(struct vm_struct *area)
{
	struct vmap_area *va;

	might_sleep();

	/* Only this one: at its address may be an area of somebody else. */
	va = vm_area_hide(area);
	if (WARN_ONCE(!va, "Trying to %s() nonexistent vm area (%p)\n",
		      __func__, area->addr))
		return;
	area_unmap(va);
	vmap_area_retire(va);
	kfree(area);
}
EXPORT_SYMBOL_GPL(free_vm_area);

/* === Boot === */

/**
 * vm_area_init - get ready to make areas
 *
 * Context: boot, one CPU, once the slab allocator is there.
 */
void __init vm_area_init(void)
{
	/* Its @vm comes first: that is what is freed. */
	BUILD_BUG_ON(offsetof(struct vm_object, vm));
	vm_object_cachep = KMEM_CACHE(vm_object, SLAB_PANIC);
}

/**
 * vm_area_early_list - tell the areas made before vmalloc is up
 *
 * Context: boot, one CPU.
 * Return: the first of them by address; &vm_struct.next has the others.
 */
struct vm_struct * __init vm_area_early_list(void)
{
	return vmlist;
}

/**
 * vm_area_add_early - tell of an area that exists already
 * @vm: has its addr, size and flags set
 *
 * One that overlaps another is not added. If its owner has mapped it, some of
 * what is mapped is nobody's then: boards must not do that.
 *
 * Context: boot, one CPU, before vmalloc_init().
 */
void __init vm_area_add_early(struct vm_struct *vm)
{
	struct vm_struct **link = &vmlist;
	const void *end = vm->addr + vm->size;

	if (WARN_ON(vmap_initialized))
		return;
	while (*link && (*link)->addr + (*link)->size <= vm->addr)
		link = &(*link)->next;
	if (WARN(*link && (*link)->addr < end,
		 "vmalloc: early area %#lx-%#lx overlaps another one\n",
		 (unsigned long)vm->addr, (unsigned long)end))
		return;
	vm->next = *link;
	*link = vm;
}

#if defined(CONFIG_X86_64) && !defined(CONFIG_UML) && \
	defined(CONFIG_KASAN_VMALLOC)
/*
 * kasan_init() of x86 leaves the vmalloc space without shadow, and unlike arm64
 * and riscv x86 does not say how an early area gets some: the first access to
 * it, by the allocator of per-CPU memory (percpu_alloc=page), would be a fault
 * that nobody can handle yet. What it has for its CPU entry areas will do.
 */
static void __init early_shadow_populate(void *start, unsigned long size)
{
	kasan_populate_shadow_for_vaddr(start, size, NUMA_NO_NODE);
}
#else
static void __init early_shadow_populate(void *start, unsigned long size)
{
	kasan_populate_early_vm_area_shadow(start, size);
}
#endif

/**
 * vm_area_register_early - find room for an area
 * @vm: has its size and flags set; gets the address, or NULL if there is no
 *	room or vmalloc is up already
 * @align: alignment of the address
 *
 * Context: boot, one CPU, before vmalloc_init().
 */
void __init vm_area_register_early(struct vm_struct *vm, size_t align)
{
	unsigned long addr = ALIGN(VMALLOC_START, align);
	struct vm_struct **link;

	vm->addr = NULL;
	if (WARN_ON(vmap_initialized))
		return;
	/* First fit; areas below the vmalloc space are passed over. */
	for (link = &vmlist; *link; link = &(*link)->next) {
		unsigned long start = (unsigned long)(*link)->addr;

		if (start >= addr && start - addr >= vm->size)
			break;
		addr = max(addr, ALIGN(start + (*link)->size, align));
	}
	if (WARN(addr > VMALLOC_END - vm->size,
		 "vmalloc: no room for an early area of %lu bytes\n",
		 vm->size))
		return;
	vm->addr = (void *)addr;
	vm->next = *link;
	*link = vm;
	early_shadow_populate(vm->addr, vm->size);
}
