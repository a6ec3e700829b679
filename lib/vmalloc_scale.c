// SPDX-License-Identifier: GPL-2.0
/*
 * What CPUs tell each other's caches while they use vmalloc: operations on all of
 * them, for someone who counts.
 *
 * "WORKLOAD ROUNDS" written to the parameter "run" has a task on each CPU that is
 * online take turns with the others: one operation, then it is the next CPU's
 * turn. So nobody waits for a lock, and which lines of memory have to move from
 * one cache to another depends on the code alone, not on who happens to be
 * quicker. "run" then reads "scale WORKLOAD OPERATIONS"; "workloads" has the names
 * that there are.
 *
 * Nothing is counted here. Who does that, as a plugin of QEMU's, looks for calls of
 * five functions that do nothing: scale_watch(), whose first call says that
 * what caches have is to be followed from now on; scale_begin() and scale_end()
 * around the rounds that count, which others have preceded; and scale_enter() and
 * scale_leave() around each operation. What a workload needs, takes from another
 * CPU, or hands on to one, is fetched and left outside of these two.
 *
 * It is built in or not at all: get_vm_area() and find_vm_area() are not exported.
 *
 * Locking: a parameter write holds the kernel's parameter lock, so only one
 * workload runs at a time. Of its tasks, only the one whose turn it is looks at
 * what the others have left.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cache.h>
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/numa.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/signal.h>
#include <linux/string.h>
#include <linux/stringify.h>
#include <linux/sysfs.h>
#include <linux/uio.h>
#include <linux/vmalloc.h>

/* Rounds before those that count: caches, slabs and pools are warm by then. */
#define SCALE_WARM_ROUNDS	16
#define SCALE_MAX_ROUNDS	100000
/*
 * The first CPU drains after so many rounds, and is not counted: what was freed is
 * handed out again, as it is in a system that has run for long.
 */
#define SCALE_DRAIN_ROUNDS	32
/* Where most operations only look something up, every tenth does not. */
#define SCALE_FINDS		10

