// SPDX-License-Identifier: GPL-2.0-only
/*
 * The index of busy areas.
 *
 * Each node has the areas whose start hashes to it. Lookups are made with the
 * busy_lock of one node held, by usercopy checks among others, so nothing slow
 * is done under it but by the readers of memory and of /proc/vmallocinfo.
 */

#include <linux/kasan.h>

#include "internal.h"

bool vmap_initialized __read_mostly;

static unsigned long untagged(unsigned long addr)
{
	return (unsigned long)kasan_reset_tag((void *)addr);
}

/**
 * vmap_busy_add - let an area be found by its address
 * @va: the area, from vmap_space_take()
 * @vm: what is known of it above, or NULL for vm_map_ram(); gets the address
 *
 * Context: takes a busy_lock.
 */
void vmap_busy_add(struct vmap_area *va, struct vm_struct *vm)
{
	struct vmap_node *vn = addr_to_node(va->va_start);
	int err;

	if (vm) {
		vm->addr = (void *)va->va_start;
		vm->size = va_size(va);
	}
	spin_lock(&vn->busy_lock);
	va->vm = vm;
	err = extent_insert(&vn->busy, va);
	if (!err)
		vmap_debug_moved(-va_size(va));
	spin_unlock(&vn->busy_lock);
	WARN_ONCE(err, "vmalloc: %#lx-%#lx is handed out twice\n",
		  va->va_start, va->va_end);
}

/* There are as many watches as there are readers in the midst of an area. */
static noinline void end_watches(struct vmap_node *vn,
				 const struct vmap_area *va)
{
	struct vmap_watch *watch;

	hlist_for_each_entry(watch, &vn->watches, link) {
		if (watch->va == va)
			watch->va = NULL;
	}
}

static void busy_unlink(struct vmap_node *vn, struct vmap_area *va)
{
	lockdep_assert_held(&vn->busy_lock);
	extent_remove(&vn->busy, va);
	if (unlikely(!hlist_empty(&vn->watches)))
		end_watches(vn, va);
	vmap_debug_moved(va_size(va));
}

/**
 * vmap_busy_remove - make an area unfindable
 * @va: the area
 *
 * Context: takes a busy_lock.
 */
void vmap_busy_remove(struct vmap_area *va)
{
	struct vmap_node *vn = addr_to_node(va->va_start);

	spin_lock(&vn->busy_lock);
	busy_unlink(vn, va);
	spin_unlock(&vn->busy_lock);
}

/*
 * An area is indexed by its start. If it came from a chunk, the node of an
 * address in it is the one; others may reach over several chunks, and start at
 * a lower address: so from the node of the address go down, once around. Nodes
 * without areas are passed over unlocked: an area that is added while one looks
 * for it need not be found. So any root will do that is read.
 */
static struct vmap_node *node_below(struct vmap_node *vn,
				    const struct vmap_node *home)
{
	do {
		if (vn == vmap_nodes)
			vn += nr_vmap_nodes;
		vn--;
		/* rb_link_node() stores it plainly. */
	} while (vn != home && !data_race(READ_ONCE(vn->busy.root.rb_node)));
	return vn == home ? NULL : vn;
}

static __always_inline struct vmap_area *node_find(struct vmap_node *vn,
						   unsigned long addr)
{
	struct vmap_area *va;

	spin_lock(&vn->busy_lock);
	va = extent_find(&vn->busy, addr);
	spin_unlock(&vn->busy_lock);
	return va;
}

static noinline struct vmap_area *nodes_below_find(struct vmap_node *home,
						   unsigned long addr)
{
	struct vmap_area *va = NULL;
	struct vmap_node *vn = home;

	while (!va && (vn = node_below(vn, home)))
		va = node_find(vn, addr);
	return va;
}

/**
 * find_vmap_area - find the busy area that an address lies in
 * @addr: the address
 *
 * Context: process, also where it must not sleep; takes busy_locks, which
 * interrupts must not take. It is up to the caller that the area is not freed
 * while it is looked at.
 * Return: the area, or NULL.
 */
struct vmap_area *find_vmap_area(unsigned long addr)
{
	struct vmap_node *home;
	struct vmap_area *va;

	if (unlikely(!vmap_initialized))
		return NULL;
	addr = untagged(addr);
	home = addr_to_node(addr);
	va = node_find(home, addr);
	if (likely(va) || nr_vmap_nodes == 1)
		return va;
	return nodes_below_find(home, addr);
}

/*
 * Whether it is the one looked for: with @ram_size, a mapping of vm_map_ram()
 * that is just [@addr, @addr + @ram_size); else the area of @vm, or of any.
 */
static __always_inline bool busy_matches(const struct vmap_area *va,
					 unsigned long addr,
					 const struct vm_struct *vm,
					 unsigned long ram_size)
{
	if (ram_size)
		return (va->flags & (VMAP_RAM | VMAP_BLOCK)) == VMAP_RAM &&
		       va->va_start == addr && va_size(va) == ram_size;
	return vm ? va->vm == vm : va->vm != NULL;
}

