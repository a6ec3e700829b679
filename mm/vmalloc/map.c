// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of memory that somebody else owns: vmap() and vunmap() for arrays
 * of pages, vmap_pfn() for what has no struct page, ioremap_page_range() for
 * device memory, and areas whose pages come and go (VM_SPARSE).
 *
 * Each takes an area from area.c, or is handed one, and fills it by
 * pgtable.c. No locks: an area belongs to its caller.
 */
#include <linux/bug.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/kmsan.h>
#include <linux/mm.h>
#include <linux/numa.h>
#include <linux/overflow.h>
#include <linux/pgtable.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <asm/barrier.h>
#include <linux/cacheflush.h>

#include "internal.h"

#ifdef CONFIG_HAVE_ARCH_HUGE_VMAP
/* No limit, unless the command line says so: the architecture sets one. */
static unsigned int map_max_page_shift __ro_after_init = BITS_PER_LONG - 1;

static int __init nohugeiomap(char *unused)
{
	map_max_page_shift = PAGE_SHIFT;
	return 0;
}
early_param("nohugeiomap", nohugeiomap);
#else
#define map_max_page_shift	PAGE_SHIFT
#endif

/**
 * vmap_page_range - map physical memory to a fixed kernel address
 * @addr: first address of the range
 * @end: end of the range
 * @phys_addr: physical address that @addr is mapped to
 * @prot: protection; the mapping is not executable whatever it says
 *
 * For architectures that keep a range of their own for I/O. There need not be
 * an area at @addr. After an error, parts of the range may be mapped.
 *
 * Context: Process context, may sleep. The caller owns the range.
 * Return: 0 or a negative errno.
 */
int vmap_page_range(unsigned long addr, unsigned long end,
		    phys_addr_t phys_addr, pgprot_t prot)
{
	int err;

	err = vmap_range_noflush(addr, end, phys_addr, pgprot_nx(prot),
				 map_max_page_shift);
	flush_cache_vmap(addr, end);
	if (err)
		return err;
	return kmsan_ioremap_page_range(addr, end, phys_addr, prot,
					map_max_page_shift);
}

/**
 * ioremap_page_range - map device memory to an area made for it
 * @addr: where the area starts
 * @end: where it ends, guard page excluded
 * @phys_addr: physical address that @addr is mapped to
 * @prot: protection
 *
 * Context: Process context, may sleep.
 * Return: 0; -EINVAL if there is no VM_IOREMAP area at @addr, -ERANGE if it is
 * not the whole of that area, or what vmap_page_range() returns.
 */
int ioremap_page_range(unsigned long addr, unsigned long end,
		       phys_addr_t phys_addr, pgprot_t prot)
{
	struct vm_struct *vm = find_vm_area((void *)addr);
	unsigned long vm_start, vm_end;

	if (!vm || !(vm->flags & VM_IOREMAP)) {
		WARN_ONCE(1, "vm_area at addr %lx is not marked as VM_IOREMAP\n",
			  addr);
		return -EINVAL;
	}
	vm_start = (unsigned long)vm->addr;
	vm_end = vm_start + get_vm_area_size(vm);
	if (WARN_ONCE(addr != vm_start || end != vm_end,
		      "ioremap request [%lx,%lx) doesn't match vm_area [%lx, %lx)\n",
		      addr, end, vm_start, vm_end))
		return -ERANGE;
	return vmap_page_range(addr, end, phys_addr, prot);
}

/*
 * A buffer of large blocks needs an entry for each of these, not for each page. Not
 * with 32 bits, where the addresses that its alignment takes are missed elsewhere.
 */
static bool worth_huge(struct page **pages, unsigned int count, pgprot_t prot)
{
	return IS_ENABLED(CONFIG_64BIT) && !IS_ENABLED(CONFIG_KMSAN) &&
	       map_max_page_shift >= PMD_SHIFT &&
	       vmap_pages_may_be_huge(pages, count, prot);
}

