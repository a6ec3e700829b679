// SPDX-License-Identifier: GPL-2.0-only
/*
 * Access to what is mapped by others than the owner: reads of all of memory
 * for /proc/kcore, and mappings of vmalloc() memory to user space.
 *
 * A reader knows nothing of the areas it comes across. It holds the busy_lock
 * of an area's node while it copies: an area leaves the index under that lock
 * before its pages are freed, and vrealloc() lowers their number under it first, so
 * that a page found there is still the area's; but for per-CPU chunks, whose pages
 * come and go while their areas stay.
 */
#include <linux/export.h>
#include <linux/kasan.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/pgtable.h>
#include <linux/spinlock.h>
#include <linux/uio.h>
#include <linux/vmalloc.h>

#include "internal.h"

/**
 * struct vread - how far a read has come
 * @iter: where it goes
 * @addr: next address to be read
 * @stuck: @iter takes no more for now, its memory has to be faulted in
 */
struct vread {
	struct iov_iter *iter;
	unsigned long addr;
	bool stuck;
};

static void vread_bytes(struct vread *read, struct page *page, size_t offset,
			size_t len)
{
	size_t done = copy_page_to_iter_nofault(page, offset, len, read->iter);

	read->addr += done;
	read->stuck = done != len;
}

/* Copies up to @end; where there is no page, zeroes. */
static bool vread_copy(struct vread *read, unsigned long end)
{
	while (!read->stuck && read->addr < end) {
		struct page *page = vmalloc_to_page((void *)read->addr);
		size_t offset = offset_in_page(read->addr);

		vread_bytes(read, page ?: ZERO_PAGE(0), offset,
			    min(end - read->addr, PAGE_SIZE - offset));
	}
	return !read->stuck;
}

static bool vread_zero(struct vread *read, unsigned long end)
{
	while (!read->stuck && read->addr < end)
		vread_bytes(read, ZERO_PAGE(0), 0,
			    min(end - read->addr, PAGE_SIZE));
	return !read->stuck;
}

/* A range of a block is read to its end and no further; it is half-open. */
static bool vread_block_range(void *arg, unsigned long start,
			      unsigned long end, bool mapped)
{
	struct vread *read = arg;

	return vread_zero(read, start) &&
	       (mapped ? vread_copy(read, end) : vread_zero(read, end));
}

/*
 * Where the memory of @va ends; @va->va_start if there is none to be read.
 * Device memory might take offence at being read, and what a sparse area maps
 * may change at any time.
 */
static unsigned long readable_end(const struct vmap_area *va)
{
	const struct vm_struct *vm = va->vm;
	unsigned long flags, nr_pages;

	if (!vm)
		return va->flags & VMAP_RAM ? va->va_end : va->va_start;
	/* set_vm_flush_reset_perms() sets one that does not matter here. */
	flags = data_race(vm->flags);
	if (!vm_area_published(vm) || flags & (VM_IOREMAP | VM_SPARSE))
		return va->va_start;
	/* vrealloc() lowers it under this lock; some raise it under none. */
	nr_pages = data_race(vm->nr_pages);
	if (flags & VM_ALLOC && nr_pages)
		return va->va_start + (nr_pages << PAGE_SHIFT);
	/* The same one, where it asks for VM_NO_GUARD. */
	return va->va_start + data_race(get_vm_area_size(vm));
}

/* Reads up to @end, or to the end of the first area on the way there. */
static void vread_next(struct vread *read, unsigned long end)
{
	struct vmap_node *vn;
	struct vmap_area *va;
	unsigned long stop;

	vn = vmap_busy_next_lock(read->addr, &va);
	if (!vn) {
		vread_zero(read, end);
		return;
	}
	__acquire(&vn->busy_lock);	/* by vmap_busy_next_lock(), for sparse */

	stop = min(end, readable_end(va));
	if (vread_zero(read, min(end, va->va_start)) && read->addr < stop) {
		if (va->flags & VMAP_BLOCK)
			vmap_block_read(read->addr, stop, vread_block_range,
					read);
		else
			vread_copy(read, stop);
	}
	/* Holes of a block, guard pages and areas that are not to be read. */
	vread_zero(read, min(end, va->va_end));
	spin_unlock(&vn->busy_lock);
}