static __always_inline struct vmap_area *node_take(struct vmap_node *vn,
						   unsigned long addr,
						   const struct vm_struct *vm,
						   unsigned long ram_size)
{
	struct vmap_area *va;

	spin_lock(&vn->busy_lock);
	va = extent_find_near(&vn->busy, addr);
	if (va && busy_matches(va, addr, vm, ram_size))
		busy_unlink(vn, va);
	else
		va = NULL;
	spin_unlock(&vn->busy_lock);
	return va;
}

/*
 * An area that does not match stays where it is: its owner is somebody else.
 * No other area has the address then, and none is found.
 */
static __always_inline struct vmap_area *busy_take(unsigned long addr,
						   const struct vm_struct *vm,
						   unsigned long ram_size)
{
	struct vmap_node *home, *vn;
	struct vmap_area *va;

	if (unlikely(!vmap_initialized))
		return NULL;
	addr = untagged(addr);
	home = addr_to_node(addr);
	va = node_take(home, addr, vm, ram_size);
	for (vn = home; unlikely(!va) && (vn = node_below(vn, home)); )
		va = node_take(vn, addr, vm, ram_size);
	return va;
}

/**
 * vmap_busy_take_vm - find a caller's area and make it unfindable
 * @addr: an address in it
 * @vm: the struct vm_struct bound to it; NULL if any will do
 *
 * Context: takes busy_locks.
 * Return: the area, or NULL.
 */
struct vmap_area *vmap_busy_take_vm(unsigned long addr,
				    const struct vm_struct *vm)
{
	return busy_take(addr, vm, 0);
}

/**
 * vmap_busy_take_ram - find an area that is one mapping of vm_map_ram()
 * @start: its start
 * @size: its size in bytes, not 0
 *
 * It is made unfindable.
 *
 * Context: takes busy_locks.
 * Return: the area, or NULL.
 */
struct vmap_area *vmap_busy_take_ram(unsigned long start, unsigned long size)
{
	return busy_take(start, NULL, size);
}

/**
 * vmap_busy_next_lock - find the busy area that an address lies in or before
 * @addr: the address
 * @va: gets the lowest area that ends above @addr
 *
 * Context: takes busy_locks. Returns with the node's busy_lock held unless it
 * returns NULL: the area stays until the caller drops it.
 * Return: the area's node, locked, or NULL if there is no such area.
 */
struct vmap_node *vmap_busy_next_lock(unsigned long addr,
				      struct vmap_area **va)
{
	struct vmap_node *vn;
	unsigned long lowest;
	unsigned int i;

	addr = untagged(addr);
	for (;;) {
		lowest = ULONG_MAX;
		for (i = 0; i < nr_vmap_nodes; i++) {
			vn = &vmap_nodes[i];
			spin_lock(&vn->busy_lock);
			*va = extent_find_next(&vn->busy, addr);
			if (*va)
				lowest = min(lowest, (*va)->va_start);
			spin_unlock(&vn->busy_lock);
		}
		if (lowest == ULONG_MAX)
			return NULL;

		/* It may have been freed meanwhile, or be another: look again. */
		vn = addr_to_node(lowest);
		spin_lock(&vn->busy_lock);
		*va = extent_find(&vn->busy, lowest);
		if (*va && (*va)->va_end > addr) {
			/* For sparse: the caller says that it has it. */
			__release(&vn->busy_lock);
			return vn;
		}
		spin_unlock(&vn->busy_lock);
	}
}

/**
 * vmap_busy_set_pages - let readers see an area with fewer pages
 * @vm: the area, busy; its pages from @nr on are the caller's afterwards
 * @nr: how many it has from now on
 *
 * Context: takes a busy_lock.
 */
void vmap_busy_set_pages(struct vm_struct *vm, unsigned long nr)
{
	unsigned long addr = untagged((unsigned long)vm->addr);
	struct vmap_node *vn = addr_to_node(addr);
	struct vmap_area *va;

	spin_lock(&vn->busy_lock);
	WRITE_ONCE(vm->nr_pages, nr);
	/* Who is in the midst of it knows of pages that go. */
	va = extent_find(&vn->busy, addr);
	if (va)
		end_watches(vn, va);
	spin_unlock(&vn->busy_lock);
}

/**
 * vmap_busy_watch - ask to be told when an area is removed, or has fewer pages
 * @vn: the node that has it
 * @watch: where it is told; in use until vmap_busy_unwatch()
 * @va: the area, busy
 *
 * Context: the node's busy_lock is held.
 */
void vmap_busy_watch(struct vmap_node *vn, struct vmap_watch *watch,
		     struct vmap_area *va)
{
	lockdep_assert_held(&vn->busy_lock);
	watch->va = va;
	hlist_add_head(&watch->link, &vn->watches);
}

/**
 * vmap_busy_unwatch - ask no longer
 * @vn: the node
 * @watch: from vmap_busy_watch()
 *
 * Context: the node's busy_lock is held.
 */
void vmap_busy_unwatch(struct vmap_node *vn, struct vmap_watch *watch)
{
	lockdep_assert_held(&vn->busy_lock);
	hlist_del(&watch->link);
}
