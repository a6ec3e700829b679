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

static void busy_unlink(struct vmap_node *vn, struct vmap_area *va)
{
	lockdep_assert_held(&vn->busy_lock);
	extent_remove(&vn->busy, va);
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

/* What to do with an area that is found. */
enum busy_use {
	BUSY_LOOK,		/* nothing */
	BUSY_TAKE_VM,		/* unlink it if a struct vm_struct is bound to it */
	BUSY_TAKE_RAM,		/* unlink it if vm_map_ram() made it whole */
};

static bool may_take(const struct vmap_area *va, enum busy_use use)
{
	if (use == BUSY_TAKE_VM)
		return va->vm;
	return (va->flags & (VMAP_RAM | VMAP_BLOCK)) == VMAP_RAM;
}

/*
 * An area is indexed by its start. If it came from a chunk, the node of @addr
 * is the one; others may reach over several chunks, and start at a lower
 * address: so go down from there. Nodes without areas are passed over unlocked:
 * an area that is added while one looks for it need not be found.
 */
static __always_inline struct vmap_area *busy_find(unsigned long addr,
						   const enum busy_use use)
{
	struct vmap_area *va = NULL;
	unsigned int first, id;
	struct vmap_node *vn;

	if (unlikely(!vmap_initialized))
		return NULL;
	addr = untagged(addr);
	first = addr_to_node_id(addr);
	id = first;
	do {
		vn = &vmap_nodes[id];
		id = (id - 1) & (nr_vmap_nodes - 1);
		if (!READ_ONCE(vn->busy.root.rb_node))
			continue;
		spin_lock(&vn->busy_lock);
		va = extent_find(&vn->busy, addr);
		if (use != BUSY_LOOK && va) {
			if (!may_take(va, use)) {
				spin_unlock(&vn->busy_lock);
				return NULL;
			}
			busy_unlink(vn, va);
		}
		spin_unlock(&vn->busy_lock);
	} while (!va && id != first);
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
	return busy_find(addr, BUSY_LOOK);
}

/**
 * vmap_busy_take - find an area by its address and make it unfindable
 * @addr: an address in it
 * @ram: whether it is an area of its own that vm_map_ram() made, or one that
 *	a struct vm_struct is bound to
 *
 * An area of another kind stays where it is: its owner is somebody else.
 *
 * Context: takes busy_locks.
 * Return: the area, or NULL.
 */
struct vmap_area *vmap_busy_take(unsigned long addr, bool ram)
{
	return ram ? busy_find(addr, BUSY_TAKE_RAM) :
		     busy_find(addr, BUSY_TAKE_VM);
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

		/* It may have been freed meanwhile: then look again. */
		vn = addr_to_node(lowest);
		spin_lock(&vn->busy_lock);
		*va = extent_find(&vn->busy, lowest);
		if (*va) {
			/* For sparse: the caller says that it has it. */
			__release(&vn->busy_lock);
			return vn;
		}
		spin_unlock(&vn->busy_lock);
	}
}
