// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmalloc/stats in debugfs, of mm/vmalloc/: what it says, and how it is reset.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cases.h"
#include "device.h"
#include "util.h"

#define STATS		"/sys/kernel/debug/vmalloc/stats"
#define LAZY_MAX	"/proc/sys/vm/vmap_lazy_max_pages"
/* For a drain to come, or not to come between a write and a read. */
#define TRIES		100
#define TRY_US		10000
/* Each of the file, while the limits are set by somebody. */
#define READINGS	5000

/* What "0" resets; each is above 0 once something was drained. */
static const char * const counters[] = {
	"drains", "drained_areas", "drained_ranges", "drained_pages",
	"flushes", "flushed_pages", "batches", "longest_hold_ranges",
};

FIXTURE(stats) {
	int fd;
	long lazy_max;
};

FIXTURE_SETUP(stats)
{
	self->lazy_max = file_number(LAZY_MAX, "");
	ASSERT_GE(self->lazy_max, 0);
	self->fd = device_error ? -1 : device_open();
}

FIXTURE_TEARDOWN(stats)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", self->lazy_max);
	EXPECT_EQ(0, file_write(LAZY_MAX, text, strlen(text)));
	if (self->fd >= 0)
		close(self->fd);
}

/* The number of the line that begins with @name, or -1. */
static long stat_number(const char *name)
{
	char line[64];

	snprintf(line, sizeof(line), "\n%s ", name);
	return file_number(STATS, line);
}

/* Drains what some areas leave, and returns how many drains there have been. */
static long drain_some(int fd)
{
	uint64_t addr[8];
	int tries;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(addr); i++)
		addr[i] = device_alloc(fd, KSFT_VMALLOC, 3, 1);
	for (i = 0; i < ARRAY_SIZE(addr); i++)
		device_free(fd, addr[i]);
	if (file_write(LAZY_MAX, "1", 1))
		return -1;
	for (tries = 0; tries < TRIES && stat_number("drains") < 1; tries++)
		usleep(TRY_US);
	return stat_number("drains");
}

TEST_F(stats, only_root_may_use_it)
{
	struct opening reading = { STATS, O_RDONLY };
	struct opening writing = { STATS, O_WRONLY };
	struct stat st;

	ASSERT_EQ(0, stat(STATS, &st));
	EXPECT_EQ(S_IFREG | 0600, st.st_mode);
	EXPECT_EQ(0, st.st_uid);
	EXPECT_EQ(EACCES, as_nobody(try_open, &reading));
	EXPECT_EQ(EACCES, as_nobody(try_open, &writing));
}

/* "name number", and of each list "nameN lazy_areas N lazy_ranges N lazy_pages N" */
static bool is_line(const char *line)
{
	unsigned long areas, ranges, pages, value;
	char name[32], again[160];
	bool fits;

	if (sscanf(line, "%31s lazy_areas %lu lazy_ranges %lu lazy_pages %lu",
		   name, &areas, &ranges, &pages) == 4) {
		snprintf(again, sizeof(again),
			 "%s lazy_areas %lu lazy_ranges %lu lazy_pages %lu",
			 name, areas, ranges, pages);
		fits = ranges <= areas && areas <= pages;
		return fits && !strcmp(line, again);
	}
	if (sscanf(line, "%31[a-z_] %lu", name, &value) != 2)
		return false;
	snprintf(again, sizeof(again), "%s %lu", name, value);
	return !strcmp(line, again);
}

TEST_F(stats, each_line_has_the_format)
{
	char *text = file_read(STATS), *line, *save = NULL;
	int lines = 0;

	ASSERT_NE(NULL, text);
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save), lines++) {
		EXPECT_TRUE(is_line(line)) TH_LOG("'%s'", line);
	}
	EXPECT_GT(lines, (int)ARRAY_SIZE(counters));
	free(text);
	EXPECT_GT(file_number(STATS, "soft_limit_pages "), 0);
	EXPECT_EQ(2 * file_number(STATS, "soft_limit_pages "),
		  stat_number("hard_limit_pages"));
	EXPECT_GE(stat_number("waiting_pages"), 0);
}

