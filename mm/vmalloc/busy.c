// SPDX-License-Identifier: GPL-2.0-only
/*
 * The index of busy areas.
 *
 * Each node has the areas whose start hashes to it. They are added and removed
 * with the node's busy_lock held. A lookup, as each check of usercopy makes one,
 * takes no lock and writes nothing: it looks at what there is, and if nothing was
 * added to the node or removed from it meanwhile, what it has found is right, and
 * that it has found nothing as well. Else it is made again with the lock held, so
 * that nobody can keep it from an end.
 *
 * A table of hints spares most of them the descent of the tree: for each few pages
 * an area that starts there. From it the others are a step or two away.
 */

#include <linux/err.h>
#include <linux/kasan.h>
#include <linux/rcupdate.h>
#include <linux/seqlock.h>

#include "internal.h"

bool vmap_initialized __read_mostly;

static unsigned long untagged(unsigned long addr)
{
	return (unsigned long)kasan_reset_tag((void *)addr);
}

/* === Hints === */

static bool same_hint(unsigned long a, unsigned long b)
{
	return !((a ^ b) >> VMAP_HINT_SHIFT);
}

/* An area below @va, which is in @vn->busy, that starts in the same pages. */
static struct vmap_area *hint_below(struct vmap_node *vn,
				    const struct vmap_area *va)
{
	struct vmap_area *below = extent_below(&vn->busy, va);

	return below && same_hint(below->va_start, va->va_start) ? below : NULL;
}

/* === Adding and removing === */

/*
 * The nodes that have areas which reach over the end of a chunk, and so have
 * addresses that hash to others; all of them are from the heap. Changed under the
 * busy_lock of the node.
 */
static DECLARE_BITMAP(reaching_nodes, VMAP_MAX_NODES);

static bool same_chunk(unsigned long a, unsigned long b)
{
	return !((a ^ b) >> VMAP_CHUNK_SHIFT);
}

static bool reaches_over(const struct vmap_area *va)
{
	return unlikely(!(va->flags & VMAP_CHUNKED)) &&
	       !same_chunk(va->va_start, va->va_end - 1);
}

static unsigned int next_reaching(unsigned int id)
{
	return vmap_next_bit(reaching_nodes, id, nr_vmap_nodes);
}

static void reaching_added(struct vmap_node *vn)
{
	lockdep_assert_held(&vn->busy_lock);
	if (!vn->reaching++)
		set_bit(vn - vmap_nodes, reaching_nodes);
}

