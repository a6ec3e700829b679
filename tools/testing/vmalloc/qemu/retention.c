// SPDX-License-Identifier: GPL-2.0
/*
 * What stays when a great many areas of a page have come and gone. Page tables of
 * the kernel are counted by no file that both bases have: they are among what is
 * left of all memory when the rest is subtracted, and of that most.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"

#define MEMINFO		"/proc/meminfo"
#define ZONEINFO	"/proc/zoneinfo"
#define DEFAULT_AREAS	"200000"
/* Longer than vmalloc waits before it gives tables back. */
#define SETTLE_S	8
/* Pages go to the lists of CPUs and back to the zones by themselves. */
#define TRIES		5

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

static int report(const char *when, long start)
{
	long now;

	if (look(&now))
		return -1;
	out("bench retention_%s kB %ld", when, now - start);
	return 0;
}

int scenario_retention(void)
{
	char command[64];
	long start;

	page_kb = sysconf(_SC_PAGESIZE) >> 10;
	if (bench_present() || look(&start))
		return -1;
	snprintf(command, sizeof(command), "prepare sequential %s",
		 option("vmcounts", DEFAULT_AREAS));
	if (bench_run(command, false) || report("taken", start))
		return -1;
	/* What such a drain costs is not told, since it was interrupted. */
	if (write_expecting(BENCH_PARAM("run"), "release", EAGAIN) ||
	    bench_run("finish", false) ||
	    report("drained", start))
		return -1;
	sleep(SETTLE_S);
	if (report("settled", start))
		return -1;
	if (write_file("/proc/sys/vm/drop_caches", "2"))
		return -1;
	return report("reclaimed", start);
}