TEST_F(stats, the_limits_are_those_that_were_set)
{
	ASSERT_EQ(0, file_write(LAZY_MAX, "4711", 4));
	EXPECT_EQ(4711, file_number(STATS, "soft_limit_pages "));
	EXPECT_EQ(2 * 4711, stat_number("hard_limit_pages"));
}

/* Waits a little each time, so as to preempt a reader when it wakes up. */
static void set_limits(void)
{
	static const char * const limits[] = { "100000", "200000" };
	unsigned int i = 0;

	while (!file_write(LAZY_MAX, limits[i++ % 2], 6))
		usleep(100);
	_exit(1);
}

static pid_t start_setter(void)
{
	pid_t pid = fork();

	if (!pid)
		set_limits();
	return pid;
}

TEST_F(stats, the_limits_are_of_one_time)
{
	long soft, hard, wrong = 0;
	pid_t pid = start_setter();
	char *text, *line;
	int i;

	ASSERT_GT(pid, 0);
	EXPECT_EQ(0, run_idle());
	for (i = 0; i < READINGS; i++) {
		text = file_read(STATS);
		line = text ? strstr(text, "soft_limit_pages") : NULL;
		if (!line || sscanf(line, "soft_limit_pages %ld hard_limit_pages %ld",
				    &soft, &hard) != 2 || hard != 2 * soft)
			wrong++;
		free(text);
	}
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	EXPECT_EQ(0, wrong) TH_LOG("of %d readings", READINGS);
}

TEST_F(stats, drains_are_counted)
{
	size_t i;

	NEED_DEVICE(self);
	ASSERT_GT(drain_some(self->fd), 0);
	for (i = 0; i < ARRAY_SIZE(counters); i++) {
		EXPECT_GT(stat_number(counters[i]), 0)
			TH_LOG("%s", counters[i]);
	}
}

/* Are all of them 0? */
static bool all_reset(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counters); i++) {
		if (stat_number(counters[i]))
			return false;
	}
	return true;
}

/* A drain may come right after it, but not every time. */
TEST_F(stats, zero_resets_the_counters)
{
	bool reset = false;
	int tries;

	NEED_DEVICE(self);
	ASSERT_GT(drain_some(self->fd), 0);
	ASSERT_EQ(0, file_write(LAZY_MAX, "100000", 6));
	for (tries = 0; tries < TRIES && !reset; tries++) {
		ASSERT_EQ(0, file_write(STATS, "0\n", 2));
		reset = all_reset();
	}
	EXPECT_TRUE(reset);
	/* No limit, nor what waits, is a counter. */
	EXPECT_EQ(100000, file_number(STATS, "soft_limit_pages "));
}

TEST_F(stats, other_values_are_refused)
{
	static const struct {
		const char *text;
		int err;
	} bad[] = {
		{ "1", EINVAL }, { "-1", EINVAL }, { "reset", EINVAL },
		{ "0 0", EINVAL }, { "", EINVAL }, { "\n", EINVAL },
		{ "99999999999", ERANGE }, { "0x", EINVAL },
	};
	size_t i;

	NEED_DEVICE(self);
	ASSERT_GT(drain_some(self->fd), 0);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(bad[i].err, file_write(STATS, bad[i].text,
						 strlen(bad[i].text)))
			TH_LOG("'%s'", bad[i].text);
		EXPECT_GT(stat_number("drains"), 0)
			TH_LOG("'%s' was a reset", bad[i].text);
	}
}

int main(int argc, char **argv)
{
	need_root();
	if (access(STATS, F_OK))
		ksft_exit_skip("no %s\n", STATS);
	device_load();
	return test_harness_run(argc, argv);
}
