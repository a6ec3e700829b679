// SPDX-License-Identifier: GPL-2.0
/*
 * The vmalloc stress: calls that leave nothing behind. They read what others
 * have, or ask for what must not be there any more.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "test_vmalloc_ordered.h"

/* An object of the worker's, from the one planned on; NULL if it has none. */
static const struct stress_object *some_object(struct stress_worker *worker,
					       const struct stress_plan *plan)
{
	unsigned int i;

	for (i = 0; i < STRESS_SLOTS; i++) {
		if (worker->slot[(plan->slot + i) % STRESS_SLOTS])
			break;
	}
	return worker->slot[(plan->slot + i) % STRESS_SLOTS];
}

/* Of one kind alone, with addresses and a pattern. */
static const struct stress_object *some_memory(struct stress_worker *worker,
					       const struct stress_plan *plan)
{
	const struct stress_object *obj;
	unsigned int i;

	for (i = 0; i < STRESS_SLOTS; i++) {
		obj = worker->slot[(plan->slot + i) % STRESS_SLOTS];
		if (obj && obj->api->check == stress_check_memory)
			return obj;
	}
	return NULL;
}

/* === Looking === */

static int probe_check(struct stress_worker *worker,
		       const struct stress_plan *plan)
{
	const struct stress_object *obj = some_object(worker, plan);

	if (!obj)
		return -ENOENT;
	obj->api->check(obj);
	return 0;
}

static int probe_find(struct stress_worker *worker,
		      const struct stress_plan *plan)
{
	const struct stress_object *obj = some_memory(worker, plan);

	if (!obj)
		return -ENOENT;
	stress_check_lookup(obj);
	return 0;
}

static int probe_to_page(struct stress_worker *worker,
			 const struct stress_plan *plan)
{
	const struct stress_object *obj = some_memory(worker, plan);
	unsigned long at;
	struct page *page;
	void *kaddr;
	bool same;

	if (!obj)
		return -ENOENT;
	at = (plan->where % obj->nr_pages) << PAGE_SHIFT;
	page = vmalloc_to_page(obj->addr + at);
	if (!page || page_to_pfn(page) != vmalloc_to_pfn(obj->addr + at)) {
		stress_error(worker->run, "vmalloc_to_page",
			     "%s at %px has no page, or two", obj->api->name,
			     obj->addr + at);
		return 0;
	}
	kaddr = kmap_local_page(page);
	same = READ_ONCE(*(unsigned long *)kaddr) ==
	       READ_ONCE(*(unsigned long *)(obj->addr + at));
	kunmap_local(kaddr);
	if (!same)
		stress_error(worker->run, "vmalloc_to_page",
			     "%s at %px is not in the page it names",
			     obj->api->name, obj->addr + at);
	return 0;
}

static int probe_is_vmalloc(struct stress_worker *worker,
			    const struct stress_plan *plan)
{
	const struct stress_object *obj = some_memory(worker, plan);

	if (!obj)
		return -ENOENT;
	if (!is_vmalloc_or_module_addr(obj->addr) ||
	    (!is_vmalloc_addr(obj->addr) &&
	     obj->api->vfreed) || is_vmalloc_addr(worker))
		stress_error(worker->run, "is_vmalloc_addr",
			     "wrong for %s at %px, or %px", obj->api->name,
			     obj->addr, worker);
	return 0;
}

/* === Reading as /proc/kcore does === */

/* Memory that is there. Of areas of devices vread_iter() gives zeroes. */
static int probe_vread(struct stress_worker *worker,
		       const struct stress_plan *plan)
{
	const struct stress_object *obj = some_memory(worker, plan);
	size_t size;
	void *copy;
	long done;

	if (!obj || !obj->api->vfreed)
		return -ENOENT;
	size = min_t(size_t, obj->size, 4 * PAGE_SIZE);
	copy = kmalloc(size, GFP_KERNEL | __GFP_NOWARN);
	if (!copy)
		return -ENOMEM;
	done = stress_vread(copy, size, obj->addr);
	if (done != size || !stress_holds(copy, size, obj->tag))
		stress_error(worker->run, "vread_iter",
			     "%s at %px: %ld of %zu bytes, or others",
			     obj->api->name, obj->addr, done, size);
	kfree(copy);
	return 0;
}