static struct vm_struct *vmap_huge(struct page **pages, unsigned long size,
				   unsigned long flags, pgprot_t prot,
				   const void *caller)
{
	struct vm_struct *vm;
	unsigned long start;

	/* A block may take the place of a table, where nobody may look meanwhile. */
	vm = __get_vm_area_node(size, PMD_SIZE, PAGE_SHIFT,
				flags | VM_UNINITIALIZED, VMALLOC_START,
				VMALLOC_END, NUMA_NO_NODE,
				GFP_KERNEL | __GFP_NOWARN, caller);
	if (!vm)
		return NULL;
	start = (unsigned long)vm->addr;
	if (vmap_pages_range_huge(start, start + size, prot, pages)) {
		free_vm_area(vm);
		return NULL;
	}
	clear_vm_uninitialized_flag(vm);
	return vm;
}

static struct vm_struct *vmap_small(struct page **pages, unsigned long size,
				    unsigned long flags, pgprot_t prot,
				    const void *caller)
{
	struct vm_struct *vm = get_vm_area_caller(size, flags, caller);
	unsigned long start;

	if (!vm)
		return NULL;
	start = (unsigned long)vm->addr;
	if (vmap_pages_range(start, start + size, prot, pages, PAGE_SHIFT)) {
		free_vm_area(vm);
		return NULL;
	}
	return vm;
}

/**
 * vmap - map pages to contiguous kernel addresses
 * @pages: the pages
 * @count: how many there are
 * @flags: VM_MAP or another mark for the area, and VM_MAP_PUT_PAGES
 * @prot: protection; the mapping is not executable whatever it says
 *
 * With %VM_MAP_PUT_PAGES in @flags, vmap() takes over one reference to each
 * page and the array itself, which has come from kvmalloc() or the like:
 * vfree() of the returned address drops and frees them.
 *
 * If @pages begin with a block that a large translation could map, all such blocks
 * have one each, unless the command line says nohugeiomap.
 *
 * Context: Process context, may sleep.
 * Return: the address, to be given to vunmap(), or %NULL; then the references
 * and the array are still the caller's.
 */
void *vmap(struct page **pages, unsigned int count, unsigned long flags,
	   pgprot_t prot)
{
	const void *caller = __builtin_return_address(0);
	struct vm_struct *vm = NULL;
	unsigned long size;

	might_sleep();

	/* These pages have other mappings; their permissions are not ours. */
	if (WARN_ON_ONCE(flags & VM_FLUSH_RESET_PERMS))
		return NULL;
	/* Without a guard page, the area above would lose its lower guard. */
	if (WARN_ON_ONCE(flags & VM_NO_GUARD))
		flags &= ~VM_NO_GUARD;

	if (count > totalram_pages() ||
	    check_shl_overflow(count, PAGE_SHIFT, &size))
		return NULL;
	prot = pgprot_nx(prot);
	if (unlikely(worth_huge(pages, count, prot)))
		vm = vmap_huge(pages, size, flags, prot, caller);
	if (!vm)
		vm = vmap_small(pages, size, flags, prot, caller);
	if (!vm)
		return NULL;
	if (flags & VM_MAP_PUT_PAGES) {
		vm->pages = pages;
		/* Pairs with record_vm() of proc.c. */
		smp_store_release(&vm->nr_pages, count);
	}
	return vm->addr;
}
EXPORT_SYMBOL(vmap);

/**
 * vunmap - undo vmap()
 * @addr: what vmap() has returned, or %NULL
 *
 * The pages stay with their owner. An area whose vmap() got %VM_MAP_PUT_PAGES
 * is for vfree().
 *
 * Context: Process context, may sleep. In interrupt context it warns and does
 * nothing: the area stays mapped, since there is no memory in it that could be
 * used to remember it for later.
 */
void vunmap(const void *addr)
{
	struct vm_struct *vm;

	if (WARN_ONCE(in_interrupt(), "%s(%p) in interrupt context\n",
		      __func__, addr))
		return;
	might_sleep();

	if (!addr)
		return;
	vm = remove_vm_area(addr);
	WARN(!vm, "Trying to %s() nonexistent vm area (%p)\n", __func__, addr);
	kfree(vm);
}
EXPORT_SYMBOL(vunmap);

