// SPDX-License-Identifier: GPL-2.0
/*
 * The vmalloc stress: pages of its own that it maps, areas that it maps
 * something in by itself, and areas in which there is nothing.
 */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "test_vmalloc_ordered.h"

/* Areas that pcpu_get_vm_areas() gives at a time. */
#define CONGRUENT	3

static void wrong_page(const struct stress_object *obj, unsigned int page)
{
	stress_error(obj->maker->run, obj->api->name,
		     "page %u of %u at %px is not the one mapped there", page,
		     obj->nr_pages, obj->addr);
}

/* === vmap() of fresh pages === */

static void free_pages_of(struct stress_object *obj)
{
	unsigned int i;

	for (i = 0; i < obj->nr_pages && obj->pages[i]; i++)
		__free_page(obj->pages[i]);
	kvfree(obj->pages);
}

static int alloc_pages_of(struct stress_object *obj, gfp_t gfp)
{
	unsigned int i;

	obj->pages = kvcalloc(obj->nr_pages, sizeof(*obj->pages),
			      GFP_KERNEL | __GFP_NOWARN);
	if (!obj->pages)
		return -ENOMEM;
	for (i = 0; i < obj->nr_pages; i++) {
		obj->pages[i] = alloc_page(gfp | __GFP_NOWARN);
		if (!obj->pages[i]) {
			free_pages_of(obj);
			return -ENOMEM;
		}
	}
	return 0;
}

static int make_vmap(struct stress_worker *worker,
		     const struct stress_plan *plan, struct stress_object *obj)
{
	int err = alloc_pages_of(obj, GFP_HIGHUSER);
	unsigned int i;

	if (err)
		return err;
	for (i = 0; i < obj->nr_pages; i++)
		stress_fill_page(obj->pages[i], obj->tag + i);
	obj->addr = vmap(obj->pages, obj->nr_pages, VM_MAP, PAGE_KERNEL);
	if (!obj->addr) {
		free_pages_of(obj);
		return -ENOMEM;
	}
	return 0;
}

/* Both ways: what the pages hold is seen here, what is written here in them. */
static void check_vmap(const struct stress_object *obj)
{
	unsigned int i;

	for (i = 0; i < obj->nr_pages; i++) {
		void *at = obj->addr + i * PAGE_SIZE;

		if (vmalloc_to_page(at) != obj->pages[i] ||
		    !stress_holds(at, PAGE_SIZE, obj->tag + i))
			wrong_page(obj, i);
		stress_fill(at, PAGE_SIZE, ~obj->tag + i);
	}
	for (i = 0; i < obj->nr_pages; i++) {
		if (!stress_page_holds(obj->pages[i], ~obj->tag + i))
			wrong_page(obj, i);
		stress_fill_page(obj->pages[i], obj->tag + i);
	}
	stress_check_lookup(obj);
}

static void drop_vmap(struct stress_object *obj)
{
	unsigned int i;

	vunmap(obj->addr);
	for (i = 0; i < obj->nr_pages; i++) {
		if (!stress_page_holds(obj->pages[i], obj->tag + i))
			wrong_page(obj, i);
	}
	free_pages_of(obj);
}

/* vfree() gives the pages back, and the array they are in. */
static int make_put(struct stress_worker *worker,
		    const struct stress_plan *plan, struct stress_object *obj)
{
	int err = alloc_pages_of(obj, GFP_HIGHUSER);

	if (err)
		return err;
	obj->size = obj->nr_pages * PAGE_SIZE;
	obj->addr = vmap(obj->pages, obj->nr_pages, VM_MAP_PUT_PAGES,
			 PAGE_KERNEL);
	if (!obj->addr) {
		free_pages_of(obj);
		return -ENOMEM;
	}
	return 0;
}

/* === Pages of the pool, which all hold the same all the time === */

static void pool_pages(struct stress_object *obj, struct page **pages)
{
	unsigned int i;

	for (i = 0; i < obj->nr_pages; i++)
		pages[i] = obj->maker->pool[(obj->first + i) % STRESS_POOL];
}

static void check_pool_page(const struct stress_object *obj, unsigned int i)
{
	void *at = obj->addr + i * PAGE_SIZE;
	struct stress_worker *maker = obj->maker;

	if (vmalloc_to_page(at) != maker->pool[(obj->first + i) % STRESS_POOL] ||
	    !stress_holds(at, PAGE_SIZE, stress_pool_tag(maker,
							 obj->first + i)))
		wrong_page(obj, i);
}

static void check_pool(const struct stress_object *obj)
{
	unsigned int i;

	for (i = 0; i < obj->nr_pages; i++)
		check_pool_page(obj, i);
}

