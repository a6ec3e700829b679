// SPDX-License-Identifier: GPL-2.0
/*
 * What stays when a great many areas have come and gone. Page tables of the kernel are
 * counted by no file that both bases have: they are among what is left of all memory
 * when the rest is subtracted, and of that most.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

#define MEMINFO		"/proc/meminfo"
#define ZONEINFO	"/proc/zoneinfo"
#define DEFAULT_AREAS	"200000"
/* Longer than vmalloc waits before it gives tables back. */
#define SETTLE_S	8
/* Pages go to the lists of CPUs and back to the zones by themselves. */
#define TRIES		5
#define SLABINFO	"/proc/slabinfo"
/* Of its numbers, pages in a slab, and slabs. */
#define SLABINFO_LINE	"\nvmap_area %*d %*d %*d %*d %ld" \
			" : %*s %*d %*d %*d : slabdata %*d %ld"

/* test_vmalloc: the first seven of its tests at once, each thread in its own order. */
#define TEST_ARGS	"run_test_mask=127 test_loop_count=%s nr_threads=%s"
#define TEST_LOOPS	"50"
#define TEST_THREADS	"64"
/* BPF programs at a time, and modules one after the other. */
#define PROGRAMS	200
#define PROGRAM_ROUNDS	20
#define MODULE_ROUNDS	50
/* Tasks that are there at once, each with its stack. */
#define TASKS		1000
#define TASK_ROUNDS	20

static long page_kb;

/* The sum of the numbers behind @name in @text, which has a colon after it. */
static long sum_of(const char *text, const char *name)
{
	size_t len = strlen(name);
	const char *at = text;
	long sum = 0;

	while ((at = strstr(at, name))) {
		if ((at == text || at[-1] == '\n' || at[-1] == ' ') &&
		    at[len] == ':')
			sum += atol(at + len + 1);
		at += len;
	}
	return sum;
}

/* What is on the lists of CPUs is free. */
static long free_kb(const char *meminfo, const char *zoneinfo)
{
	return sum_of(meminfo, "MemFree") + sum_of(zoneinfo, "count") * page_kb;
}

/* Kilobytes that nobody owns up to. Stacks are vmalloc()ed. */
static int unaccounted_kb(long *kb)
{
	static const char * const owned[] = {
		"Buffers", "Cached", "AnonPages", "Slab", "VmallocUsed",
		"Percpu",
	};
	char *meminfo = read_file(MEMINFO), *zoneinfo = read_file(ZONEINFO);
	int err = -1;
	size_t i;

	if (meminfo && zoneinfo) {
		*kb = sum_of(meminfo, "MemTotal") - free_kb(meminfo, zoneinfo);
		for (i = 0; i < ARRAY_SIZE(owned); i++)
			*kb -= sum_of(meminfo, owned[i]);
		err = 0;
	}
	free(meminfo);
	free(zoneinfo);
	return err;
}

/* The least of some looks, a moment apart. */
static int look(long *least)
{
	long kb;
	int i;

	for (i = 0; i < TRIES; i++) {
		if (unaccounted_kb(&kb))
			return fail("%s or %s: %m", MEMINFO, ZONEINFO);
		if (!i || kb < *least)
			*least = kb;
		usleep(20000);
	}
	return 0;
}

/* What slab has for descriptors, in use or not; 0 where no file tells. */
static long descriptors_kb(void)
{
	char *text = exists(SLABINFO) ? read_file(SLABINFO) : NULL;
	char *line = text ? strstr(text, "\nvmap_area ") : NULL;
	long pages, slabs, kb = 0;

	if (line && sscanf(line, SLABINFO_LINE, &pages, &slabs) == 2)
		kb = pages * slabs * page_kb;
	free(text);
	return kb;
}

static int report(const char *when, long start)
{
	long now;

	if (look(&now))
		return -1;
	out("bench retention_%s kB %ld", when, now - start);
	out("descriptors %s kB %ld", when, descriptors_kb());
	return 0;
}

