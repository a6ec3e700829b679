// SPDX-License-Identifier: GPL-2.0
/*
 * Allocations that fail at random: "vmfail=N" on the kernel command line has N
 * of 100 fail, of slab objects and of pages, while a module puts its load on.
 * None do while a scenario looks at what came of it: its system calls allocate,
 * too.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

/* More than a run can have; the knob counts down. */
#define FAILURES_MOST	100000000L
/* A knob is turned by a write that may be made to fail itself. */
#define KNOB_TRIES	1000

static const char * const injectors[] = {
	DEBUGFS "/failslab/", DEBUGFS "/fail_page_alloc/",
};

static long injected[ARRAY_SIZE(injectors)];

static int set_injector(const char *dir, const char *knob, long value)
{
	char path[96], text[24];
	ssize_t len, written = -1;
	int fd, tries;

	snprintf(path, sizeof(path), "%s%s", dir, knob);
	len = snprintf(text, sizeof(text), "%ld", value);
	for (tries = 0; tries < KNOB_TRIES && written != len; tries++) {
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		written = write(fd, text, len);
		close(fd);
	}
	return written == len ? 0 : fail("'%s' to %s: %m", text, path);
}

/* How many of 100 allocations are to fail. */
long failing_percent(void)
{
	return atol(option("vmfail", "0"));
}

/*
 * Let failures through, whoever arms them: by default no allocation that may
 * sleep fails, no highmem page and no single page does.
 */
int set_fault_knobs(void)
{
	static const char * const knobs[][2] = {
		{ DEBUGFS "/failslab/ignore-gfp-wait", "N" },
		{ DEBUGFS "/fail_page_alloc/ignore-gfp-wait", "N" },
		{ DEBUGFS "/fail_page_alloc/ignore-gfp-highmem", "N" },
		{ DEBUGFS "/fail_page_alloc/min-order", "0" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(knobs); i++) {
		if (write_file(knobs[i][0], knobs[i][1]))
			return -1;
	}
	return 0;
}

/* From now on. Which allocations may: as the fault suites have it, any. */
static int failing_start(void)
{
	long percent = failing_percent();
	size_t i;

	if (percent < 1 || percent > 100)
		return fail("vmfail=%s is no percentage", option("vmfail", ""));
	if (set_fault_knobs())
		return -1;
	for (i = 0; i < ARRAY_SIZE(injectors); i++) {
		if (set_injector(injectors[i], "verbose", 0) ||
		    set_injector(injectors[i], "interval", 1) ||
		    set_injector(injectors[i], "times", FAILURES_MOST))
			return -1;
	}
	for (i = 0; i < ARRAY_SIZE(injectors); i++) {
		if (set_injector(injectors[i], "probability", percent))
			return -1;
	}
	return 0;
}

static int failing_stop(void)
{
	char path[96];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(injectors); i++) {
		if (set_injector(injectors[i], "probability", 0))
			return -1;
	}
	for (i = 0; i < ARRAY_SIZE(injectors); i++) {
		snprintf(path, sizeof(path), "%stimes", injectors[i]);
		injected[i] += FAILURES_MOST - read_long(path);
	}
	return 0;
}

/* How many tasks have a name that begins with @prefix? */
static int count_tasks(const char *prefix)
{
	struct dirent *entry;
	char path[300], *name;
	int nr = 0;
	DIR *dir;

	dir = opendir("/proc");
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		name = read_file(path);
		nr += name && !strncmp(name, prefix, strlen(prefix));
		free(name);
	}
	if (dir)
		closedir(dir);
	return nr;
}

/*
 * Insert a module whose test runs as it is inserted, in tasks called @prefix,
 * and have allocations fail once these @threads run: a loader needs a hundred,
 * and test_vmalloc waits for ever if no thread starts. Returns 0 or an errno, as
 * load_module() does, or -1.
 */
int load_failing(const char *name, const char *args, const char *prefix,
		 int threads)
{
	bool failing = false, broken = false;
	int status = 0;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		return errno;
	if (!pid)
		_exit(load_module(name, args));
	while (!waitpid(pid, &status, WNOHANG)) {
		if (!failing && count_tasks(prefix) == threads) {
			failing = true;
			broken = failing_start();
		}
		usleep(1000);
	}
	if (failing && failing_stop())
		broken = true;
	return broken || !WIFEXITED(status) ? -1 : WEXITSTATUS(status);
}

/* At the end: has anything failed that was to? */
int failing_check(void)
{
	size_t i;

	if (!*option("vmfail", ""))
		return 0;
	for (i = 0; i < ARRAY_SIZE(injectors); i++) {
		out("injected %s %ld", injectors[i], injected[i]);
		if (injected[i] <= 0 || injected[i] > FAILURES_MOST)
			return fail("%s: nothing failed", injectors[i]);
	}
	return 0;
}