static int map_ram(struct stress_object *obj)
{
	struct page **pages;

	pages = kmalloc_array(obj->nr_pages, sizeof(*pages),
			      GFP_KERNEL | __GFP_NOWARN);
	if (!pages)
		return -ENOMEM;
	pool_pages(obj, pages);
	obj->addr = vm_map_ram(pages, obj->nr_pages, NUMA_NO_NODE);
	kfree(pages);
	return obj->addr ? 0 : -ENOMEM;
}

static int make_ram(struct stress_worker *worker,
		    const struct stress_plan *plan, struct stress_object *obj)
{
	obj->first = plan->where % STRESS_POOL;
	obj->nr_pages = min_t(unsigned int, obj->nr_pages, STRESS_BLOCK);
	return map_ram(obj);
}

/* An area of its own. */
static int make_large_ram(struct stress_worker *worker,
			  const struct stress_plan *plan,
			  struct stress_object *obj)
{
	obj->first = plan->where % STRESS_POOL;
	obj->nr_pages += STRESS_BLOCK;
	return map_ram(obj);
}

static void drop_ram(struct stress_object *obj)
{
	vm_unmap_ram(obj->addr, obj->nr_pages);
}

/* === Areas === */

static int get_area(struct stress_object *obj, unsigned long flags)
{
	obj->area = get_vm_area(obj->nr_pages * PAGE_SIZE, flags);
	if (!obj->area)
		return -ENOMEM;
	obj->addr = obj->area->addr;
	return 0;
}

static int make_area(struct stress_worker *worker,
		     const struct stress_plan *plan, struct stress_object *obj)
{
	return get_area(obj, plan->where % 2 ? VM_IOREMAP : VM_MAP);
}

/* Nothing of anybody's may be in there. */
static void check_area(const struct stress_object *obj)
{
	unsigned int i;

	for (i = 0; i < obj->nr_pages; i++) {
		if (vmalloc_to_page(obj->addr + i * PAGE_SIZE))
			wrong_page(obj, i);
	}
	stress_check_lookup(obj);
}

static void drop_area(struct stress_object *obj)
{
	free_vm_area(obj->area);
}

/* A page of memory instead of a device, of which one could read nothing. */
static int make_area_io(struct stress_worker *worker,
			const struct stress_plan *plan,
			struct stress_object *obj)
{
	unsigned long start;
	int err;

	obj->nr_pages = 1;
	obj->size = PAGE_SIZE;
	err = alloc_pages_of(obj, GFP_KERNEL);
	if (err)
		return err;
	err = get_area(obj, VM_IOREMAP);
	if (!err) {
		start = (unsigned long)obj->addr;
		err = ioremap_page_range(start, start + PAGE_SIZE,
					 page_to_phys(obj->pages[0]),
					 PAGE_KERNEL);
		if (err)
			free_vm_area(obj->area);
	}
	if (err) {
		free_pages_of(obj);
		return err;
	}
	stress_fill_page(obj->pages[0], obj->tag);
	return 0;
}

static void drop_area_io(struct stress_object *obj)
{
	free_vm_area(obj->area);
	free_pages_of(obj);
}

/* Mapped as a whole, and then not where the hole is. */
static int make_sparse(struct stress_worker *worker,
		       const struct stress_plan *plan,
		       struct stress_object *obj)
{
	unsigned long start, hole;
	struct page **pages;
	int err;

	pages = kmalloc_array(obj->nr_pages, sizeof(*pages),
			      GFP_KERNEL | __GFP_NOWARN);
	if (!pages)
		return -ENOMEM;
	err = get_area(obj, VM_SPARSE);
	if (err)
		goto out;
	obj->first = plan->where % obj->nr_pages;
	pool_pages(obj, pages);
	start = (unsigned long)obj->addr;
	hole = start + obj->first * PAGE_SIZE;
	err = vm_area_map_pages(obj->area, start,
				start + obj->nr_pages * PAGE_SIZE, pages);
	if (err)
		free_vm_area(obj->area);
	else
		vm_area_unmap_pages(obj->area, hole, hole + PAGE_SIZE);
out:
	kfree(pages);
	return err;
}

static void check_sparse(const struct stress_object *obj)
{
	unsigned int i;

	for (i = 0; i < obj->nr_pages; i++) {
		if (i != obj->first)
			check_pool_page(obj, i);
		else if (vmalloc_to_page(obj->addr + i * PAGE_SIZE))
			wrong_page(obj, i);
	}
	stress_check_lookup(obj);
}

static void drop_sparse(struct stress_object *obj)
{
	unsigned long start = (unsigned long)obj->addr;

	vm_area_unmap_pages(obj->area, start,
			    start + obj->nr_pages * PAGE_SIZE);
	free_vm_area(obj->area);
}

/* === Devices, or what an address without memory looks like === */

