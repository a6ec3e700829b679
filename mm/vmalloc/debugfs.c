// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/vmalloc/stats: what waits now, node by node, and what has
 * been counted. To write 0 to it sets the counters to 0.
 */

#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/kstrtox.h>
#include <linux/seq_file.h>

#include "internal.h"

static void show_arena(struct seq_file *m, unsigned int i)
{
	struct vmap_arena *arena = vmap_arena_at(i);
	unsigned long areas, ranges, pages;

	spin_lock(&arena->lazy_lock);
	areas = arena->lazy_areas;
	ranges = arena->lazy.nr;
	pages = arena->lazy_pages;
	spin_unlock(&arena->lazy_lock);

	if (i < nr_vmap_nodes)
		seq_printf(m, "node%u", i);
	else
		seq_puts(m, "heap");
	seq_printf(m, " lazy_areas %lu lazy_ranges %lu lazy_pages %lu\n",
		   areas, ranges, pages);
}

static void show_spares(struct seq_file *m)
{
	unsigned long at_hand = 0;
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		at_hand += vmap_areas_at_hand(cpu);
	seq_printf(m, "descriptors_at_hand %lu\n", at_hand);
	seq_printf(m, "descriptors_in_depot %lu\n", vmap_areas_in_depot());
}

static int stats_show(struct seq_file *m, void *v)
{
	unsigned long soft = vmap_lazy_soft_limit();
	enum vmap_stat stat;
	unsigned int i;

	seq_printf(m, "soft_limit_pages %lu\n", soft);
	seq_printf(m, "hard_limit_pages %lu\n", vmap_lazy_hard_of_soft(soft));
	seq_printf(m, "waiting_pages %lu\n", vmap_waiting_pages());
	show_spares(m);
	for (stat = 0; stat < VMAP_STATS; stat++)
		seq_printf(m, "%s %lu\n", vmap_stat_name(stat),
			   vmap_stat_read(stat));
	for (i = 0; i <= nr_vmap_nodes; i++)
		show_arena(m, i);
	return 0;
}

static ssize_t stats_write(struct file *file, const char __user *text,
			   size_t len, loff_t *pos)
{
	int err, value;

	err = kstrtoint_from_user(text, len, 0, &value);
	if (err)
		return err;
	if (value)
		return -EINVAL;
	vmap_stats_reset();
	return len;
}

DEFINE_SHOW_STORE_ATTRIBUTE(stats);

static int __init vmap_debugfs_init(void)
{
	debugfs_create_file("stats", 0600, debugfs_create_dir("vmalloc", NULL),
			    NULL, &stats_fops);
	return 0;
}
late_initcall(vmap_debugfs_init);
