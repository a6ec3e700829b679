// SPDX-License-Identifier: GPL-2.0
/*
 * The vmalloc stress: memory that vmalloc gives, in each of the ways it has.
 */
#include <linux/cpumask.h>
#include <linux/execmem.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/percpu.h>
#include <linux/sched/mm.h>
#include <linux/set_memory.h>
#include <linux/vmalloc.h>

#include "test_vmalloc_ordered.h"

/* Who may fail does so in silence: it is counted. */
#define GFP_MAY_FAIL	(GFP_KERNEL | __GFP_NOWARN)

static int adopt(struct stress_object *obj, void *addr)
{
	obj->addr = addr;
	return addr ? 0 : -ENOMEM;
}

/**
 * stress_check_lookup - look for an object by addresses in it
 * @obj: the object, a vm_struct's
 *
 * Two areas that overlap find one and the same at some of their addresses.
 *
 * Context: Any but interrupts.
 */
void stress_check_lookup(const struct stress_object *obj)
{
	unsigned long pages = obj->nr_pages - 1;
	const void *at[] = {
		obj->addr,
		obj->addr + (pages << PAGE_SHIFT),
		obj->addr + (obj->tag % (pages + 1) << PAGE_SHIFT),
	};
	const struct vm_struct *area;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(at); i++) {
		area = find_vm_area(at[i]);
		if (!area || (obj->api->in_part ?
			      area->addr > at[i] || area->addr +
			      get_vm_area_size(area) <= at[i] :
			      area->addr != obj->addr))
			stress_error(obj->maker->run, obj->api->name,
				     "at %px is another area than at %px",
				     at[i], obj->addr);
	}
}

/**
 * stress_check_memory - look for the pattern of an object
 * @obj: the object
 *
 * Context: Any but interrupts.
 */
void stress_check_memory(const struct stress_object *obj)
{
	if (!stress_holds(obj->addr, obj->size, obj->tag))
		stress_error(obj->maker->run, obj->api->name,
			     "%u pages at %px have lost their pattern",
			     obj->nr_pages, obj->addr);
	stress_check_lookup(obj);
}

static void drop_vfree(struct stress_object *obj)
{
	vfree(obj->addr);
}

/* === Plain calls === */

static int make_vmalloc(struct stress_worker *worker,
			const struct stress_plan *plan,
			struct stress_object *obj)
{
	return adopt(obj, vmalloc(obj->size));
}

static int make_vzalloc(struct stress_worker *worker,
			const struct stress_plan *plan,
			struct stress_object *obj)
{
	return adopt(obj, vzalloc(obj->size));
}

static int make_user(struct stress_worker *worker,
		     const struct stress_plan *plan, struct stress_object *obj)
{
	return adopt(obj, vmalloc_user(obj->size));
}

static int make_32(struct stress_worker *worker,
		   const struct stress_plan *plan, struct stress_object *obj)
{
	return adopt(obj, vmalloc_32(obj->size));
}

static int make_huge(struct stress_worker *worker,
		     const struct stress_plan *plan, struct stress_object *obj)
{
	/* Now and then large enough to be mapped so, where there is room. */
	if (plan->align == 0 && PMD_SIZE / PAGE_SIZE <= worker->run->budget / 8) {
		obj->size = PMD_SIZE;
		obj->nr_pages = PMD_SIZE / PAGE_SIZE;
	}
	return adopt(obj, vmalloc_huge(obj->size, GFP_MAY_FAIL));
}

/* === Flags === */

static int make_nofs(struct stress_worker *worker,
		     const struct stress_plan *plan, struct stress_object *obj)
{
	unsigned int scope;

	if (plan->where % 2)
		return adopt(obj, __vmalloc(obj->size, GFP_NOFS |
					    __GFP_NOWARN));
	scope = memalloc_nofs_save();
	adopt(obj, __vmalloc(obj->size, GFP_MAY_FAIL));
	memalloc_nofs_restore(scope);
	return obj->addr ? 0 : -ENOMEM;
}

