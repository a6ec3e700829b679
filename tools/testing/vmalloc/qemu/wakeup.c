// SPDX-License-Identifier: GPL-2.0
/*
 * The scenarios about tasks that must not wait: how much later a real-time task
 * runs, or has the memory it asks for, because others free areas and drain them
 * all the while. The first is what cyclictest saw, the second what the task of
 * vmalloc_bench_urgent did. Each is measured in an idle system, too: what the
 * storm adds is the difference of the two longest delays.
 *
 * A storm allocates what it frees, and where the kernel preempts nobody one waits for
 * that as well, for a slab page and for the page allocator. "delay" is about drains
 * alone: only while there is one does a task wake up, without asking for anything.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

#define CYCLICTEST	"/usr/bin/cyclictest"
#define URGENT(name)	"/sys/module/vmalloc_bench_urgent/parameters/" name
#define URGENT_RUN	URGENT("run")
#define PRINTK		"/proc/sys/kernel/printk"

/* From one wake-up to the next; a drain that matters meets several. */
#define INTERVAL_US	"200"
/* Not measured: libraries are read and memory is touched for the first time. */
#define WARM_UP_MS	1000
/* Guest time of a measurement: 20,000 wake-ups at best. */
#define MEASURE_MS	"4000"
/* Of these the storm delays some, but nothing takes half of them away. */
#define LEAST_PER_MS	2
/* Drains that a task wakes up in, some ten times each if it can. */
#define DELAY_DRAINS	50
/* Of each, on average: it takes longer to drain so much, and no time if it was done. */
#define DELAY_LEAST_US	100

#define DEFAULT_ORDER	"checkerboard"
#define DEFAULT_WAITING	"20000"

struct delays {
	long count;
	long longest_ns;
};

/* What measures: begin() starts it, end() stops it and tells what it saw. */
struct meter {
	const char *name;
	int (*begin)(void);
	int (*end)(struct delays *seen);
};

/* === cyclictest === */

static pid_t cyclictest_pid;
static int cyclictest_fd;

static int cyclictest_begin(void)
{
	int ends[2];

	if (pipe(ends))
		return fail("pipe: %m");
	cyclictest_pid = fork();
	if (!cyclictest_pid) {
		dup2(ends[1], STDOUT_FILENO);
		execl(CYCLICTEST, "cyclictest", "-p", "90", "-m", "-q", "-N",
		      "-i", INTERVAL_US, NULL);
		_exit(127);
	}
	close(ends[1]);
	cyclictest_fd = ends[0];
	return cyclictest_pid < 0 ? fail("fork: %m") : 0;
}

/* "T: 0 (   51) P:90 I:200 C:  20000 Min:  2100 Act:  ... Max:  ...", in ns */
static int cyclictest_parse(const char *text, struct delays *seen)
{
	const char *line = strstr(text, "T: 0 ("), *count, *longest;

	count = line ? strstr(line, " P:90 I:" INTERVAL_US " C:") : NULL;
	longest = count ? strstr(count, "Max:") : NULL;
	if (!longest ||
	    sscanf(strstr(count, "C:"), "C: %ld", &seen->count) != 1 ||
	    sscanf(longest, "Max: %ld", &seen->longest_ns) != 1)
		return fail("cyclictest said: %.200s", text);
	return 0;
}

static int cyclictest_end(struct delays *seen)
{
	char text[4096];
	size_t len = 0;
	ssize_t got;
	int status;

	kill(cyclictest_pid, SIGINT);
	do {
		got = read(cyclictest_fd, text + len, sizeof(text) - len - 1);
		len += got > 0 ? got : 0;
	} while (got > 0);
	text[len] = '\0';
	close(cyclictest_fd);
	if (waitpid(cyclictest_pid, &status, 0) < 0 || !WIFEXITED(status) ||
	    WEXITSTATUS(status))
		return fail("cyclictest failed: %.200s", text);
	return cyclictest_parse(text, seen);
}

/* === A task that needs memory === */

static int urgent_begin(void)
{
	return write_file(URGENT_RUN, INTERVAL_US);
}

static int urgent_end(struct delays *seen)
{
	char *text;
	int nr;

	if (write_file(URGENT_RUN, "0"))
		return -1;
	text = read_file(URGENT_RUN);
	if (!text)
		return fail("%s: %m", URGENT_RUN);
	nr = sscanf(text, "%ld %ld", &seen->count, &seen->longest_ns);
	free(text);
	return nr == 2 ? 0 : fail("%s gave no result", URGENT_RUN);
}

