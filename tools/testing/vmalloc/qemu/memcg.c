// SPDX-License-Identifier: GPL-2.0
/*
 * A memory cgroup that runs into its limit while vmalloc() works for it: BPF
 * maps are what user space can have of accounted vmalloc memory. The call must
 * fail, halfway through its pages or not; what it had is given back, and so is
 * its charge.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

#define CGROUPS		"/cgroup"
#define GROUP		CGROUPS "/limited"
#define LIMIT		"33554432"
/* Of 1 MB each: with what the child itself has, more than the limit holds. */
#define MAP_PAGES	256
#define MAPS_MOST	64
#define ROUNDS		20
/* Charges are given back in batches, and by workers. */
#define SETTLE_TRIES	100

/* In the child: take maps until one is refused, then give them back. */
static int fill_group(void)
{
	int fd[MAPS_MOST], nr, i;

	for (nr = 0; nr < MAPS_MOST; nr++) {
		fd[nr] = bpf_array(MAP_PAGES);
		if (fd[nr] < 0)
			break;
	}
	if (nr == MAPS_MOST)
		return fail("%d maps of 1 MB in %s bytes", nr, LIMIT);
	if (errno != ENOMEM)
		return fail("map %d: %m", nr);
	if (!nr)
		return fail("not even one map");
	for (i = 0; i < nr; i++)
		close(fd[i]);
	return nr;
}

static int child(void)
{
	char pid[24];
	int round, maps = 0;

	snprintf(pid, sizeof(pid), "%d", getpid());
	if (write_file(GROUP "/cgroup.procs", pid))
		return -1;
	for (round = 0; round < ROUNDS; round++) {
		int nr = fill_group();

		if (nr < 0)
			return -1;
		maps += nr;
	}
	out("memcg rounds %d maps %d", ROUNDS, maps);
	return 0;
}

static int expect_uncharged(void)
{
	long vmalloc = -1;
	int tries;

	for (tries = 0; tries < SETTLE_TRIES && vmalloc; tries++) {
		usleep(50000);
		vmalloc = read_count(GROUP "/memory.stat", "vmalloc");
	}
	out("memcg refused %ld, vmalloc left %ld",
	    read_count(GROUP "/memory.events", "max"), vmalloc);
	if (vmalloc)
		return fail("%ld bytes of vmalloc are still charged", vmalloc);
	if (read_count(GROUP "/memory.events", "max") <= 0)
		return fail("the limit was never met");
	return rmdir(GROUP) ? fail("%s: %m", GROUP) : 0;
}

int scenario_memcg(void)
{
	int status;
	pid_t pid;

	mkdir(CGROUPS, 0755);
	if (mount("cgroup2", CGROUPS, "cgroup2", 0, NULL))
		return fail("mount %s: %m", CGROUPS);
	if (write_file(CGROUPS "/cgroup.subtree_control", "+memory") ||
	    (mkdir(GROUP, 0755) && fail("%s: %m", GROUP)) ||
	    write_file(GROUP "/memory.max", LIMIT))
		return -1;
	/* Refused, not killed: the limit is met by the kernel's own memory. */
	pid = fork();
	if (pid < 0)
		return fail("fork: %m");
	if (!pid)
		_exit(child() ? 1 : 0);
	if (waitpid(pid, &status, 0) != pid || status)
		return fail("the child of %s: status %#x", GROUP, status);
	return expect_uncharged();
}