static int make_noio(struct stress_worker *worker,
		     const struct stress_plan *plan, struct stress_object *obj)
{
	unsigned int scope;

	if (plan->where % 2)
		return adopt(obj, __vmalloc(obj->size, GFP_NOIO |
					    __GFP_NOWARN));
	scope = memalloc_noio_save();
	adopt(obj, __vmalloc(obj->size, GFP_MAY_FAIL));
	memalloc_noio_restore(scope);
	return obj->addr ? 0 : -ENOMEM;
}

/* As close to GFP_ATOMIC as the contract of vmalloc() lets anybody get. */
static int make_noretry(struct stress_worker *worker,
			const struct stress_plan *plan,
			struct stress_object *obj)
{
	return adopt(obj, __vmalloc(obj->size, GFP_MAY_FAIL | __GFP_NORETRY));
}

/* A page alone: for more, a full space would be waited for. */
static int make_nofail(struct stress_worker *worker,
		       const struct stress_plan *plan,
		       struct stress_object *obj)
{
	obj->size = PAGE_SIZE;
	obj->nr_pages = 1;
	if (adopt(obj, __vmalloc(obj->size, GFP_KERNEL | __GFP_NOFAIL)))
		stress_error(worker->run, obj->api->name, "it has failed");
	return obj->addr ? 0 : -ENOMEM;
}

/* The group may have a limit: then requests fail with half of their pages. */
static int make_account(struct stress_worker *worker,
			const struct stress_plan *plan,
			struct stress_object *obj)
{
	struct mem_cgroup *old = set_active_memcg(worker->run->memcg);

	if (obj->nr_pages > 1) {
		obj->nr_pages = min(4 * obj->nr_pages, STRESS_MAX_PAGES);
		obj->size = obj->nr_pages * PAGE_SIZE;
	}
	adopt(obj, __vmalloc(obj->size, GFP_KERNEL_ACCOUNT | __GFP_NOWARN |
			     __GFP_NORETRY));
	set_active_memcg(old);
	return obj->addr ? 0 : -ENOMEM;
}

/* === Places === */

/* In a part of the window that all workers contend for, and on some node. */
static int make_window(struct stress_worker *worker,
		       const struct stress_plan *plan,
		       struct stress_object *obj)
{
	unsigned long align = PAGE_SIZE << plan->align % 5;
	struct stress_window window = worker->run->window;
	unsigned long half = (window.end - window.start) / 2;
	int node = plan->where % (nr_node_ids + 1);

	window.start += (plan->where * PAGE_SIZE) % half & PAGE_MASK;
	if (plan->align % 2)
		window.end = window.start + half;
	if (node == nr_node_ids || !node_online(node))
		node = NUMA_NO_NODE;
	adopt(obj, __vmalloc_node_range(obj->size, align, window.start,
					window.end, GFP_MAY_FAIL, PAGE_KERNEL,
					0, node, __builtin_return_address(0)));
	if (!obj->addr)
		return -ENOMEM;
	if (!IS_ALIGNED((unsigned long)obj->addr, align) ||
	    (unsigned long)obj->addr < window.start ||
	    (unsigned long)obj->addr + obj->size > window.end)
		stress_error(worker->run, obj->api->name,
			     "%px is not in %lx-%lx, or not aligned to %lx",
			     obj->addr, window.start, window.end, align);
	return 0;
}

static int make_aligned(struct stress_worker *worker,
			const struct stress_plan *plan,
			struct stress_object *obj)
{
	unsigned long align = PAGE_SIZE << plan->align;

	adopt(obj, __vmalloc_node(obj->size, align, GFP_MAY_FAIL, NUMA_NO_NODE,
				  __builtin_return_address(0)));
	if (obj->addr && !IS_ALIGNED((unsigned long)obj->addr, align))
		stress_error(worker->run, obj->api->name,
			     "%px is not aligned to %lx", obj->addr, align);
	return obj->addr ? 0 : -ENOMEM;
}

/* What is there stays, as far as there is room for it. */
static int make_vrealloc(struct stress_worker *worker,
			 const struct stress_plan *plan,
			 struct stress_object *obj)
{
	size_t old_size = (plan->where % (2 * obj->nr_pages) + 1) << PAGE_SHIFT;
	void *old = __vmalloc(old_size, GFP_MAY_FAIL);