/* === Loads: what comes and goes, as the first word of "vmload=" says === */

static int load_areas(long start)
{
	char command[64];

	if (bench_present())
		return -1;
	snprintf(command, sizeof(command), "prepare sequential %s",
		 option("vmcounts", DEFAULT_AREAS));
	if (bench_run(command, false) || report("taken", start))
		return -1;
	/* What such a drain costs is not told, since it was interrupted. */
	if (write_expecting(BENCH_PARAM("run"), "release", EAGAIN) ||
	    bench_run("finish", false))
		return -1;
	return report("drained", start);
}

/* Some of its tests are to fail, and say so. */
static int load_threads(long start)
{
	char args[128];
	int err;

	snprintf(args, sizeof(args), TEST_ARGS,
		 option("vmcounts", TEST_LOOPS),
		 option("vmthreads", TEST_THREADS));
	err = load_module("test_vmalloc", args);
	if (err != EAGAIN)
		return fail("test_vmalloc.ko %s: %s", args, strerror(err));
	clear_log();
	return report("taken", start);
}

static int some_programs(void)
{
	int fd[PROGRAMS], i, err = 0;

	for (i = 0; i < PROGRAMS; i++) {
		fd[i] = bpf_program();
		if (fd[i] < 0) {
			err = fail("BPF program %d: %m", i);
			break;
		}
	}
	while (i--)
		close(fd[i]);
	return err;
}

static int load_programs(long start)
{
	int i, err;

	for (i = 0; i < PROGRAM_ROUNDS; i++)
		if (some_programs())
			return -1;
	for (i = 0; i < MODULE_ROUNDS; i++) {
		/* It runs none of its tests, and does not stay. */
		err = load_module("test_vmalloc", "run_test_mask=0");
		if (err != EAGAIN)
			return fail("test_vmalloc.ko: %s", strerror(err));
	}
	return report("taken", start);
}

static int some_tasks(void)
{
	pid_t pid[TASKS];
	int i, err = 0;

	for (i = 0; i < TASKS; i++) {
		pid[i] = fork();
		if (!pid[i])
			for (;;)
				pause();
		if (pid[i] < 0) {
			err = fail("task %d: %m", i);
			break;
		}
	}
	while (i--) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
	return err;
}

static int load_tasks(long start)
{
	int i;

	for (i = 0; i < TASK_ROUNDS; i++)
		if (some_tasks())
			return -1;
	return report("taken", start);
}

static int load(long start)
{
	static const struct {
		const char *name;
		int (*run)(long start);
	} loads[] = {
		{ "areas", load_areas },
		{ "threads", load_threads },
		{ "programs", load_programs },
		{ "tasks", load_tasks },
	};
	const char *name = option("vmload", "areas");
	size_t i;

	for (i = 0; i < ARRAY_SIZE(loads); i++)
		if (!strcmp(name, loads[i].name))
			return loads[i].run(start);
	return fail("vmload=%s is none of areas, threads, programs, tasks", name);
}

/* Memory is given back meanwhile: what that does to others is for a tracer to say. */
static int settle(bool traced)
{
	long us;

	if (!traced) {
		sleep(SETTLE_S);
		return 0;
	}
	us = trace_quiet(SETTLE_S);
	if (us < 0)
		return -1;
	if (!us)
		return fail("the tracer has seen nothing");
	out("bench settling preempt_off_us %ld", us);
	return 0;
}

int scenario_retention(void)
{
	bool traced = exists(TRACEFS "/tracing_max_latency");
	long start;

	page_kb = sysconf(_SC_PAGESIZE) >> 10;
	/* The tracer takes memory, too. */
	if ((traced && trace_setup()) || look(&start) || load(start) ||
	    settle(traced) ||
	    report("settled", start))
		return -1;
	if (write_file("/proc/sys/vm/drop_caches", "2"))
		return -1;
	return report("reclaimed", start);
}
