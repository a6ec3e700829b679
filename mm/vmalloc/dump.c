// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is known of an address when something has gone wrong with it.
 *
 * Called from reports in any context, with any lock held: nothing here waits,
 * and a node whose lock is taken is passed over.
 */
#include <linux/kasan.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>

#include "internal.h"

/**
 * struct vm_summary - what a report says of an area
 * @addr: where it starts
 * @nr_pages: how many pages it has
 * @caller: who has allocated it
 */
struct vm_summary {
	unsigned long addr;
	unsigned long nr_pages;
	const void *caller;
};

static bool summarize(struct vmap_node *vn, unsigned long addr,
		      struct vm_summary *sum)
{
	struct vmap_area *va;
	bool found = false;

	if (!spin_trylock(&vn->busy_lock))
		return false;
	va = extent_find(&vn->busy, addr);
	if (va && va->vm) {
		/* KASAN may be giving it a tag. */
		sum->addr = (unsigned long)data_race(va->vm->addr);
		/* Its owner may be filling it: it has none yet, or all. */
		sum->nr_pages = data_race(va->vm->nr_pages);
		sum->caller = va->vm->caller;
		found = true;
	}
	spin_unlock(&vn->busy_lock);
	return found;
}

/**
 * vmalloc_dump_obj - print where an address in vmalloc space comes from
 * @object: any address
 *
 * Prints by pr_cont(), in a line that the caller has begun. Finds the area
 * that contains @object: rounding an address up, as some do, would name the
 * next area for one in an area's last page. A large area may start in the
 * share of another node than @object's own, so all nodes are asked, that one
 * first.
 *
 * Context: Any context. Never waits for a lock.
 * Return: false if nothing is known, then nothing has been printed.
 */
bool vmalloc_dump_obj(void *object)
{
	unsigned long addr = (unsigned long)kasan_reset_tag(object);
	struct vm_summary sum;
	unsigned int first, i;
	bool found = false;

	if (!vmap_initialized)
		return false;

	first = addr_to_node_id(addr);
	for (i = 0; i < nr_vmap_nodes && !found; i++)
		found = summarize(&vmap_nodes[(first + i) % nr_vmap_nodes],
				  addr, &sum);
	if (!found)
		return false;
	pr_cont(" %lu-page vmalloc region starting at %#lx allocated at %pS\n",
		sum.nr_pages, sum.addr, sum.caller);
	return true;
}