/* Whatever is there or not: all bytes come, and nothing faults. */
static int probe_vread_holes(struct stress_worker *worker,
			     const struct stress_plan *plan)
{
	const struct stress_object *obj = some_memory(worker, plan);
	size_t size = 4 * PAGE_SIZE;
	void *copy;
	long done;

	if (!obj)
		return -ENOENT;
	copy = kmalloc(size, GFP_KERNEL | __GFP_NOWARN);
	if (!copy)
		return -ENOMEM;
	done = stress_vread(copy, size, obj->addr + obj->size - 100);
	if (done != size)
		stress_error(worker->run, "vread_iter_holes",
			     "%ld of %zu bytes behind %px", done, size,
			     obj->addr);
	kfree(copy);
	return 0;
}

/* === What must be gone === */

/* Map a page of the pool, which nobody else maps, for as long as this takes. */
static void *map_one(struct stress_worker *worker, unsigned int page, bool ram)
{
	struct page *one = worker->pool[page];

	return ram ? vm_map_ram(&one, 1, NUMA_NO_NODE) :
		     vmap(&one, 1, VM_MAP, PAGE_KERNEL);
}

static void unmap_one(void *addr, bool ram)
{
	if (ram)
		vm_unmap_ram(addr, 1);
	else
		vunmap(addr);
}

/* While it is mapped, a page is read at its address, and then no more. */
static int read_freed(struct stress_worker *worker, unsigned int page,
		      bool ram)
{
	unsigned long tag = stress_pool_tag(worker, page);
	const char *name = ram ? "vread_iter_ram" : "vread_iter_vmap";
	void *copy, *addr;

	copy = kmalloc(PAGE_SIZE, GFP_KERNEL | __GFP_NOWARN);
	if (!copy)
		return -ENOMEM;
	addr = map_one(worker, page, ram);
	if (!addr) {
		kfree(copy);
		return -ENOMEM;
	}
	stress_vread(copy, PAGE_SIZE, addr);
	if (!stress_holds(copy, PAGE_SIZE, tag))
		stress_error(worker->run, name,
			     "a mapped page is not seen at %px", addr);
	unmap_one(addr, ram);
	stress_vread(copy, PAGE_SIZE, addr);
	if (stress_holds(copy, PAGE_SIZE, tag))
		stress_error(worker->run, name,
			     "an unmapped page is seen at %px", addr);
	kfree(copy);
	return 0;
}

static int probe_vread_vmap(struct stress_worker *worker,
			    const struct stress_plan *plan)
{
	return read_freed(worker, plan->where % STRESS_POOL, false);
}

static int probe_vread_ram(struct stress_worker *worker,
			   const struct stress_plan *plan)
{
	return read_freed(worker, plan->where % STRESS_POOL, true);
}

/*
 * After vm_unmap_aliases() no TLB knows a page at its former address. That of
 * this CPU has just learnt of it, unless the worker is moved meanwhile.
 */
static int probe_unmap_aliases(struct stress_worker *worker,
			       const struct stress_plan *plan)
{
	unsigned int page = plan->where % STRESS_POOL;
	unsigned long tag = stress_pool_tag(worker, page);
	unsigned long copy[2];
	void *addr;

	addr = map_one(worker, page, plan->fate % 2);
	if (!addr)
		return -ENOMEM;
	if (!stress_holds(addr, PAGE_SIZE, tag))
		stress_error(worker->run, "vm_unmap_aliases",
			     "a mapped page is not seen at %px", addr);
	copy[0] = READ_ONCE(*(unsigned long *)addr);
	unmap_one(addr, plan->fate % 2);
	vm_unmap_aliases();
	if (!copy_from_kernel_nofault(&copy[1], addr, sizeof(copy[1])) &&
	    copy[0] == copy[1])
		stress_error(worker->run, "vm_unmap_aliases",
			     "an unmapped page is seen at %px", addr);
	return 0;
}

