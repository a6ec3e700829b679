// SPDX-License-Identifier: GPL-2.0
/*
 * How much waits when real-time tasks need all CPUs: the bench runs these, and
 * a process of a higher priority reads what vmalloc itself says, where it does.
 * Only pages are counted, never time, so that a slow host makes no difference.
 */
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

/* Of each real-time producer; 64 pages each, many times any limit. */
#define DEFAULT_REQUESTS	"4000"
/* Above the bench's tasks, which have half of the highest. */
#define WATCHER_PRIORITY	60

/* Shared by the two processes. */
struct watch {
	atomic_bool stop;
	atomic_long most;	/* -1 if it could not be read */
};

/* What waits, flushed or not, or -1. */
static long read_waiting(void)
{
	return read_count(VMALLOC_STATS, "waiting_pages");
}

static void watch_stats(struct watch *watch)
{
	struct sched_param param = { .sched_priority = WATCHER_PRIORITY };
	long pages = sched_setscheduler(0, SCHED_FIFO, &param) ? -1 : 0;

	while (pages >= 0 && !watch->stop) {
		pages = read_waiting();
		if (pages > watch->most)
			watch->most = pages;
		usleep(1000);
	}
	if (pages < 0)
		watch->most = -1;
	_exit(0);
}

static int watched_hogs(const char *command, struct watch *watch)
{
	pid_t child = fork();
	int err;

	if (child < 0)
		return fail("fork: %m");
	if (!child)
		watch_stats(watch);
	err = bench_run(command, true);
	watch->stop = true;
	if (waitpid(child, NULL, 0) != child || watch->most < 0)
		return fail("%s could not be watched", VMALLOC_STATS);
	out("hogs waiting_stats pages %ld", watch->most);
	return err;
}

int scenario_hogs(void)
{
	struct watch *watch;
	char command[64];

	if (bench_present())
		return -1;
	snprintf(command, sizeof(command), "hogs %s",
		 option("vmrequests", DEFAULT_REQUESTS));
	if (!exists(VMALLOC_STATS))
		return bench_run(command, true);
	watch = mmap(NULL, sizeof(*watch), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (watch == MAP_FAILED)
		return fail("mmap: %m");
	return watched_hogs(command, watch);
}
