// SPDX-License-Identifier: GPL-2.0
/*
 * The scenarios that drive the bench: costs of operations, the cost of a
 * drain, and for how long a drain keeps preemption off. The last is what the
 * kernel's preemptoff tracer saw; nothing but one write() that runs the drain
 * happens while it is on.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

/* Above this the limit on lazily freed pages wakes the worker (one CPU). */
#define LAZY_MAX_PAGES	8192
/*
 * Timer interrupts are among what preemption stays off for. A small storm is
 * repeated until this many areas are drained, so that it meets some as well,
 * and differs from a large one only in what is compared: its size.
 */
#define MIN_DRAINED	"100000"
/*
 * To free more areas takes so long that the scheduler would let a task run that
 * is no real-time one, as the worker is: it does so after 0.95 s.
 */
#define MAX_BRIEF	400000
/* Between two timer interrupts, or less: the profiles have HZ=250. */
#define TICK_US		4000
/* From one storm to the next; prime to TICK_US, so that all phases come up. */
#define PHASE_US	137
/* Freed before their entries are counted: fewer than wake the worker. */
#define LAZY_AREAS	4000
/* A command of klogctl(), for which libc has no name, and a level of the log. */
#define LOG_CONSOLE_LEVEL	8
#define LEVEL_WARNINGS		5
/* Longer than it takes a console to print what there is. */
#define CONSOLE_US		100000
/* Lines of the tracer's report that say where preemption was off. */
#define TRACE_LINES	40

#define DEFAULT_ORDERS	"checkerboard,sequential,random,both"
#define DEFAULT_COUNTS	"500,2000,8192,20000,100000"

/* Called for each order and number of waiting areas. */
typedef int (*storm_fn)(const char *order, long waiting);