/* What cannot be had, two pages in one, makes all be freed that can be. */
static int probe_reclaim(struct stress_worker *worker,
			 const struct stress_plan *plan)
{
	unsigned long start = worker->run->window.start;
	void *none;

	none = __vmalloc_node_range(PAGE_SIZE, 1, start, start + PAGE_SIZE,
				    GFP_KERNEL | __GFP_NOWARN, PAGE_KERNEL, 0,
				    NUMA_NO_NODE, __builtin_return_address(0));
	if (none) {
		stress_error(worker->run, "reclaim", "no guard page at %px",
			     none);
		vfree(none);
	}
	return 0;
}

/* === Mapping to user space === */

static int stress_mmap(struct file *file, struct vm_area_struct *vma)
{
	return remap_vmalloc_range(vma, file->private_data, 0);
}

static const struct file_operations stress_fops = {
	.mmap = stress_mmap,
};

/* Map @addr to the user space that has started the run, and read it there. */
static int remap_and_read(struct stress_worker *worker, void *addr,
			  size_t size)
{
	unsigned long user, seen, last = size - sizeof(seen);
	struct file *file;
	int err = 0;

	file = anon_inode_getfile("[vmalloc stress]", &stress_fops, addr,
				  O_RDWR);
	if (IS_ERR(file))
		return PTR_ERR(file);
	kthread_use_mm(worker->run->mm);
	user = vm_mmap(file, 0, size, PROT_READ, MAP_SHARED, 0);
	if (IS_ERR_VALUE(user)) {
		err = user;
	} else {
		if (copy_from_user(&seen, (void __user *)user + last,
				   sizeof(seen)) ||
		    seen != READ_ONCE(*(unsigned long *)(addr + last)))
			stress_error(worker->run, "remap_vmalloc_range",
				     "user space sees something else");
		vm_munmap(user, size);
	}
	kthread_unuse_mm(worker->run->mm);
	fput(file);
	return err;
}

static int probe_remap(struct stress_worker *worker,
		       const struct stress_plan *plan)
{
	size_t size = (plan->where % 4 + 1) << PAGE_SHIFT;
	void *addr = vmalloc_user(size);
	int err;

	if (!addr)
		return -ENOMEM;
	stress_fill(addr, size, plan->fate);
	err = remap_and_read(worker, addr, size);
	vfree(addr);
	return err;
}

const struct stress_api stress_probe_apis[] = {
	{ "check",		.probe = probe_check, .weight = 12 },
	{ "find_vm_area",	.probe = probe_find, .weight = 6 },
	{ "vmalloc_to_page",	.probe = probe_to_page, .weight = 6 },
	{ "is_vmalloc_addr",	.probe = probe_is_vmalloc, .weight = 4 },
	{ "vread_iter",		.probe = probe_vread, .weight = 4 },
	{ "vread_iter_holes",	.probe = probe_vread_holes, .weight = 2 },
	{ "vread_iter_vmap",	.probe = probe_vread_vmap, .weight = 2 },
	{ "vread_iter_ram",	.probe = probe_vread_ram, .weight = 2,
	  .missing = IS_ENABLED(CONFIG_VMALLOC_ORDERED) ? NULL :
		     "stock reads the first page of those in a row" },
	{ "vm_unmap_aliases",	.probe = probe_unmap_aliases, .weight = 1 },
	{ "reclaim",		.probe = probe_reclaim, .weight = 1 },
	{ "remap_vmalloc_range", .probe = probe_remap, .weight = 2 },
	{ }
};