/* Frames behind which there is no memory; they are mapped, never touched. */
static unsigned long frames_without_memory(unsigned int nr)
{
	unsigned long step = SZ_16M / PAGE_SIZE;
	unsigned long pfn = ALIGN(max_pfn, step) + step;

	while (pfn_valid(pfn) || pfn_valid(pfn + nr - 1))
		pfn += step;
	return pfn;
}

static int make_ioremap(struct stress_worker *worker,
			const struct stress_plan *plan,
			struct stress_object *obj)
{
	phys_addr_t phys = PFN_PHYS(frames_without_memory(obj->nr_pages));

	obj->addr = (__force void *)ioremap(phys, obj->nr_pages * PAGE_SIZE);
	return obj->addr ? 0 : -ENOMEM;
}

static void drop_ioremap(struct stress_object *obj)
{
	iounmap((void __iomem __force *)obj->addr);
}

static int make_pfn(struct stress_worker *worker,
		    const struct stress_plan *plan, struct stress_object *obj)
{
	unsigned long pfn[16], first;
	unsigned int i;

	obj->nr_pages = min_t(unsigned int, obj->nr_pages, ARRAY_SIZE(pfn));
	first = frames_without_memory(obj->nr_pages);
	for (i = 0; i < obj->nr_pages; i++)
		pfn[i] = first + i;
	obj->addr = vmap_pfn(pfn, obj->nr_pages, PAGE_KERNEL);
	return obj->addr ? 0 : -ENOMEM;
}

static void drop_pfn(struct stress_object *obj)
{
	vunmap(obj->addr);
}

/* === Congruent areas, at the top of the space === */

#ifdef CONFIG_SMP
static int make_congruent(struct stress_worker *worker,
			  const struct stress_plan *plan,
			  struct stress_object *obj)
{
	/* The distances differ, so that groups are intertwined. */
	unsigned long step = (plan->align + 1) * STRESS_MAX_PAGES * PAGE_SIZE;
	unsigned long offset[CONGRUENT];
	size_t size[CONGRUENT];
	unsigned int i;

	for (i = 0; i < CONGRUENT; i++) {
		offset[i] = i * step;
		size[i] = obj->nr_pages * PAGE_SIZE;
	}
	obj->areas = pcpu_get_vm_areas(offset, size, CONGRUENT, PAGE_SIZE,
				       GFP_KERNEL);
	if (!obj->areas)
		return -ENOMEM;
	obj->addr = obj->areas[0]->addr;
	for (i = 1; i < CONGRUENT; i++) {
		if (obj->areas[i]->addr - obj->addr != offset[i])
			stress_error(worker->run, obj->api->name,
				     "offset %zx instead of %lx",
				     (size_t)(obj->areas[i]->addr - obj->addr),
				     offset[i]);
	}
	return 0;
}

static void check_congruent(const struct stress_object *obj)
{
	unsigned int i;

	for (i = 0; i < CONGRUENT; i++) {
		struct stress_object one = *obj;

		one.addr = obj->areas[i]->addr;
		check_area(&one);
	}
}

static void drop_congruent(struct stress_object *obj)
{
	pcpu_free_vm_areas(obj->areas, CONGRUENT);
}
#else
#define make_congruent	NULL
#define check_congruent	NULL
#define drop_congruent	NULL
#endif

const struct stress_api stress_map_apis[] = {
	{ "vmap", .make = make_vmap, .check = check_vmap, .drop = drop_vmap,
	  .weight = 12 },
	{ "vmap_put_pages", .make = make_put, .check = stress_check_memory,
	  .vfreed = true, .weight = 6 },
	{ "vm_map_ram", .make = make_ram, .check = check_pool,
	  .drop = drop_ram, .weight = 16 },
	{ "vm_map_ram_large", .make = make_large_ram, .check = check_pool,
	  .drop = drop_ram, .weight = 4 },
	{ "get_vm_area", .make = make_area, .check = check_area,
	  .drop = drop_area, .weight = 12 },
	{ "ioremap_page_range", .make = make_area_io,
	  .check = stress_check_memory, .drop = drop_area_io, .weight = 4 },
	{ "vm_area_map_pages", .make = make_sparse, .check = check_sparse,
	  .drop = drop_sparse, .weight = 6 },
	{ "ioremap", .make = make_ioremap, .check = stress_check_lookup,
	  .drop = drop_ioremap, .weight = 4,
	  .missing = IS_ENABLED(CONFIG_HAS_IOMEM) ? NULL :
		     "no memory of devices" },
	{ "vmap_pfn", .make = make_pfn, .check = stress_check_lookup,
	  .drop = drop_pfn, .weight = 4 },
	{ "pcpu_get_vm_areas", .make = make_congruent,
	  .check = check_congruent, .drop = drop_congruent, .weight = 4,
	  .missing = IS_ENABLED(CONFIG_SMP) ? NULL :
		     "one CPU takes no such areas" },
	{ }
};