	if (!old)
		return -ENOMEM;
	stress_fill(old, old_size, plan->where);
	if (adopt(obj, vrealloc(old, obj->size, GFP_MAY_FAIL))) {
		vfree(old);
		return -ENOMEM;
	}
	if (!stress_holds(obj->addr, min(old_size, obj->size), plan->where))
		stress_error(worker->run, obj->api->name,
			     "contents were lost from %zu to %zu bytes",
			     old_size, obj->size);
	return 0;
}

/* === Memory for programs: read-only and executable, until it is freed === */

#ifdef CONFIG_EXECMEM
static int make_execmem(struct stress_worker *worker,
			const struct stress_plan *plan,
			struct stress_object *obj)
{
	int err = adopt(obj, execmem_alloc_rw(EXECMEM_MODULE_TEXT, obj->size));

	if (err)
		return err;
	stress_fill(obj->addr, obj->size, obj->tag);
	err = set_memory_rox((unsigned long)obj->addr, obj->nr_pages);
	if (err)
		execmem_free(obj->addr);
	return err;
}

static void drop_execmem(struct stress_object *obj)
{
	execmem_free(obj->addr);
}
#else
#define make_execmem	NULL
#define drop_execmem	NULL
#endif

/* === Per-CPU memory, whose chunks are areas at the top of the space === */

static int make_percpu(struct stress_worker *worker,
		       const struct stress_plan *plan,
		       struct stress_object *obj)
{
	size_t most = (size_t)worker->run->budget * PAGE_SIZE / 8;
	int cpu;

	most = clamp(most / num_possible_cpus(), SZ_64, PCPU_MIN_UNIT_SIZE / 2);
	obj->size = min(obj->size, most);
	obj->nr_pages = PFN_UP(obj->size * num_possible_cpus());
	obj->percpu = __alloc_percpu_gfp(obj->size, sizeof(long) << plan->align,
					 GFP_MAY_FAIL);
	if (!obj->percpu)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		*(unsigned long *)per_cpu_ptr(obj->percpu, cpu) =
			obj->tag + cpu;
	return 0;
}

static void check_percpu(const struct stress_object *obj)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		if (*(unsigned long *)per_cpu_ptr(obj->percpu, cpu) !=
		    obj->tag + cpu)
			stress_error(obj->maker->run, obj->api->name,
				     "CPU %d has lost its word", cpu);
	}
}

static void drop_percpu(struct stress_object *obj)
{
	free_percpu(obj->percpu);
}

#define MEMORY(maker, share)						\
	.make = maker, .check = stress_check_memory, .drop = drop_vfree, \
	.weight = share, .vfreed = true

const struct stress_api stress_memory_apis[] = {
	{ "vmalloc",		MEMORY(make_vmalloc, 24) },
	{ "vzalloc",		MEMORY(make_vzalloc, 6), .zeroed = true },
	{ "vmalloc_user",	MEMORY(make_user, 6), .zeroed = true },
	{ "vmalloc_32",		MEMORY(make_32, 4) },
	{ "vmalloc_huge",	MEMORY(make_huge, 4) },
	{ "vmalloc_nofs",	MEMORY(make_nofs, 4) },
	{ "vmalloc_noio",	MEMORY(make_noio, 4) },
	{ "vmalloc_noretry",	MEMORY(make_noretry, 4) },
	{ "vmalloc_nofail",	MEMORY(make_nofail, 2) },
	{ "vmalloc_account",	MEMORY(make_account, 8) },
	{ "vmalloc_window",	MEMORY(make_window, 24) },
	{ "vmalloc_aligned",	MEMORY(make_aligned, 8) },
	{ "vrealloc",		MEMORY(make_vrealloc, 6) },
	{ "execmem",		.make = make_execmem,
	  .check = stress_check_memory, .drop = drop_execmem, .weight = 4,
	  .in_part = true,
	  .missing = IS_ENABLED(CONFIG_EXECMEM) ? NULL :
		     "no memory for programs" },
	{ "alloc_percpu",	.make = make_percpu, .check = check_percpu,
	  .drop = drop_percpu, .weight = 3 },
	{ }
};
