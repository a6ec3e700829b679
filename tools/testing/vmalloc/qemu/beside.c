// SPDX-License-Identifier: GPL-2.0
/*
 * What goes on beside a scenario, where the kernel command line asks for it:
 * "vmhotplug=1" takes CPUs away and brings them back all the time, "vmreaders=1"
 * reads /proc/vmallocinfo and /proc/kcore. It must have happened by the end.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

#define CPU_ONLINE	"/sys/devices/system/cpu/cpu%ld/online"
/* Long enough for others to run on what is left, and for timers to expire. */
#define HOTPLUG_US	50000
/* Of each segment of /proc/kcore: allocations begin at the first address. */
#define KCORE_BYTES	(1 << 20)
#define KCORE_SEGMENTS	32

/* Of one child; shared with it. */
static struct beside {
	const char *name;
	/* A round of it: 0, or -1 and it has said why. */
	int (*round)(void);
	pid_t pid;
	bool stop;
	bool failed;
	long rounds;
} *children;

/* === CPUs that come and go === */

static int set_online(long cpu, bool online)
{
	char path[64];

	snprintf(path, sizeof(path), CPU_ONLINE, cpu);
	return write_file(path, online ? "1" : "0");
}

/* CPU 0 stays: the guest's own timer interrupts are there. */
static int take_cpus_in_turn(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF), cpu;

	if (cpus < 2)
		return fail("vmhotplug=1 takes a second CPU");
	for (cpu = 1; cpu < cpus; cpu++) {
		if (set_online(cpu, false))
			return -1;
		usleep(HOTPLUG_US);
		if (set_online(cpu, true))
			return -1;
	}
	return 0;
}

/* === Readers === */

/* The beginning of each segment; one of them is vmalloc's space. */
static int read_kcore(void)
{
	static char buffer[1 << 16];
	struct {
		ElfW(Ehdr) file;
		ElfW(Phdr) segment[KCORE_SEGMENTS];
	} header;
	bool any = false;
	ssize_t got;
	off_t at;
	int fd, i;

	fd = open("/proc/kcore", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail("/proc/kcore: %m");
	/* The segments' headers follow at once. */
	if (pread(fd, &header, sizeof(header), 0) < (ssize_t)sizeof(header) ||
	    header.file.e_phoff != sizeof(header.file) ||
	    header.file.e_phnum > KCORE_SEGMENTS) {
		close(fd);
		return fail("/proc/kcore has no headers: %m");
	}
	for (i = 0; i < header.file.e_phnum; i++) {
		if (header.segment[i].p_type != PT_LOAD)
			continue;
		for (at = 0; at < KCORE_BYTES; at += sizeof(buffer)) {
			got = pread(fd, buffer, sizeof(buffer),
				    header.segment[i].p_offset + at);
			if (got <= 0)
				break;
			any = true;
		}
	}
	close(fd);
	return any ? 0 : fail("/proc/kcore: nothing can be read");
}

static int read_all(void)
{
	char *info = read_file("/proc/vmallocinfo");
	bool empty = !info || !*info;

	free(info);
	return empty ? fail("/proc/vmallocinfo is empty") : read_kcore();
}

/* === Children === */

static const struct {
	const char *name;
	int (*round)(void);
} disturbances[] = {
	{ "vmhotplug", take_cpus_in_turn },
	{ "vmreaders", read_all },
};

static int start_child(struct beside *child)
{
	child->pid = fork();
	if (child->pid < 0)
		return fail("fork: %m");
	if (child->pid)
		return 0;
	while (!__atomic_load_n(&child->stop, __ATOMIC_RELAXED)) {
		if (child->round()) {
			child->failed = true;
			break;
		}
		child->rounds++;
	}
	_exit(0);
}

static int stop_child(struct beside *child)
{
	__atomic_store_n(&child->stop, true, __ATOMIC_RELAXED);
	while (waitpid(child->pid, NULL, 0) < 0) {
		if (errno != EINTR)
			return fail("wait for %s: %m", child->name);
	}
	out("beside %s rounds %ld", child->name, child->rounds);
	if (child->failed || !child->rounds)
		return fail("%s came to nothing", child->name);
	return 0;
}

int beside_start(void)
{
	size_t i;

	children = mmap(NULL, ARRAY_SIZE(disturbances) * sizeof(*children),
			PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	if (children == MAP_FAILED)
		return fail("mmap: %m");
	for (i = 0; i < ARRAY_SIZE(disturbances); i++) {
		if (!*option(disturbances[i].name, ""))
			continue;
		children[i].name = disturbances[i].name;
		children[i].round = disturbances[i].round;
		if (start_child(&children[i]))
			return -1;
	}
	return 0;
}

int beside_stop(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	int err = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(disturbances); i++) {
		if (children[i].name && stop_child(&children[i]))
			err = -1;
	}
	if (*option("vmhotplug", "") && sysconf(_SC_NPROCESSORS_ONLN) != cpus)
		err = fail("of %ld CPUs %ld came back", cpus,
			   sysconf(_SC_NPROCESSORS_ONLN));
	return err;
}