/* Comments that differ, or the compiler would make one function of all five. */
#define SCALE_MARK(name)					\
	static noinline void name(void)				\
	{							\
		asm volatile("/* " #name " */" : : : "memory");	\
	}

SCALE_MARK(scale_watch)
SCALE_MARK(scale_begin)
SCALE_MARK(scale_end)
SCALE_MARK(scale_enter)
SCALE_MARK(scale_leave)

/* What a CPU works with; while it runs, nobody else touches its first line. */
struct scale_cpu {
	unsigned int index;
	unsigned int round;
	struct page *page;
	void *taken;		/* from the CPU before, for this operation */
	void *made;		/* by this operation, for the next CPU */
	void *gone;		/* where nothing is any more */
	struct scale_cpu *before;
	struct task_struct *task;
	/* What the next CPU finds and frees. */
	void *left ____cacheline_aligned;
};

static DEFINE_PER_CPU_ALIGNED(struct scale_cpu, scale_cpus);

struct scale_workload {
	const char *name;
	int (*op)(struct scale_cpu *cpu);
	bool takes;		/* for good what the CPU before has left */
	bool undisturbed;	/* by interrupts, after which other tasks may run */
	bool reads;		/* /proc/vmallocinfo */
};

/* The run. Constant while tasks are there, but for @err: written in turns. */
static struct {
	const struct scale_workload *workload;
	unsigned int rounds;
	unsigned int nr_cpus;
	int err;
	struct completion done;
	/* Of the one who reads. */
	struct file *info;
	loff_t info_pos;
	void *buffer;
} scale;

/* Whose turn it is: the one thing that all CPUs write. */
static unsigned int scale_turn ____cacheline_aligned_in_smp;

static char scale_result[64];

/* === Operations === */

static int op_nothing(struct scale_cpu *cpu)
{
	return 0;
}

static int op_vmalloc(struct scale_cpu *cpu)
{
	void *p = vmalloc(PAGE_SIZE);

	vfree(p);
	return p ? 0 : -ENOMEM;
}

static int op_vmap(struct scale_cpu *cpu)
{
	void *p = vmap(&cpu->page, 1, VM_MAP, PAGE_KERNEL);

	vunmap(p);
	return p ? 0 : -ENOMEM;
}

static int op_area(struct scale_cpu *cpu)
{
	struct vm_struct *area = get_vm_area(PAGE_SIZE, VM_MAP);

	if (!area)
		return -ENOMEM;
	free_vm_area(area);
	return 0;
}

static int op_ram(struct scale_cpu *cpu)
{
	void *p = vm_map_ram(&cpu->page, 1, NUMA_NO_NODE);

	if (!p)
		return -ENOMEM;
	vm_unmap_ram(p, 1);
	return 0;
}

/* Allocated here, freed on the next CPU. */
static int op_elsewhere(struct scale_cpu *cpu)
{
	vfree(cpu->taken);
	cpu->made = vmalloc(PAGE_SIZE);
	return cpu->made ? 0 : -ENOMEM;
}

/* The same, but half of the CPUs only allocate, and the others only free. */
static int op_producers(struct scale_cpu *cpu)
{
	/* It takes what is there to be found in the first round, and then NULL. */
	if (!(cpu->index % 2))
		return op_elsewhere(cpu);
	vfree(cpu->taken);
	return 0;
}

static int op_find_hit(struct scale_cpu *cpu)
{
	return find_vm_area(cpu->taken) ? 0 : -ENOENT;
}

static int op_find_miss(struct scale_cpu *cpu)
{
	return find_vm_area(cpu->gone) ? -EEXIST : 0;
}

static int op_finds(struct scale_cpu *cpu)
{
	if ((cpu->round + cpu->index) % SCALE_FINDS)
		return op_find_hit(cpu);
	return op_vmalloc(cpu);
}

/* The first CPU drains what the others free. */
static int op_drain(struct scale_cpu *cpu)
{
	if (cpu->index)
		return op_vmalloc(cpu);
	vm_unmap_aliases();
	return 0;
}

/*
 * The first CPU reads what the others work at: /proc/vmallocinfo, a page in each
 * turn, and the memory of an area as /proc/kcore does.
 */
static int op_readers(struct scale_cpu *cpu)
{
	struct kvec kvec = { scale.buffer, PAGE_SIZE };
	struct iov_iter iter;
	ssize_t len;

	if (cpu->index)
		return op_vmalloc(cpu);
	len = kernel_read(scale.info, scale.buffer, PAGE_SIZE, &scale.info_pos);
	if (len < 0)
		return len;
	if (!len)
		scale.info_pos = 0;
	iov_iter_kvec(&iter, ITER_DEST, &kvec, 1, PAGE_SIZE);
	return vread_iter(&iter, cpu->taken, PAGE_SIZE) == PAGE_SIZE ? 0 : -EIO;
}

static int scale_child(void *unused)
{
	do_exit(0);
}

static int op_fork(struct scale_cpu *cpu)
{
	pid_t pid = user_mode_thread(scale_child, NULL, SIGCHLD);
	int status;

	if (pid > 0)
		pid = kernel_wait(pid, &status);
	return pid < 0 ? pid : 0;
}

static const struct scale_workload scale_workloads[] = {
	{ "nothing",	op_nothing,	.undisturbed = true },
	{ "vmalloc",	op_vmalloc },
	{ "vmap",	op_vmap },
	{ "area",	op_area },
	{ "ram",	op_ram },
	{ "elsewhere",	op_elsewhere,	.takes = true },
	{ "producers",	op_producers,	.takes = true },
	{ "find_hit",	op_find_hit },
	{ "find_miss",	op_find_miss },
	{ "finds",	op_finds },
	{ "drain",	op_drain },
	{ "readers",	op_readers,	.reads = true },
	{ "fork",	op_fork },
};

/* === Turns === */

static void wait_for_turn(unsigned int index)
{
	/* Pairs with smp_store_release() in end_turn(). */
	while (smp_load_acquire(&scale_turn) != index) {
		cpu_relax();
		cond_resched();
	}
}

static void end_turn(unsigned int index)
{
	/* Pairs with smp_load_acquire() in wait_for_turn(). */
	smp_store_release(&scale_turn, (index + 1) % scale.nr_cpus);
}

/* An area to be found, and an address where none is. */
static int scale_prepare(struct scale_cpu *cpu)
{
	cpu->page = alloc_page(GFP_KERNEL);
	cpu->left = vmalloc(PAGE_SIZE);
	cpu->gone = vmalloc(PAGE_SIZE);
	vfree(cpu->gone);
	return cpu->page && cpu->left && cpu->gone ? 0 : -ENOMEM;
}

static void scale_cleanup(struct scale_cpu *cpu)
{
	vfree(cpu->left);
	if (cpu->page)
		__free_page(cpu->page);
	cpu->left = NULL;
	cpu->page = NULL;
}

static int scale_operate(struct scale_cpu *cpu)
{
	int (*op)(struct scale_cpu *cpu) = scale.workload->op;
	bool takes = scale.workload->takes;
	unsigned long flags = 0;
	int err;

	cpu->taken = cpu->before->left;
	if (takes)
		cpu->before->left = NULL;
	cpu->made = NULL;
	if (scale.workload->undisturbed)
		local_irq_save(flags);
	scale_enter();
	err = op(cpu);
	scale_leave();
	if (scale.workload->undisturbed)
		local_irq_restore(flags);
	if (takes)
		cpu->left = cpu->made;
	return err;
}

/* One turn of round @round, of which the first is there to prepare. */
static int scale_take_turn(struct scale_cpu *cpu, unsigned int round)
{
	unsigned int last = SCALE_WARM_ROUNDS + scale.rounds;
	int err;

	if (!round)
		return scale_prepare(cpu);
	if (!cpu->index && !(round % SCALE_DRAIN_ROUNDS))
		vm_unmap_aliases();
	if (!cpu->index && round == SCALE_WARM_ROUNDS + 1)
		scale_begin();
	cpu->round = round;
	err = scale_operate(cpu);
	if (cpu->index == scale.nr_cpus - 1 && round == last)
		scale_end();
	return err;
}

static int scale_task(void *data)
{
	unsigned int round, last = SCALE_WARM_ROUNDS + scale.rounds;
	struct scale_cpu *cpu = data;

	/* A child's end is to be waited for, which threads ignore. */
	kernel_sigaction(SIGCHLD, SIG_DFL);
	for (round = 0; round <= last; round++) {
		wait_for_turn(cpu->index);
		if (!scale.err)
			scale.err = scale_take_turn(cpu, round);
		if (cpu->index == scale.nr_cpus - 1 && round == last)
			complete(&scale.done);
		end_turn(cpu->index);
	}
	while (!kthread_should_stop())
		schedule_timeout_interruptible(MAX_SCHEDULE_TIMEOUT);
	return 0;
}

/* === A run === */

static void stop_tasks(void)
{
	struct scale_cpu *cpu;
	int i;

	for_each_online_cpu(i) {
		cpu = per_cpu_ptr(&scale_cpus, i);
		if (cpu->task)
			kthread_stop(cpu->task);
		cpu->task = NULL;
		scale_cleanup(cpu);
	}
	vm_unmap_aliases();
}

/* A task for each CPU, none of which runs yet. */
static int create_tasks(void)
{
	struct scale_cpu *before = NULL, *cpu = NULL;
	struct task_struct *task;
	int i;

	scale.nr_cpus = 0;
	for_each_online_cpu(i) {
		cpu = per_cpu_ptr(&scale_cpus, i);
		task = kthread_create(scale_task, cpu, "vmalloc_turn/%d", i);
		if (IS_ERR(task))
			return PTR_ERR(task);
		kthread_bind(task, i);
		cpu->task = task;
		cpu->index = scale.nr_cpus++;
		cpu->before = before;
		before = cpu;
	}
	per_cpu_ptr(&scale_cpus, cpumask_first(cpu_online_mask))->before = cpu;
	return 0;
}

static int open_info(void)
{
	scale.info_pos = 0;
	scale.buffer = (void *)__get_free_page(GFP_KERNEL);
	if (!scale.buffer)
		return -ENOMEM;
	scale.info = filp_open("/proc/vmallocinfo", O_RDONLY, 0);
	if (!IS_ERR(scale.info))
		return 0;
	free_page((unsigned long)scale.buffer);
	return PTR_ERR(scale.info);
}

static void close_info(void)
{
	filp_close(scale.info, NULL);
	free_page((unsigned long)scale.buffer);
}

static int take_turns(void)
{
	int i, err;

	err = create_tasks();
	if (!err) {
		scale_watch();
		for_each_online_cpu(i)
			wake_up_process(per_cpu(scale_cpus, i).task);
		wait_for_completion(&scale.done);
		err = scale.err;
	}
	stop_tasks();
	return err;
}

static int scale_run(const struct scale_workload *workload, unsigned int rounds)
{
	int err;

	scale.workload = workload;
	scale.rounds = rounds;
	scale.err = 0;
	scale_turn = 0;
	init_completion(&scale.done);
	if (!workload->reads)
		return take_turns();
	err = open_info();
	if (err)
		return err;
	err = take_turns();
	close_info();
	return err;
}

static int scale_refuse(const char *what, const char *why, int err)
{
	pr_err("%s: %s\n", what, why);
	return err;
}

static int scale_words(int nr, char **word)
{
	const struct scale_workload *workload = scale_workloads;
	const struct scale_workload *end = workload + ARRAY_SIZE(scale_workloads);
	unsigned int rounds;
	int err;

	if (nr != 2)
		return scale_refuse("run", "not a workload and rounds", -EINVAL);
	while (workload < end && strcmp(workload->name, word[0]))
		workload++;
	if (workload == end)
		return scale_refuse(word[0], "no such workload", -EINVAL);
	if (kstrtouint(word[1], 10, &rounds) || !rounds ||
	    rounds > SCALE_MAX_ROUNDS)
		return scale_refuse(word[1], "not a number of rounds from 1 to "
				    __stringify(SCALE_MAX_ROUNDS), -EINVAL);
	cpus_read_lock();
	if (num_online_cpus() % 2)
		err = scale_refuse(word[0], "takes an even number of CPUs online",
				   -EOPNOTSUPP);
	else
		err = scale_run(workload, rounds);
	cpus_read_unlock();
	if (err && err != -EOPNOTSUPP)
		return scale_refuse(word[0], "an operation failed", err);
	if (!err)
		snprintf(scale_result, sizeof(scale_result), "scale %s %llu",
			 word[0], (u64)rounds * scale.nr_cpus);
	return err;
}

/* === Parameters === */

static int run_set(const char *val, const struct kernel_param *kp)
{
	char **word;
	int nr, err;

	/* On the command line: too early for tasks. */
	if (system_state < SYSTEM_RUNNING)
		return scale_refuse("run", "only after boot", -EINVAL);
	word = argv_split(GFP_KERNEL, val, &nr);
	if (!word)
		return -ENOMEM;
	scale_result[0] = '\0';
	err = scale_words(nr, word);
	argv_free(word);
	return err;
}

static int run_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", scale_result);
}

static const struct kernel_param_ops run_ops = {
	.set = run_set,
	.get = run_get,
};
module_param_cb(run, &run_ops, NULL, 0600);
MODULE_PARM_DESC(run, "Workload and rounds to run; then, what was done");

static int workloads_get(char *buffer, const struct kernel_param *kp)
{
	int i, len = 0;

	for (i = 0; i < ARRAY_SIZE(scale_workloads); i++)
		len += sysfs_emit_at(buffer, len, "%s\n",
				     scale_workloads[i].name);
	return len;
}

static const struct kernel_param_ops workloads_ops = {
	.get = workloads_get,
};
module_param_cb(workloads, &workloads_ops, NULL, 0400);
MODULE_PARM_DESC(workloads, "Names of the workloads");

MODULE_DESCRIPTION("Turns of all CPUs at vmalloc, for who counts cache traffic");
MODULE_LICENSE("GPL");