/* Pass a command to the bench; @relay says whether its results are for us. */
int bench_run(const char *command, bool relay)
{
	char *results, *line, *save = NULL;
	int lines = 0, err;

	printf("bench: %s\n", command);
	err = write_file(BENCH_PARAM("run"), command);
	if (!relay)
		return err;
	results = read_file(BENCH_PARAM("results"));
	if (!results)
		return fail("%s: %m", BENCH_PARAM("results"));
	for (line = strtok_r(results, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		out("%s", line);
		lines++;
	}
	free(results);
	if (!err && !lines)
		err = fail("'%s' gave no result", command);
	return err;
}

int bench_present(void)
{
	int err;

	if (exists(BENCH_PARAM("run")))
		return 0;
	err = load_module("vmalloc_bench", "");
	if (err)
		return fail("no vmalloc_bench in this kernel: %s", strerror(err));
	return 0;
}

/* Split @list at its commas into at most @max words, inside @copy. */
static int split(char *copy, size_t size, const char *list, char **word, int max)
{
	char *save = NULL, *next;
	int nr = 0;

	snprintf(copy, size, "%s", list);
	for (next = strtok_r(copy, ",", &save); next && nr < max;
	     next = strtok_r(NULL, ",", &save))
		word[nr++] = next;
	return nr;
}

static int run_storms(storm_fn storm)
{
	char orders_copy[128], counts_copy[128];
	char *orders[8], *counts[16];
	int nr_orders, nr_counts, i, j;

	nr_orders = split(orders_copy, sizeof(orders_copy),
			  option("vmorders", DEFAULT_ORDERS), orders, 8);
	nr_counts = split(counts_copy, sizeof(counts_copy),
			  option("vmcounts", DEFAULT_COUNTS), counts, 16);
	for (i = 0; i < nr_orders; i++) {
		for (j = 0; j < nr_counts; j++) {
			if (storm(orders[i], atol(counts[j])))
				return -1;
		}
	}
	return 0;
}

/* Every row of the bench's own list, or those "vmcases=" names. */
int scenario_bench(void)
{
	char copy[1024], command[128], *list, *word[32], *c;
	const char *cases;
	int i, nr;

	if (bench_present())
		return -1;
	if (bench_run("cases", false))
		return -1;
	list = read_file(BENCH_PARAM("results"));
	if (!list)
		return fail("%s: %m", BENCH_PARAM("results"));
	for (c = list; *c; c++) {
		if (*c == '\n')
			*c = ',';
	}
	cases = option("vmcases", list);
	nr = split(copy, sizeof(copy), cases, word, 32);
	free(list);
	for (i = 0; i < nr; i++) {
		snprintf(command, sizeof(command), "cost %s", word[i]);
		if (bench_run(command, true))
			return -1;
	}
	return nr ? 0 : fail("no case to run");
}

/*
 * Make all tasks real-time ones, but of the lowest priority: the scheduler
 * gives none of these the CPU that a task of a higher one has. A thread that
 * ends meanwhile is none to worry about.
 */
static int leave_no_fair_task(void)
{
	struct sched_param lowest = { .sched_priority = 1 };
	struct dirent *entry;
	DIR *proc = opendir("/proc");
	pid_t pid;

	if (!proc)
		return fail("/proc: %m");
	while ((entry = readdir(proc))) {
		pid = atoi(entry->d_name);
		if (pid > 1 && sched_getscheduler(pid) == SCHED_OTHER &&
		    sched_setscheduler(pid, SCHED_FIFO, &lowest) &&
		    errno != ESRCH) {
			closedir(proc);
			return fail("process %d: %m", pid);
		}
	}
	closedir(proc);
	return 0;
}

static int prepare_storm(const char *order, long waiting)
{
	char command[64];

	if (waiting > MAX_BRIEF && leave_no_fair_task())
		return -1;
	snprintf(command, sizeof(command), "prepare %s %ld", order, waiting);
	return bench_run(command, false);
}

static int drain_cost(const char *order, long waiting)
{
	if (prepare_storm(order, waiting) || bench_run("release", false))
		return -1;
	return bench_run("finish", true);
}

int scenario_drainbench(void)
{
	if (bench_present())
		return -1;
	return run_storms(drain_cost);
}

/* preemptoff, or irqsoff: the same drain, with another tracer. */
static const char *tracer(void)
{
	return option("vmtracer", "preemptoff");
}

/*
 * A console that has a thread to print, as that of a serial line may have, keeps
 * interrupts off for a record: what is no warning is left to the log.
 */
static int console_be_quiet(void)
{
	if (klogctl(LOG_CONSOLE_LEVEL, NULL, LEVEL_WARNINGS))
		return fail("the console's level: %m");
	/* What has been said before. */
	usleep(CONSOLE_US);
	return 0;
}

/*
 * Who frees a great many areas at SCHED_FIFO is not to be made to wait, for others of
 * a lower priority, nor for the task by which the watchdog sees that a CPU is alive.
 */
static int unthrottle(void)
{
	static const char * const knobs[][2] = {
		{ "/proc/sys/kernel/sched_rt_runtime_us", "-1" },
		{ DEBUGFS "/sched/fair_server/cpu0/runtime", "0" },
		{ "/proc/sys/kernel/watchdog", "0" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(knobs); i++)
		if (exists(knobs[i][0]) && write_file(knobs[i][0], knobs[i][1]))
			return -1;
	return 0;
}

int trace_setup(void)
{
	if (console_be_quiet() || unthrottle())
		return -1;
	if (!exists(TRACEFS "/tracing_max_latency"))
		return fail("this kernel has no latency tracer");
	if (write_file(TRACEFS "/tracing_on", "0") ||
	    write_file(TRACEFS "/current_tracer", tracer()))
		return -1;
	/* A hook in each function would be measured, too. */
	if (exists(TRACEFS "/options/function-trace") &&
	    write_file(TRACEFS "/options/function-trace", "0"))
		return -1;
	return 0;
}

/* Where preemption was off for longest: for the console's log alone. */
void print_trace(void)
{
	char *trace = read_file(TRACEFS "/trace"), *line, *save = NULL;
	int lines = 0;

	if (!trace)
		return;
	for (line = strtok_r(trace, "\n", &save); line && lines < TRACE_LINES;
	     line = strtok_r(NULL, "\n", &save), lines++)
		printf("trace: %s\n", line);
	free(trace);
}

/* The longest time with preemption off in some seconds in which nothing is asked for. */
long trace_quiet(unsigned int seconds)
{
	if (write_file(TRACEFS "/trace", "") ||
	    write_file(TRACEFS "/tracing_max_latency", "0") ||
	    write_file(TRACEFS "/tracing_on", "1"))
		return -1;
	sleep(seconds);
	if (write_file(TRACEFS "/tracing_on", "0"))
		return -1;
	print_trace();
	return read_long(TRACEFS "/tracing_max_latency");
}

/* Run the prepared drain under the tracer. */
static int traced_release(const char *command)
{
	ssize_t len = strlen(command), done;
	int run_fd, on_fd;

	run_fd = open(BENCH_PARAM("run"), O_WRONLY | O_CLOEXEC);
	on_fd = open(TRACEFS "/tracing_on", O_WRONLY | O_CLOEXEC);
	if (run_fd < 0 || on_fd < 0)
		return fail("%s, %s: %m", BENCH_PARAM("run"), TRACEFS);
	if (write(on_fd, "1", 1) != 1)
		return fail("tracing_on: %m");
	done = write(run_fd, command, len);
	if (write(on_fd, "0", 1) != 1 || done != len)
		return fail("'%s': %m", command);
	close(run_fd);
	close(on_fd);
	return 0;
}

/*
 * Did the freed areas really pile up? Only asked below the limit that wakes the
 * worker: to read them takes so long that it would be given the CPU first.
 */
static int read_waiting(struct state *now, long waiting)
{
	long pages;

	if (state_peek(now))
		return -1;
	pages = now->lazy_bytes / sysconf(_SC_PAGESIZE);
	if (pages < waiting)
		return fail("%ld pages wait for the drain, not %ld", pages,
			    waiting);
	return 0;
}

/*
 * Storms of one size take the same time each, to the instruction: without this
 * they might keep step with the timer, and never meet it.
 */
static void shift_phase(long turn)
{
	struct timespec begun, now;
	long us;

	clock_gettime(CLOCK_MONOTONIC, &begun);
	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
		us = (now.tv_sec - begun.tv_sec) * 1000000 +
		     (now.tv_nsec - begun.tv_nsec) / 1000;
	} while (us < turn * PHASE_US % TICK_US);
}

/* The longest time off while @order's storm is drained, as often as it takes. */
static int traced_storm(const char *name, const char *order, long waiting,
			const char *release)
{
	long least = atol(option("vmdrained", MIN_DRAINED));
	long drained, latency;
	struct state now;

	/* Clearing waits for a grace period: not while areas are waiting. */
	if (write_file(TRACEFS "/trace", "") ||
	    write_file(TRACEFS "/tracing_max_latency", "0"))
		return -1;
	for (drained = 0; drained < least; drained += waiting) {
		/* Page tables of what was drained before: see scenario retention. */
		if (write_file("/proc/sys/vm/drop_caches", "2") ||
		    prepare_storm(order, waiting))
			return -1;
		if (!drained && waiting < LAZY_MAX_PAGES &&
		    read_waiting(&now, waiting))
			return -1;
		shift_phase(drained / waiting);
		if (traced_release(release) || bench_run("finish", false))
			return -1;
	}
	latency = read_long(TRACEFS "/tracing_max_latency");
	if (latency <= 0)
		return fail("the tracer has seen nothing");
	out("bench drain_%s_%ld %s %ld", name, waiting,
	    strcmp(tracer(), "irqsoff") ? "preempt_off_us" : "irqs_off_us",
	    latency);
	print_trace();
	return 0;
}

static int drain_latency(const char *order, long waiting)
{
	static const char * const others[] = { "worker", "request" };
	char name[64], release[64];
	size_t i;

	if (traced_storm(order, order, waiting, "release"))
		return -1;
	/*
	 * Only a full drain is ever the worker's own; that of the largest
	 * storms differs from it in nothing, and takes long.
	 */
	if (waiting <= LAZY_MAX_PAGES || waiting > MAX_BRIEF ||
	    !atoi(option("vmothers", "1")))
		return 0;
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		snprintf(name, sizeof(name), "%s_%s", order, others[i]);
		snprintf(release, sizeof(release), "release %s", others[i]);
		if (traced_storm(name, order, waiting, release))
			return -1;
	}
	return 0;
}