/* More of the kind. */
static int urgent_add(struct delays *all)
{
	struct delays more;

	if (urgent_end(&more))
		return -1;
	all->count += more.count;
	if (more.longest_ns > all->longest_ns)
		all->longest_ns = more.longest_ns;
	return 0;
}

/* === Storms === */

static int command(const char *text, int expected)
{
	return write_expecting(BENCH_PARAM("run"), text, expected);
}

static int prepare_one_storm(void)
{
	char prepare[64];

	snprintf(prepare, sizeof(prepare), "prepare %s %s",
		 option("vmorder", DEFAULT_ORDER),
		 option("vmwaiting", DEFAULT_WAITING));
	return command(prepare, 0);
}

/*
 * The bench refuses the cost of a drain that was interrupted, which is what
 * this is about: it has drained all the same.
 */
static int one_storm(void)
{
	if (prepare_one_storm() || command("release", EAGAIN))
		return -1;
	return command("finish", 0);
}

static long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Stormy or idle, measure for @ms. */
static int measure(const struct meter *meter, long ms, bool storms,
		   struct delays *seen)
{
	long end = now_us() + ms * 1000, nr = 0;
	int err = 0;

	if (meter->begin())
		return -1;
	while (!err && now_us() < end) {
		if (storms)
			err = one_storm();
		else
			usleep(10000);
		nr++;
	}
	if (meter->end(seen) || err)
		return -1;
	out("%s: %ld wake-ups, %ld %s", meter->name, seen->count, nr,
	    storms ? "storms" : "naps");
	if (seen->count < ms * LEAST_PER_MS)
		return fail("only %ld wake-ups in %ld ms", seen->count, ms);
	return 0;
}

static int measure_both(const struct meter *meter)
{
	long ms = atol(option("vmmeasure", MEASURE_MS));
	struct delays idle, storm;

	/* The console, while it prints, delays everybody. */
	if (write_file(PRINTK, "1") ||
	    measure(meter, WARM_UP_MS, false, &idle) ||
	    measure(meter, ms, false, &idle) ||
	    measure(meter, ms, true, &storm) ||
	    write_file(PRINTK, "7"))
		return -1;
	out("bench %s_idle us %.1f", meter->name, idle.longest_ns / 1000.0);
	out("bench %s_storm us %.1f", meter->name, storm.longest_ns / 1000.0);
	out("bench %s_storm_minus_idle us %.1f", meter->name,
	    (storm.longest_ns - idle.longest_ns) / 1000.0);
	return 0;
}

int scenario_wakeup(void)
{
	static const struct meter meter = {
		"wakeup", cyclictest_begin, cyclictest_end,
	};

	if (!exists(CYCLICTEST))
		return fail("no cyclictest in this guest");
	return measure_both(&meter);
}

int scenario_urgent(void)
{
	static const struct meter meter = {
		"urgent", urgent_begin, urgent_end,
	};

	return measure_both(&meter);
}

/* Wakes up during drains, while all that they are of has been freed before. */
static int measure_drains(struct delays *seen)
{
	long us = 0;
	int nr;

	for (nr = 0; nr < DELAY_DRAINS; nr++) {
		if (prepare_one_storm() || urgent_begin())
			return -1;
		us -= now_us();
		if (command("release", EAGAIN))
			return -1;
		us += now_us();
		if (urgent_add(seen) || command("finish", 0))
			return -1;
	}
	out("delay: %ld wake-ups in %d drains of %ld us", seen->count, nr,
	    us / nr);
	if (us < nr * DELAY_LEAST_US)
		return fail("%d drains in %ld us: others have drained", nr, us);
	/* A drain may be shorter than it takes until one wakes up. */
	if (seen->count < nr / 2)
		return fail("only %ld wake-ups in %d drains", seen->count, nr);
	return 0;
}

int scenario_delay(void)
{
	struct delays idle = { 0 }, drain = { 0 };

	if (write_file(PRINTK, "1") || write_file(URGENT("asks"), "0") ||
	    urgent_begin() || usleep(WARM_UP_MS * 1000) || urgent_add(&idle) ||
	    measure_drains(&drain) ||
	    write_file(URGENT("asks"), "1") || write_file(PRINTK, "7"))
		return -1;
	out("bench delay_idle us %.1f", idle.longest_ns / 1000.0);
	out("bench delay_drain us %.1f", drain.longest_ns / 1000.0);
	out("bench delay_drain_minus_idle us %.1f",
	    (drain.longest_ns - idle.longest_ns) / 1000.0);
	return 0;
}