/**
 * vread_iter - read kernel memory, whoever it belongs to
 * @iter: where it goes; its memory is not faulted in
 * @addr: first address
 * @count: bytes
 *
 * Where there is no area, or only one that is not to be read, there are
 * zeroes. For /proc/kcore.
 *
 * Context: Process context, also where it must not sleep; takes busy_locks, each
 * for no longer than it takes to copy a page.
 * Return: the bytes that have gone to @iter. If they are fewer than @count,
 * the caller faults in the next ones and comes again.
 */
long vread_iter(struct iov_iter *iter, const char *addr, size_t count)
{
	unsigned long start = (unsigned long)kasan_reset_tag(addr);
	struct vread read = { .iter = iter, .addr = start };
	unsigned long end;

	/* The last page has no end that is an address; nothing is there. */
	if (start && count > -start)
		count = -start;
	end = start + min(count, max(start, -PAGE_SIZE) - start);

	while (!read.stuck && read.addr < end)
		vread_next(&read, read.addr +
				  min(end - read.addr,
				      PAGE_SIZE - offset_in_page(read.addr)));
	if (!read.stuck && read.addr - start < count)
		vread_bytes(&read, ZERO_PAGE(0), 0,
			    count - (read.addr - start));
	return read.addr - start;
}

/**
 * remap_vmalloc_range_partial - map vmalloc() memory to a part of a VMA
 * @vma: the VMA
 * @uaddr: user address to start at
 * @kaddr: memory from vmalloc_user() or the like
 * @pgoff: page of @kaddr to start with
 * @size: bytes
 *
 * Context: Process context, may sleep. The caller holds the mmap lock for
 * writing, and sees to it that the memory is not freed.
 * Return: 0, -EINVAL if the memory is not meant for this or ends before @size,
 * or what vm_insert_page() returns. After an error a part may be mapped.
 */
int remap_vmalloc_range_partial(struct vm_area_struct *vma, unsigned long uaddr,
				void *kaddr, unsigned long pgoff,
				unsigned long size)
{
	unsigned long offset, end;
	struct vm_struct *vm;
	int err;

	if (!PAGE_ALIGNED(uaddr) || !PAGE_ALIGNED(kaddr) ||
	    check_shl_overflow(pgoff, PAGE_SHIFT, &offset))
		return -EINVAL;
	size = PAGE_ALIGN(size);

	vm = find_vm_area(kaddr);
	if (!vm || !(vm->flags & (VM_USERMAP | VM_DMA_COHERENT)))
		return -EINVAL;
	/* @kaddr may be in the middle: what counts is where the area ends. */
	if (check_add_overflow(offset, size, &end) ||
	    check_add_overflow(end, kasan_reset_tag(kaddr) -
				    kasan_reset_tag(vm->addr), &end) ||
	    end > get_vm_area_size(vm))
		return -EINVAL;
	if (!size)
		return -EINVAL;

	for (kaddr += offset; size; size -= PAGE_SIZE) {
		struct page *page = vmalloc_to_page(kaddr);

		if (WARN_ON_ONCE(!page))
			return -EINVAL;
		err = vm_insert_page(vma, uaddr, page);
		if (err)
			return err;
		uaddr += PAGE_SIZE;
		kaddr += PAGE_SIZE;
	}

	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	return 0;
}

/**
 * remap_vmalloc_range - map vmalloc() memory to a whole VMA
 * @vma: the VMA
 * @addr: memory from vmalloc_user() or the like
 * @pgoff: page of @addr to start with
 *
 * Context: Process context, may sleep. The caller holds the mmap lock for
 * writing, and sees to it that the memory is not freed.
 * Return: see remap_vmalloc_range_partial().
 */
int remap_vmalloc_range(struct vm_area_struct *vma, void *addr,
			unsigned long pgoff)
{
	return remap_vmalloc_range_partial(vma, vma->vm_start, addr, pgoff,
					   vma->vm_end - vma->vm_start);
}
EXPORT_SYMBOL(remap_vmalloc_range);
