// SPDX-License-Identifier: GPL-2.0-only
/*
 * What users may set: how much may wait for a drain, and how much of it is
 * made free at a time.
 *
 *	sysctl and boot parameter	range		by default
 *	vm.vmap_drain_batch		1..1024		32 ranges
 *	vm.vmap_lazy_max_pages		0..INT_MAX	0: by the number of CPUs
 *
 * A value that makes no sense is refused, and the one before stays.
 */

#include <linux/cpumask.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/sizes.h>
#include <linux/sysctl.h>

#include "internal.h"

/* In ranges: a hold of 0.1 to 0.3 ms, see below, beyond which none is useful. */
#define BATCH_MAX	1024

/*
 * The longest hold of an arena's lock while ranges are made free, in ranges. At
 * some 110 to 260 instructions each (make bench, drain_checkerboard and
 * drain_both) 32 of them are 4 to 8 us at 1,000 instructions a us, below the
 * 20 us that are the aim, and taking the lock costs little beside so many.
 */
static int drain_batch __read_mostly = 32;

static int lazy_max_pages __read_mostly;

static int batch_min = 1, batch_max = BATCH_MAX;

/* Called when vm.vmap_lazy_max_pages has been set. */
static void (*limits_changed)(void) __ro_after_init;

/**
 * vmap_drain_batch - tell how many ranges are made free in one hold of a lock
 *
 * Return: their number.
 */
unsigned int vmap_drain_batch(void)
{
	return READ_ONCE(drain_batch);
}

/**
 * vmap_lazy_soft_limit - tell how much may wait before a drain is started
 *
 * By default 32 MiB for the first CPU that is online, and again for each
 * doubling of their number. More pages mean fewer flushes, each of which
 * interrupts every CPU, but also more addresses and page tables held. The
 * logarithm is for large machines, whose use of vmalloc does not grow with
 * every CPU.
 *
 * Return: pages.
 */
unsigned long vmap_lazy_soft_limit(void)
{
	int pages = READ_ONCE(lazy_max_pages);

	return pages ?: fls(num_online_cpus()) * (SZ_32M / PAGE_SIZE);
}

/**
 * vmap_lazy_hard_limit - tell how much may wait before allocations lend a hand
 *
 * Return: pages.
 */
unsigned long vmap_lazy_hard_limit(void)
{
	return vmap_lazy_hard_of_soft(vmap_lazy_soft_limit());
}

/**
 * vmap_limits_init - ask to be told when more or less may wait
 * @changed: called in process context after vm.vmap_lazy_max_pages was set
 *
 * Context: boot, one CPU.
 */
void __init vmap_limits_init(void (*changed)(void))
{
	limits_changed = changed;
}

#ifdef CONFIG_SYSCTL
/* proc_dointvec_minmax() takes the first of several numbers: refuse them all. */
static int set_one(const struct ctl_table *table, int write, void *text,
		   size_t *len, loff_t *pos)
{
	int value = READ_ONCE(*(int *)table->data);
	struct ctl_table one = *table;
	size_t given = *len;
	int err;

	one.data = &value;
	err = proc_dointvec_minmax(&one, write, text, len, pos);
	if (err || !write)
		return err;
	if (*len != given)
		return -EINVAL;
	WRITE_ONCE(*(int *)table->data, value);
	return 0;
}

static int set_lazy_max(const struct ctl_table *table, int write, void *text,
			size_t *len, loff_t *pos)
{
	int err = set_one(table, write, text, len, pos);

	if (write && !err && limits_changed)
		limits_changed();
	return err;
}

static struct ctl_table vmap_sysctls[] = {
	{
		.procname	= "vmap_drain_batch",
		.data		= &drain_batch,
		.maxlen		= sizeof(drain_batch),
		.mode		= 0644,
		.proc_handler	= set_one,
		.extra1		= &batch_min,
		.extra2		= &batch_max,
	},
	{
		.procname	= "vmap_lazy_max_pages",
		.data		= &lazy_max_pages,
		.maxlen		= sizeof(lazy_max_pages),
		.mode		= 0644,
		.proc_handler	= set_lazy_max,
		.extra1		= SYSCTL_ZERO,
		.extra2		= SYSCTL_INT_MAX,
	},
};

static int __init vmap_sysctls_init(void)
{
	register_sysctl_init("vm", vmap_sysctls);
	return 0;
}
device_initcall(vmap_sysctls_init);
#endif /* CONFIG_SYSCTL */

static int __init set_number(const char *name, const char *text, int min,
			     int max, int *number)
{
	int value;

	if (kstrtoint(text, 0, &value) || value < min || value > max)
		pr_err("vmalloc: %s%s is not a number from %d to %d, it stays %d\n",
		       name, text, min, max, *number);
	else
		*number = value;
	return 1;
}

static int __init set_drain_batch(char *text)
{
	return set_number("vmap_drain_batch=", text, batch_min, batch_max,
			  &drain_batch);
}
__setup("vmap_drain_batch=", set_drain_batch);

static int __init set_lazy_max_pages(char *text)
{
	return set_number("vmap_lazy_max_pages=", text, 0, INT_MAX,
			  &lazy_max_pages);
}
__setup("vmap_lazy_max_pages=", set_lazy_max_pages);
