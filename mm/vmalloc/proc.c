// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/vmallocinfo: a line for each area in use, node by node, and then one
 * for each range that waits for a drain.
 *
 * A line is looked up by its address. What it says is copied under one lock, and
 * printed under none: a reader holds up allocations for no longer than that and
 * a look at some pages take, however many areas there are. What comes and goes
 * meanwhile may be listed or not; but a line is of one area at one time, see
 * count_pages().
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
#define PAGES_PER_HOLD	256UL

/**
 * struct info_cursor - where a reader of /proc/vmallocinfo is
 * @set: index of the set being listed: busy ones by node, then lazy ones as
 *	for_each_vmap_arena() has them
 * @addr: the line is that of the first area in the set to begin here or above
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

/**
 * struct info_record - what a line says
 * @addr: where the area starts
 * @size: bytes, guard page included
 * @what: what it is, if it has no owner that is known; then nothing follows
 * @caller: who has made it
 * @phys_addr: what it maps, if it is device memory
 * @flags: VM_*
 * @nr_pages: how many pages it has, if they are known
 * @vpages: whether the array of its pages is vmalloc()ed
 */
struct info_record {
	const void *addr;
	unsigned long size;
	const char *what;
	const void *caller;
	phys_addr_t phys_addr;
	unsigned long flags;
	unsigned long nr_pages;
	bool vpages;
};

static void record_range(struct info_record *rec, const struct vmap_area *va,
			 const char *what)
{
	rec->addr = (void *)va->va_start;
	rec->size = va_size(va);
	rec->what = what;
}

/* Of what owners fill in unlocked, it may be too early; what is there, stays. */
static void record_vm(struct info_record *rec, const struct vm_struct *vm)
{
	/* KASAN may be giving it a tag: read once, the line's ends agree. */
	rec->addr = data_race(READ_ONCE(vm->addr));
	rec->size = vm->size;
	rec->what = NULL;
	rec->caller = vm->caller;
	/* ioremap() stores it. Where that is two words, half of it may show. */
	rec->phys_addr = data_race(vm->phys_addr);
	/* set_vm_flush_reset_perms() sets one that is not shown. */
	rec->flags = data_race(vm->flags);
	/* Pairs with the release in vmap(): the array is there with them. */
	rec->nr_pages = smp_load_acquire(&vm->nr_pages);
	/* Some set it while the area can be found, and have no nr_pages. */
	rec->vpages = is_vmalloc_addr(data_race(vm->pages));
}

/* Returns whether @va is one that is listed. */
static bool record_busy(struct info_record *rec, const struct vmap_area *va)
{
	if (!va->vm) {
		record_range(rec, va, "vm_map_ram");
		return va->flags & VMAP_RAM;
	}
	if (!vm_area_published(va->vm))
		return false;
	record_vm(rec, va->vm);
	return true;
}

/*
 * Counts the @nr_pages pages of @va by memory node, into @pages_on, which is
 * zeroed. The lock is dropped on the way: after that another area may have the
 * address, and the very descriptors, of this one. But once an area is published
 * these pages stay where they are until it is removed, or loses some or their array,
 * and of that the watch tells. So who counts to the end has counted what the record says, and no
 * look at other areas is needed, whatever becomes of them. Nor is it begun anew.
 *
 * Returns false if the area has been removed, has shrunk or got another array
 * meanwhile.
 */
static bool count_pages(struct vmap_node *vn, struct vmap_area *va,
			unsigned long nr_pages, unsigned int *pages_on)
{
	struct page **pages = va->vm->pages;
	struct vmap_watch watch;
	unsigned long nr = 0;
	unsigned long end;

	lockdep_assert_held(&vn->busy_lock);
	vmap_busy_watch(vn, &watch, va);
	for (;;) {
		end = min(nr_pages, nr + PAGES_PER_HOLD);
		for (; nr < end; nr++) {
			/* In a word with flags that others change; it stays. */
			pages_on[data_race(page_to_nid(pages[nr]))]++;
		}
		if (nr == nr_pages)
			break;
		spin_unlock(&vn->busy_lock);
		cond_resched();
		spin_lock(&vn->busy_lock);
		if (!watch.va)
			break;
	}
	vmap_busy_unwatch(vn, &watch);
	return nr == nr_pages;
}

static void show_record(struct seq_file *m, const struct info_record *rec)
{
	int i;

	seq_printf(m, "0x%pK-0x%pK %7lu", rec->addr, rec->addr + rec->size,
		   rec->size);
	if (rec->what) {
		seq_printf(m, " %s", rec->what);
		return;
	}
	if (rec->caller)
		seq_printf(m, " %pS", rec->caller);
	if (rec->nr_pages)
		seq_printf(m, " pages=%lu", rec->nr_pages);
	if (rec->phys_addr)
		seq_printf(m, " phys=%pa", &rec->phys_addr);
	for (i = 0; i < ARRAY_SIZE(vm_flag_names); i++) {
		if (rec->flags & vm_flag_names[i].flag)
			seq_puts(m, vm_flag_names[i].name);
	}
	if (rec->vpages)
		seq_puts(m, " vpages");
}

/* Of all nodes: one whose memory can only be moved has pages of vmap()s. */
static void show_pages_on(struct seq_file *m, const unsigned int *pages_on)
{
	unsigned int nid;

	for (nid = 0; nid < nr_node_ids; nid++) {
		if (pages_on[nid])
			seq_printf(m, " N%u=%u", nid, pages_on[nid]);
	}
}

/*
 * What begins below has come since the line before, and lies over what that says:
 * addresses of a set ascend, whatever becomes of its areas meanwhile.
 */
static struct vmap_area *next_listed(const struct rb_list *set,
				     unsigned long addr)
{
	struct vmap_area *va = extent_find_next(set, addr);

	return va && va->va_start < addr ? extent_above(set, va) : va;
}

static void show_busy(struct seq_file *m, struct info_cursor *cursor)
{
	struct vmap_node *vn = &vmap_nodes[cursor->set];
	unsigned int *pages_on = cursor->pages_on;
	struct info_record rec = {};
	struct vmap_area *va;
	bool known;

	memset(pages_on, 0, array_size(nr_node_ids, sizeof(*pages_on)));
	spin_lock(&vn->busy_lock);
	va = next_listed(&vn->busy, cursor->addr);
	cursor->next = va ? va->va_end : 0;
	known = va && record_busy(&rec, va);
	if (IS_ENABLED(CONFIG_NUMA) && known && rec.nr_pages)
		known = count_pages(vn, va, rec.nr_pages, pages_on);
	spin_unlock(&vn->busy_lock);

	if (!known)
		return;
	show_record(m, &rec);
	show_pages_on(m, pages_on);
	seq_putc(m, '\n');
}

static void show_lazy(struct seq_file *m, struct info_cursor *cursor)
{
	struct vmap_arena *arena = vmap_arena_at(cursor->set - nr_vmap_nodes);
	struct info_record rec;
	struct vmap_area *va;

	spin_lock(&arena->lazy_lock);
	va = next_listed(&arena->lazy, cursor->addr);
	cursor->next = va ? va->va_end : 0;
	if (va)
		record_range(&rec, va, "unpurged vm_area");
	spin_unlock(&arena->lazy_lock);

	if (!va)
		return;
	show_record(m, &rec);
	seq_putc(m, '\n');
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