static void reaching_removed(struct vmap_node *vn)
{
	lockdep_assert_held(&vn->busy_lock);
	if (!--vn->reaching)
		clear_bit(vn - vmap_nodes, reaching_nodes);
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
	WRITE_ONCE(va->vm, vm);
	raw_write_seqcount_begin(&vn->busy_seq);
	err = extent_insert(&vn->busy, va);
	if (!err) {
		/* Lookups follow it before they know if it is there still. */
		WRITE_ONCE(*addr_to_hint(vn, va->va_start), va);
		if (reaches_over(va))
			reaching_added(vn);
		vmap_debug_moved(-va_size(va));
	}
	raw_write_seqcount_end(&vn->busy_seq);
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

static __always_inline void busy_unlink(struct vmap_node *vn,
					struct vmap_area *va)
{
	struct vmap_area **hint = addr_to_hint(vn, va->va_start);

	lockdep_assert_held(&vn->busy_lock);
	raw_write_seqcount_begin(&vn->busy_seq);
	if (*hint == va)
		WRITE_ONCE(*hint, hint_below(vn, va));
	extent_remove(&vn->busy, va);
	raw_write_seqcount_end(&vn->busy_seq);
	if (reaches_over(va))
		reaching_removed(vn);
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

/* === Lookups === */

/**
 * struct vmap_found - what a lookup has found
 * @va: the area, or NULL
 * @vm: its struct vm_struct when it was found, or NULL
 *
 * Both are of one time: who looks up what others free gets no other area's @vm.
 */
struct vmap_found {
	struct vmap_area *va;
	struct vm_struct *vm;
};

/* From the root of the tree on; an error pointer if something has changed. */
static noinline struct vmap_area *peek_tree(const struct vmap_node *vn,
					    unsigned int seq,
					    unsigned long addr)
{
	struct vmap_area *below;

	if (!extent_peek_below(&vn->busy, addr, &vn->busy_seq, seq, &below))
		return ERR_PTR(-EAGAIN);
	return below;
}

/*
 * Step from *@va, which starts in the same few pages as @addr, to the highest area
 * that starts at or below it, or to NULL. As long as nothing has changed, what is
 * linked is an area of the node, so that is asked before each step. Returns false
 * if something has.
 */
static __always_inline bool peek_near(const struct vmap_node *vn,
				      unsigned int seq, unsigned long addr,
				      struct vmap_area **va)
{
	const bool up = addr >= READ_ONCE((*va)->va_start);
	struct vmap_area *next;

	for (;;) {
		const struct list_head *link;

		link = up ? READ_ONCE((*va)->list.next) :
			    READ_ONCE((*va)->list.prev);
		if (read_seqcount_retry(&vn->busy_seq, seq))
			return false;
		next = link_to_va(&vn->busy, link);
		if (up && (!next || addr < READ_ONCE(next->va_start)))
			return true;
		*va = next;
		if (!up && (!next || addr >= READ_ONCE(next->va_start)))
			return true;
	}
}

/* As peek_near(), by the hint, or by the tree if that is of other pages. */
static __always_inline bool peek_below(struct vmap_node *vn, unsigned int seq,
				       unsigned long addr,
				       struct vmap_area **below)
{
	struct vmap_area *va = READ_ONCE(*addr_to_hint(vn, addr));

	*below = va;
	if (likely(va)) {
		const unsigned long start = READ_ONCE(va->va_start);

		if (addr >= start && addr < READ_ONCE(va->va_end))
			return true;
		if (same_hint(start, addr))
			return peek_near(vn, seq, addr, below);
	}
	*below = peek_tree(vn, seq, addr);
	return !IS_ERR(*below);
}

/* What is known after a look at a node. */
enum vmap_look { VMAP_FOUND, VMAP_NOWHERE, VMAP_NOT_HERE, VMAP_CHANGES };

/*
 * Where an area of the same chunk lies below the address, none can reach over it
 * from another chunk.
 */
static __always_inline enum vmap_look node_peek(struct vmap_node *vn,
						unsigned long addr,
						struct vmap_found *found)
{
	enum vmap_look look = VMAP_CHANGES;
	struct vmap_area *va;
	unsigned int seq;

	/* What was a descriptor stays one: see vmap_areas_trim(). */
	rcu_read_lock_sched();
	/* Does not wait for who changes it, who may be preempted. */
	seq = raw_seqcount_begin(&vn->busy_seq);
	if (likely(peek_below(vn, seq, addr, &va))) {
		look = VMAP_NOT_HERE;
		if (va && addr < READ_ONCE(va->va_end)) {
			look = VMAP_FOUND;
			found->va = va;
			found->vm = READ_ONCE(va->vm);
		} else if (va && same_chunk(READ_ONCE(va->va_start),
					    addr)) {
			look = VMAP_NOWHERE;
		}
		if (read_seqcount_retry(&vn->busy_seq, seq))
			look = VMAP_CHANGES;
	}
	rcu_read_unlock_sched();
	return look;
}

static struct vmap_found node_find_locked(struct vmap_node *vn,
					  unsigned long addr)
{
	struct vmap_found found;

	spin_lock(&vn->busy_lock);
	found.va = extent_find(&vn->busy, addr);
	found.vm = found.va ? found.va->vm : NULL;
	spin_unlock(&vn->busy_lock);
	return found;
}

/*
 * Not in @home, or something changes there. If the area that has the address came
 * from a chunk, @home is its node. Others may reach over several chunks, and start
 * at a lower address. An area that is added while one looks for it need not be
 * found, so any state of the bits will do that is read.
 */
static noinline struct vmap_found find_elsewhere(struct vmap_node *home,
						 unsigned long addr,
						 bool changes)
{
	struct vmap_found found = {};
	struct vmap_node *vn;
	unsigned int id;

	if (changes)
		found = node_find_locked(home, addr);
	for (id = next_reaching(0); id < nr_vmap_nodes;
	     id = next_reaching(id + 1)) {
		if (found.va)
			break;
		vn = &vmap_nodes[id];
		if (vn != home &&
		    unlikely(node_peek(vn, addr, &found) == VMAP_CHANGES))
			found = node_find_locked(vn, addr);
	}
	return found;
}

/* Before vmalloc is up, there is one node, and nothing in it. */
static __always_inline struct vmap_found busy_find(unsigned long addr)
{
	struct vmap_found found = {};
	struct vmap_node *home;
	enum vmap_look look;

	addr = untagged(addr);
	home = addr_to_node(addr);
	look = node_peek(home, addr, &found);
	if (unlikely(look == VMAP_CHANGES))
		return find_elsewhere(home, addr, true);
	if (unlikely(look == VMAP_NOT_HERE))
		return find_elsewhere(home, addr, false);
	if (look == VMAP_NOWHERE)
		return (struct vmap_found){};
	return found;
}

/**
 * find_vmap_area - find the busy area that an address lies in
 * @addr: the address
 *
 * Context: process, also where it must not sleep, and RCU watches. While the areas of
 * a node change, it takes a busy_lock, which interrupts must not take. It is up to the
 * caller that the area is not freed while it is looked at.
 * Return: the area, or NULL.
 */
struct vmap_area *find_vmap_area(unsigned long addr)
{
	return busy_find(addr).va;
}

/**
 * vmap_busy_find_vm - find the struct vm_struct of a busy area
 * @addr: an address in it
 *
 * Context: as find_vmap_area().
 * Return: what it was bound to when it was found; NULL if there is no such area,
 * or it is one of vm_map_ram().
 */
struct vm_struct *vmap_busy_find_vm(unsigned long addr)
{
	return busy_find(addr).vm;
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
	struct vmap_node *home;
	struct vmap_area *va;
	unsigned int id;

	if (unlikely(!vmap_initialized))
		return NULL;
	addr = untagged(addr);
	home = addr_to_node(addr);
	va = node_take(home, addr, vm, ram_size);
	if (likely(va))
		return va;
	for (id = next_reaching(0); id < nr_vmap_nodes;
	     id = next_reaching(id + 1)) {
		if (&vmap_nodes[id] != home)
			va = node_take(&vmap_nodes[id], addr, vm, ram_size);
		if (va)
			break;
	}
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

static struct vmap_node *vm_to_node(const struct vm_struct *vm)
{
	return addr_to_node(untagged((unsigned long)vm->addr));
}

/* The busy area that @vm is bound to, in @vn, which is its node; NULL if there is none. */
static struct vmap_area *busy_area_of(struct vmap_node *vn,
				      const struct vm_struct *vm)
{
	struct vmap_area *va;

	lockdep_assert_held(&vn->busy_lock);
	va = extent_find(&vn->busy, untagged((unsigned long)vm->addr));
	return va && va->vm == vm ? va : NULL;
}

/**
 * vmap_busy_set_pages - let readers see an area with more or fewer pages
 * @vm: the area, busy; its pages from @nr on are the caller's afterwards
 * @nr: how many it has from now on
 *
 * Context: takes a busy_lock.
 */
void vmap_busy_set_pages(struct vm_struct *vm, unsigned long nr)
{
	struct vmap_node *vn = vm_to_node(vm);
	struct vmap_area *va;

	spin_lock(&vn->busy_lock);
	/* Who is in the midst of it knows of pages that go. */
	va = nr < vm->nr_pages ? busy_area_of(vn, vm) : NULL;
	if (va) {
		va->flags |= VMAP_SHRUNK;
		end_watches(vn, va);
	}
	WRITE_ONCE(vm->nr_pages, nr);
	spin_unlock(&vn->busy_lock);
}

/**
 * vmap_busy_was_shrunk - tell whether an area has had fewer pages since asked last
 * @vm: the area, busy
 *
 * If so, TLBs may have what was mapped above its pages.
 *
 * Context: takes a busy_lock.
 * Return: whether it has.
 */
bool vmap_busy_was_shrunk(struct vm_struct *vm)
{
	struct vmap_node *vn = vm_to_node(vm);
	struct vmap_area *va;
	bool shrunk = false;

	spin_lock(&vn->busy_lock);
	va = busy_area_of(vn, vm);
	if (va) {
		shrunk = va->flags & VMAP_SHRUNK;
		va->flags &= ~VMAP_SHRUNK;
	}
	spin_unlock(&vn->busy_lock);
	return shrunk;
}

/**
 * vmap_busy_above - tell what an area would reach into if it were larger
 * @vm: the area, busy
 * @va: gets the address where it ends, and the flag that says who owns those below
 *
 * Context: takes a busy_lock.
 * Return: whether there is such an area.
 */
bool vmap_busy_above(const struct vm_struct *vm, struct vmap_area *va)
{
	struct vmap_node *vn = vm_to_node(vm);
	const struct vmap_area *below;

	spin_lock(&vn->busy_lock);
	below = busy_area_of(vn, vm);
	if (below) {
		va->va_start = below->va_end;
		va->flags = below->flags & VMAP_CHUNKED;
	}
	spin_unlock(&vn->busy_lock);
	return below;
}

/**
 * vmap_busy_extend - let an area have what lies above it as well
 * @vm: the area, busy
 * @above: the range, from vmap_space_take_above(); of no more use afterwards
 * @pages: the array that @vm has from now on, with what is in its own
 *
 * Who is in the midst of the area's pages is told, since its array goes.
 *
 * Context: takes a busy_lock. Nobody else resizes or frees the area meanwhile.
 * Return: true; false if somebody has, and then nothing has changed.
 */
bool vmap_busy_extend(struct vm_struct *vm, const struct vmap_area *above,
		      struct page **pages)
{
	struct vmap_node *vn = vm_to_node(vm);
	struct vmap_area *va;
	bool reached, is;

	spin_lock(&vn->busy_lock);
	va = busy_area_of(vn, vm);
	is = va && va->va_end == above->va_start;
	if (likely(is)) {
		reached = reaches_over(va);
		raw_write_seqcount_begin(&vn->busy_seq);
		WRITE_ONCE(va->va_end, above->va_end);
		if (!reached && reaches_over(va))
			reaching_added(vn);
		raw_write_seqcount_end(&vn->busy_seq);
		WRITE_ONCE(vm->size, va_size(va));
		end_watches(vn, va);
		WRITE_ONCE(vm->pages, pages);
		vmap_debug_moved(-va_size(above));
	}
	spin_unlock(&vn->busy_lock);
	WARN_ONCE(!is, "vmalloc: the area at %#lx is resized or freed by two\n",
		  (unsigned long)vm->addr);
	return is;
}

/**
 * vmap_busy_watch - ask to be told when an area is removed, has fewer pages, or
 *	another array of them
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