#ifdef CONFIG_VMAP_PFN
/**
 * struct pfn_walk - page frames that are being mapped
 * @next: the next one's number
 * @prot: protection of all of them
 */
struct pfn_walk {
	const unsigned long *next;
	pgprot_t prot;
};

static int map_pfn(pte_t *pte, unsigned long addr, void *private)
{
	struct pfn_walk *walk = private;
	unsigned long pfn = *walk->next++;

	/* Memory with a struct page could go away: that is for vmap(). */
	if (WARN_ON_ONCE(pfn_valid(pfn)))
		return -EINVAL;
	set_pte_at(&init_mm, addr, pte,
		   pte_mkspecial(pfn_pte(pfn, walk->prot)));
	return 0;
}

/**
 * vmap_pfn - map page frames without struct page to contiguous addresses
 * @pfns: numbers of the page frames
 * @count: how many there are
 * @prot: protection; the mapping is not executable whatever it says
 *
 * Context: Process context, may sleep.
 * Return: the address, to be given to vunmap(), or %NULL.
 */
void *vmap_pfn(unsigned long *pfns, unsigned int count, pgprot_t prot)
{
	struct pfn_walk walk = { .next = pfns, .prot = pgprot_nx(prot) };
	struct vm_struct *vm;
	unsigned long start;
	unsigned long size;

	if (check_shl_overflow(count, PAGE_SHIFT, &size))
		return NULL;
	vm = get_vm_area_caller(size, VM_IOREMAP, __builtin_return_address(0));
	if (!vm)
		return NULL;

	start = (unsigned long)vm->addr;
	if (apply_to_page_range(&init_mm, start, size, map_pfn, &walk)) {
		free_vm_area(vm);
		return NULL;
	}
	flush_cache_vmap(start, start + size);
	return vm->addr;
}
EXPORT_SYMBOL_GPL(vmap_pfn);
#endif /* CONFIG_VMAP_PFN */

static int sparse_range_check(const struct vm_struct *vm, unsigned long start,
			      unsigned long end)
{
	unsigned long vm_start = (unsigned long)vm->addr;

	might_sleep();
	if (WARN_ON_ONCE(!(vm->flags & VM_SPARSE) ||
			 vm->flags & (VM_FLUSH_RESET_PERMS | VM_NO_GUARD)))
		return -EINVAL;
	if (PFN_DOWN(end - start) > totalram_pages())
		return -E2BIG;
	if (start < vm_start || end > vm_start + get_vm_area_size(vm))
		return -ERANGE;
	return 0;
}

/**
 * vm_area_map_pages - map pages somewhere in a sparse area
 * @area: area made with %VM_SPARSE
 * @start: address in it, where nothing is mapped
 * @end: end of the range
 * @pages: a page for each PAGE_SIZE of the range
 *
 * Context: Process context, may sleep. The caller serialises what it does to
 * one range.
 * Return: 0; -EINVAL if the area is not a sparse one, -E2BIG for more pages
 * than the machine has, -ERANGE if the range is not in the area, -ENOMEM.
 */
int vm_area_map_pages(struct vm_struct *area, unsigned long start,
		      unsigned long end, struct page **pages)
{
	int err = sparse_range_check(area, start, end);

	if (err)
		return err;
	return vmap_pages_range(start, end, PAGE_KERNEL, pages, PAGE_SHIFT);
}

/**
 * vm_area_unmap_pages - unmap a range of a sparse area
 * @area: area made with %VM_SPARSE
 * @start: address in it
 * @end: end of the range
 *
 * Does nothing if the range is not in the area.
 *
 * Context: Process context, may sleep. The caller serialises what it does to
 * one range.
 */
void vm_area_unmap_pages(struct vm_struct *area, unsigned long start,
			 unsigned long end)
{
	if (!sparse_range_check(area, start, end))
		vunmap_range(start, end);
}