int scenario_drain(void)
{
	if (bench_present() || trace_setup())
		return -1;
	return run_storms(drain_latency);
}

/* How many lines /proc/vmallocinfo has for areas freed in @order. */
static int lazy_entries(const char *order)
{
	struct state now;

	if (prepare_storm(order, LAZY_AREAS) || read_waiting(&now, LAZY_AREAS))
		return -1;
	if (bench_run("release", false) || bench_run("finish", false))
		return -1;
	out("bench lazy_entries_%s entries/1000 %.2f", order,
	    now.lazy_entries * 1000.0 / LAZY_AREAS);
	return 0;
}

int scenario_lazy(void)
{
	if (bench_present())
		return -1;
	return lazy_entries("sequential") ?: lazy_entries("random");
}

/* 64 pages each, so that 4,000 of them are many times any limit. */
int scenario_starve(void)
{
	if (bench_present())
		return -1;
	return bench_run("starve 4000", true);
}

/* A space larger than the 128 MB it is about would prove less. */
static int check_space(void)
{
	char *info = read_file("/proc/meminfo"), *total;
	long kb = 0;

	total = info ? strstr(info, "VmallocTotal:") : NULL;
	if (total)
		sscanf(total, "VmallocTotal: %ld", &kb);
	free(info);
	out("fill space_kb %ld", kb);
	if (kb <= 0 || kb > 128 << 10)
		return fail("%ld kB of vmalloc space are not 128 MB", kb);
	return 0;
}

int scenario_fill(void)
{
	char command[64];

	if (bench_present() || check_space())
		return -1;
	snprintf(command, sizeof(command), "fill %s", option("vmrounds", "100"));
	return bench_run(command, true);
}
