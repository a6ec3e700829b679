// SPDX-License-Identifier: GPL-2.0
/* What SERIES=bounded puts into lib/test_vmalloc.c, from the first empty line on. */

/* On 64-bit, more pages than the areas have that purging leaves in pools. */
#define DRAIN_PAGES	(IS_ENABLED(CONFIG_64BIT) ? 257 : 1)
#define DRAIN_AREAS	10000
/* What takes less does not tell a long delay from a short one. */
#define DRAIN_MIN_US	1000

/* Note in @private by how many microseconds a timer's wake-up is late. */
static int drain_sleeper(void *private)
{
	s64 *late = private;
	ktime_t wakeup;

	while (!kthread_should_stop()) {
		wakeup = ktime_add_us(ktime_get(), 100);
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule_hrtimeout(&wakeup, HRTIMER_MODE_ABS);
		*late = max(*late, ktime_us_delta(ktime_get(), wakeup));
	}

	return 0;
}

/* Free every second area of @areas and purge them all at once, on one CPU. */
static int drain_and_sleep(void **areas, int nr)
{
	struct task_struct *sleeper;
	s64 took, late = 0;
	ktime_t start;
	int i, cpu;

	cpu = raw_smp_processor_id();
	if (set_cpus_allowed_ptr(current, cpumask_of(cpu)))
		return -1;

	sleeper = kthread_create(drain_sleeper, &late, "drain_sleeper");
	if (IS_ERR(sleeper)) {
		set_cpus_allowed_ptr(current, cpu_possible_mask);
		return -1;
	}

	kthread_bind(sleeper, cpu);
	sched_set_fifo(sleeper);

	/* Before a worker that is to purge them gets the CPU. */
	sched_set_fifo_low(current);
	for (i = 0; i < nr; i += 2) {
		vunmap(areas[i]);
		areas[i] = NULL;
	}

	wake_up_process(sleeper);
	start = ktime_get();
	vm_unmap_aliases();
	took = ktime_us_delta(ktime_get(), start);
	kthread_stop(sleeper);
	sched_set_normal(current, 0);
	set_cpus_allowed_ptr(current, cpu_possible_mask);

	pr_info("%s: purged in %lld usec, a task was late by %lld usec\n",
		__func__, took, late);
	late -= hrtimer_resolution / NSEC_PER_USEC;

	return took >= DRAIN_MIN_US && late * 4 > took ? -1 : 0;
}

/*
 * A real-time task gets the CPU long before all that was freed is purged.
 */
static int drain_wakeup_test(void)
{
	struct page *page, **pages;
	void **areas;
	int i, nr, ret = -1;

	page = alloc_page(GFP_KERNEL);
	pages = kvmalloc_array(DRAIN_PAGES, sizeof(*pages), GFP_KERNEL);
	areas = kvmalloc_array(DRAIN_AREAS, sizeof(*areas), GFP_KERNEL);
	if (!page || !pages || !areas)
		goto free;

	for (i = 0; i < DRAIN_PAGES; i++)
		pages[i] = page;

	for (nr = 0; nr < DRAIN_AREAS; nr++) {
		areas[nr] = vmap(pages, DRAIN_PAGES, VM_MAP, PAGE_KERNEL);
		if (!areas[nr])
			break;
	}

	ret = drain_and_sleep(areas, nr);
	while (nr)
		vunmap(areas[--nr]);
free:
	kvfree(areas);
	kvfree(pages);
	if (page)
		__free_page(page);

	return ret;
}
