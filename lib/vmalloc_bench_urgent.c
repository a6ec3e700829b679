// SPDX-License-Identifier: GPL-2.0
/*
 * A real-time task that needs memory: how long does it wait for that while
 * others free and drain?
 *
 * "US" written to the parameter "run" starts a task at SCHED_FIFO 80 that wakes
 * every US microseconds, allocates a page and frees it; "0" stops it. Then
 * "run" reads "COUNT LONGEST": how often it did so, and the longest time, in
 * ns, from when it was to wake until it had the page. With "asks" off it only
 * wakes, until it runs.
 *
 * Apart from vmalloc_bench, whose commands end before they return: this one
 * runs beside them. Only a task of the kernel itself can do so while they hold
 * the kernel's parameter lock, which guards all that is here. It is built in or
 * not at all: a module cannot link against what sets a priority.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>
#include <uapi/linux/sched/types.h>

/* Above the storms, which are at 50, and below cyclictest, which is at 90. */
#define URGENT_PRIO	80

/* The task alone writes the results, until it is stopped. */
static struct {
	struct task_struct *task;
	unsigned int interval_us;
	unsigned long count;
	u64 longest_ns;
	bool asks;
	bool failed;
} urgent;

static bool asks = true;
module_param(asks, bool, 0600);
MODULE_PARM_DESC(asks, "Whether a page is asked for each turn (default Y)");

static void urgent_turn(ktime_t due)
{
	void *p = NULL;

	set_current_state(TASK_IDLE);
	/* To be stopped, it is woken before. */
	if (schedule_hrtimeout(&due, HRTIMER_MODE_ABS))
		return;
	if (urgent.asks)
		p = vmalloc(PAGE_SIZE);
	urgent.longest_ns = max_t(u64, urgent.longest_ns,
				  ktime_sub(ktime_get(), due));
	urgent.count++;
	urgent.failed |= urgent.asks && !p;
	vfree(p);
}

static int urgent_loop(void *unused)
{
	while (!kthread_should_stop())
		urgent_turn(ktime_add_us(ktime_get(), urgent.interval_us));
	return 0;
}

static int urgent_start(unsigned int interval_us)
{
	struct sched_param param = { .sched_priority = URGENT_PRIO };
	struct task_struct *task;

	if (urgent.task)
		return -EBUSY;
	task = kthread_create(urgent_loop, NULL, "vmalloc_urgent");
	if (IS_ERR(task))
		return PTR_ERR(task);
	sched_setscheduler_nocheck(task, SCHED_FIFO, &param);
	urgent.task = task;
	urgent.interval_us = interval_us;
	urgent.asks = asks;
	urgent.count = 0;
	urgent.longest_ns = 0;
	urgent.failed = false;
	wake_up_process(task);
	return 0;
}

static int urgent_stop(void)
{
	if (!urgent.task)
		return -EINVAL;
	kthread_stop(urgent.task);
	urgent.task = NULL;
	return urgent.failed ? -ENOMEM : 0;
}

static int run_set(const char *val, const struct kernel_param *kp)
{
	unsigned int interval_us;
	int err = kstrtouint(val, 10, &interval_us);

	/* On the command line: too early for tasks. */
	if (err || system_state < SYSTEM_RUNNING)
		return err ?: -EINVAL;
	return interval_us ? urgent_start(interval_us) : urgent_stop();
}

static int run_get(char *buffer, const struct kernel_param *kp)
{
	if (urgent.task)
		return -EBUSY;
	return sysfs_emit(buffer, "%lu %llu\n", urgent.count,
			  urgent.longest_ns);
}

static const struct kernel_param_ops run_ops = {
	.set = run_set,
	.get = run_get,
};
module_param_cb(run, &run_ops, NULL, 0600);
MODULE_PARM_DESC(run, "Microseconds between two turns, 0 to stop");

MODULE_DESCRIPTION("How long an urgent task waits for memory");
MODULE_LICENSE("GPL");
