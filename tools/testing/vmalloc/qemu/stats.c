// SPDX-License-Identifier: GPL-2.0
/*
 * Does debugfs vmalloc/stats tell what happens, to the last area? On one CPU,
 * with a storm of the bench, whose task nobody interrupts.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"

#define AREAS	1000
/* Ranges made free at a time, by default; none of them may take 20 us. */
#define BATCH	32
#define HOLD_NS	20000

struct expected {
	const char *name;
	long low, high;
};

/* After the storm's areas were freed; they are the only ones that wait. */
static const struct expected waiting[] = {
	{ "waiting_pages", AREAS, AREAS },
	{ "lazy_areas", AREAS, AREAS },
	{ "lazy_ranges", AREAS, AREAS },
	{ "lazy_pages", AREAS, AREAS },
	{ "drains", 0, 0 },
	{ "drained_areas", 0, 0 },
	{ "flushes", 0, 0 },
	{ "batches", 0, 0 },
	{ "longest_hold_ns", 0, 0 },
};

/* After one drain of them. Nothing but neighbours that stay lies between. */
static const struct expected drained[] = {
	{ "waiting_pages", 0, 0 },
	{ "lazy_areas", 0, 0 },
	{ "lazy_ranges", 0, 0 },
	{ "drains", 1, 1 },
	{ "drained_areas", AREAS, AREAS },
	{ "drained_ranges", AREAS, AREAS },
	{ "drained_pages", AREAS, AREAS },
	{ "flushes", 1, 1 },
	{ "flushed_pages", 2 * AREAS - 1, 4 * AREAS },
	{ "batches", (AREAS + BATCH - 1) / BATCH, AREAS / 8 },
	{ "batches_by_producers", 0, 0 },
	{ "longest_hold_ranges", 8, BATCH },
	{ "longest_hold_ns", 1, HOLD_NS },
};

/* The value of @name, or the sum of its values if each node has one; or -1. */
static long stat_value(const char *text, const char *name)
{
	size_t len = strlen(name);
	const char *at = text;
	long sum = -1;

	while ((at = strstr(at, name))) {
		if ((at == text || at[-1] == ' ' || at[-1] == '\n') &&
		    at[len] == ' ')
			sum = (sum < 0 ? 0 : sum) + atol(at + len);
		at += len;
	}
	return sum;
}

static int check_stats(const char *when, const struct expected *expected,
		       size_t nr)
{
	char *text = read_file(VMALLOC_STATS);
	int err = 0;
	long value;
	size_t i;

	if (!text)
		return fail("%s: %m", VMALLOC_STATS);
	for (i = 0; i < nr; i++) {
		value = stat_value(text, expected[i].name);
		if (value < expected[i].low || value > expected[i].high)
			err = fail("%s is %ld %s, not %ld to %ld",
				   expected[i].name, value, when,
				   expected[i].low, expected[i].high);
	}
	if (err)
		printf("%s", text);
	free(text);
	return err;
}

/* Only 0 may be written. */
static int check_refusals(void)
{
	static const char * const bad[] = { "1", "-1", "reset", "\n" };
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		fd = open(VMALLOC_STATS, O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			return fail("%s: %m", VMALLOC_STATS);
		if (write(fd, bad[i], strlen(bad[i])) >= 0 || errno != EINVAL)
			return fail("'%s' to %s: not refused", bad[i], VMALLOC_STATS);
		close(fd);
	}
	return 0;
}

int scenario_stats(void)
{
	char text[32];

	snprintf(text, sizeof(text), "prepare checkerboard %d", AREAS);
	if (bench_present() || bench_run(text, false) ||
	    write_file(VMALLOC_STATS, "0"))
		return -1;
	if (check_stats("with areas waiting", waiting, ARRAY_SIZE(waiting)))
		return -1;
	if (bench_run("release", false))
		return -1;
	if (check_stats("after a drain", drained, ARRAY_SIZE(drained)))
		return -1;
	if (check_refusals() ||
	    check_stats("after that", drained, ARRAY_SIZE(drained)))
		return -1;
	return bench_run("finish", false);
}
