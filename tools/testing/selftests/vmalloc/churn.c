// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files that are read while what they tell of comes and goes. They are no
 * snapshots; but a line of theirs is of one area, or of one counter, at one time.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "areas.h"
#include "cases.h"
#include "device.h"
#include "util.h"

#define CHURNERS	4
#define READERS		4
/* The most pages of an area: of those of the first two, and of the others, */
#define PAGES		300U
/* whose pages take so long to count that a reader lets others go on meanwhile. */
#define MANY_PAGES	3000U
/* An area that stays, of a size that nothing else has. */
#define STABLE		1543U
/*
 * Of each reader. A kernel that looks for an area again by its address has shown
 * a wrong line in about each eighth reading, on four emulated CPUs.
 */
#define READINGS	15

#define MPOL_INTERLEAVE	3

/* Shared with the children. */
struct findings {
	long lines;
	char wrong[300];	/* what the first line that was wrong is like */
};

FIXTURE(churn) {
	int fd;
	pid_t churner[CHURNERS];
	struct findings *found;
};

FIXTURE_SETUP(churn)
{
	memset(self->churner, 0, sizeof(self->churner));
	self->fd = device_error ? -1 : device_open();
	ASSERT_TRUE(device_error || self->fd >= 0);
	self->found = mmap(NULL, READERS * sizeof(*self->found),
			   PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			   -1, 0);
	ASSERT_NE(MAP_FAILED, self->found);
}

FIXTURE_TEARDOWN(churn)
{
	int i;

	for (i = 0; i < CHURNERS; i++) {
		if (self->churner[i] <= 0)
			continue;
		/* It has not come to an end by itself. */
		EXPECT_EQ(0, waitpid(self->churner[i], NULL, WNOHANG))
			TH_LOG("churner %d", i);
		kill(self->churner[i], SIGKILL);
		waitpid(self->churner[i], NULL, 0);
	}
	munmap(self->found, READERS * sizeof(*self->found));
	if (self->fd >= 0)
		close(self->fd);
}

/* === Those who make areas come and go === */

static void churn(unsigned int seed, unsigned int pages)
{
	/* Pages of an area on both, where there are two nodes. */
	unsigned long nodes = 3;
	int fd = device_open();

	syscall(SYS_set_mempolicy, MPOL_INTERLEAVE, &nodes, 8 * sizeof(nodes));
	while (!device_churn(fd, 1000, pages, seed++))
		;
	_exit(1);
}

static int start_churners(pid_t *churner)
{
	int i;

	for (i = 0; i < CHURNERS; i++) {
		churner[i] = fork();
		if (!churner[i])
			churn(1000 * (i + 1), i < 2 ? PAGES : MANY_PAGES);
		if (churner[i] < 0)
			return -1;
	}
	return 0;
}

/* === Those who read === */

/* Is the area that stays there, once, with all of its pages? */
static bool lists_stable(const struct areas *areas, uint64_t addr)
{
	const struct area *area;
	int times = 0;
	size_t i;

	for (i = 0; i < areas->nr; i++) {
		area = &areas->list[i];
		if (area->start == addr && area->pages == STABLE)
			times++;
	}
	return times == 1;
}

static void read_areas(struct findings *found, uint64_t stable)
{
	struct areas areas;
	const char *wrong = NULL;

	if (areas_read(&areas)) {
		snprintf(found->wrong, sizeof(found->wrong), "%s", areas.wrong);
		return;
	}
	if (!areas_ascend(&areas))
		wrong = "addresses do not ascend";
	else if (!lists_stable(&areas, stable))
		wrong = "an area that stays is not listed, or twice";
	if (wrong)
		snprintf(found->wrong, sizeof(found->wrong), "%s", wrong);
	found->lines += areas.nr;
	areas_free(&areas);
}

static void reader(struct findings *found, uint64_t stable)
{
	int i;

	if (run_idle())
		_exit(1);
	for (i = 0; i < READINGS && !*found->wrong; i++)
		read_areas(found, stable);
	_exit(0);
}

TEST_F_TIMEOUT(churn, each_line_of_vmallocinfo_is_of_one_area, 90)
{
	pid_t pid[READERS];
	long lines = 0;
	uint64_t stable;
	int i, status;

	NEED_DEVICE(self);
	stable = device_alloc(self->fd, KSFT_VMALLOC, STABLE, 1);
	ASSERT_NE(0, stable);
	ASSERT_EQ(0, start_churners(self->churner));
	for (i = 0; i < READERS; i++) {
		pid[i] = fork();
		if (!pid[i])
			reader(&self->found[i], stable);
		ASSERT_GT(pid[i], 0);
	}
	for (i = 0; i < READERS; i++) {
		ASSERT_EQ(pid[i], waitpid(pid[i], &status, 0));
		EXPECT_EQ(0, status);
		EXPECT_EQ('\0', *self->found[i].wrong)
			TH_LOG("%s", self->found[i].wrong);
		lines += self->found[i].lines;
	}
	TH_LOG("%ld lines in %d readings", lines, READERS * READINGS);
}

int main(int argc, char **argv)
{
	need_root();
	if (access(VMALLOCINFO, F_OK))
		ksft_exit_skip("no %s\n", VMALLOCINFO);
	need_addresses();
	device_load();
	return test_harness_run(argc, argv);
}
