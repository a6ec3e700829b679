// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/vmallocinfo: a line for each area in use, node by node, and then one
 * for each range that waits for a drain.
 *
 * A line is looked up by its address and printed under one lock, which is
 * dropped after it: a reader holds up allocations for no longer than a line
 * takes, however many areas there are. What comes and goes meanwhile may be
 * listed or not.
 */
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/overflow.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "internal.h"

/* Pages counted under one hold of a busy_lock: 20 us if none is cached. */
#define PAGES_PER_HOLD	256U

/**
 * struct info_cursor - where a reader of /proc/vmallocinfo is
 * @set: index of the set being listed: busy ones by node, then lazy ones as
 *	for_each_vmap_arena() has them
 * @addr: the line is that of the first area in the set to end above this
 * @next: the same for the line after it; 0 if the set has no more of them
 * @pages_on: scratch: pages of an area on each memory node
 */
struct info_cursor {
	unsigned int set;
	unsigned long addr;
	unsigned long next;
	unsigned int pages_on[];
};

static unsigned int nr_sets(void)
{
	return 2 * nr_vmap_nodes + 1;
}

static const struct {
	unsigned long flag;
	const char *name;
} vm_flag_names[] = {
	{ VM_IOREMAP, " ioremap" },
	{ VM_SPARSE, " sparse" },
	{ VM_ALLOC, " vmalloc" },
	{ VM_MAP, " vmap" },
	{ VM_USERMAP, " user" },
	{ VM_DMA_COHERENT, " dma-coherent" },
};

static void show_range(struct seq_file *m, const struct vmap_area *va,
		       const char *what)
{
	seq_printf(m, "0x%pK-0x%pK %7lu %s\n", (void *)va->va_start,
		   (void *)va->va_end, va_size(va), what);
}

/* A line but for its end. Of what owners fill in unlocked, it may be too early. */
static void show_vm(struct seq_file *m, const struct vm_struct *vm)
{
	/* ioremap() stores it. Where that is two words, half of it may show. */
	phys_addr_t phys_addr = data_race(vm->phys_addr);
	/* set_vm_flush_reset_perms() sets one that is not shown. */
	unsigned long flags = data_race(vm->flags);
	unsigned int nr_pages;
	int i;

	/* Pairs with the release in vmap(): the array is there with them. */
	nr_pages = smp_load_acquire(&vm->nr_pages);
	seq_printf(m, "0x%pK-0x%pK %7lu", vm->addr, vm->addr + vm->size,
		   vm->size);
	if (vm->caller)
		seq_printf(m, " %pS", vm->caller);
	if (nr_pages)
		seq_printf(m, " pages=%u", nr_pages);
	if (phys_addr)
		seq_printf(m, " phys=%pa", &phys_addr);
	for (i = 0; i < ARRAY_SIZE(vm_flag_names); i++) {
		if (flags & vm_flag_names[i].flag)
			seq_puts(m, vm_flag_names[i].name);
	}
	/* Some set it while the area can be found, and have no nr_pages. */
	if (is_vmalloc_addr(data_race(vm->pages)))
		seq_puts(m, " vpages");
}

/*
 * Adds up at most PAGES_PER_HOLD pages, from @nr on. Returns how far it has
 * come, or 0 after the last one. The area may be another one by now, or gone:
 * then the sum is of no use to anybody, but no page is looked at in vain.
 */
static unsigned int count_pages(struct vmap_node *vn, unsigned long addr,
				unsigned int nr, unsigned int *pages_on)
{
	struct vmap_area *va;
	unsigned int end = 0;
	unsigned int all = 0;

	spin_lock(&vn->busy_lock);
	va = extent_find(&vn->busy, addr);
	if (va && va->vm && vm_area_published(va->vm)) {
		/* Pairs with the release in vmap(). */
		all = smp_load_acquire(&va->vm->nr_pages);
		for (end = min(all, nr + PAGES_PER_HOLD); nr < end; nr++)
			pages_on[page_to_nid(va->vm->pages[nr])]++;
	}
	spin_unlock(&vn->busy_lock);
	cond_resched();
	return end < all ? end : 0;
}

static void show_pages_on(struct seq_file *m, struct vmap_node *vn,
			  struct info_cursor *cursor, unsigned long addr)
{
	unsigned int nr = 0;
	int nid;

	memset(cursor->pages_on, 0,
	       array_size(nr_node_ids, sizeof(cursor->pages_on[0])));
	do {
		nr = count_pages(vn, addr, nr, cursor->pages_on);
	} while (nr);

	for_each_node_state(nid, N_HIGH_MEMORY) {
		if (cursor->pages_on[nid])
			seq_printf(m, " N%u=%u", nid, cursor->pages_on[nid]);
	}
}

static void show_busy(struct seq_file *m, struct info_cursor *cursor)
{
	struct vmap_node *vn = &vmap_nodes[cursor->set];
	unsigned long start = 0;
	struct vmap_area *va;

	spin_lock(&vn->busy_lock);
	va = extent_find_next(&vn->busy, cursor->addr);
	cursor->next = va ? va->va_end : 0;
	if (va && !va->vm && va->flags & VMAP_RAM) {
		show_range(m, va, "vm_map_ram");
	} else if (va && va->vm && vm_area_published(va->vm)) {
		start = va->va_start;
		show_vm(m, va->vm);
	}
	spin_unlock(&vn->busy_lock);

	if (!start)
		return;
	if (IS_ENABLED(CONFIG_NUMA))
		show_pages_on(m, vn, cursor, start);
	seq_putc(m, '\n');
}

static void show_lazy(struct seq_file *m, struct info_cursor *cursor)
{
	struct vmap_arena *arena = vmap_arena_at(cursor->set - nr_vmap_nodes);
	struct vmap_area *va;

	spin_lock(&arena->lazy_lock);
	va = extent_find_next(&arena->lazy, cursor->addr);
	cursor->next = va ? va->va_end : 0;
	if (va)
		show_range(m, va, "unpurged vm_area");
	spin_unlock(&arena->lazy_lock);
}

/* May be called twice for a line, if it does not fit the buffer. */
static int info_show(struct seq_file *m, void *v)
{
	struct info_cursor *cursor = v;

	if (cursor->set < nr_vmap_nodes)
		show_busy(m, cursor);
	else
		show_lazy(m, cursor);
	return 0;
}

static void *info_start(struct seq_file *m, loff_t *pos)
{
	struct info_cursor *cursor = m->private;

	/* Otherwise it goes on where info_next() has left off. */
	if (!*pos) {
		cursor->set = 0;
		cursor->addr = 0;
	}
	return cursor->set < nr_sets() ? cursor : NULL;
}

static void *info_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct info_cursor *cursor = v;

	++*pos;
	cursor->addr = cursor->next;
	if (!cursor->next)
		cursor->set++;
	return cursor->set < nr_sets() ? cursor : NULL;
}

static void info_stop(struct seq_file *m, void *v)
{
}

static const struct seq_operations info_ops = {
	.start = info_start,
	.next = info_next,
	.stop = info_stop,
	.show = info_show,
};

static int __init vmallocinfo_init(void)
{
	size_t size = struct_size_t(struct info_cursor, pages_on, nr_node_ids);

	proc_create_seq_private("vmallocinfo", 0400, NULL, &info_ops, size,
				NULL);
	return 0;
}
device_initcall(vmallocinfo_init);
