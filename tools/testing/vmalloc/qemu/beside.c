// SPDX-License-Identifier: GPL-2.0
/*
 * What goes on beside a scenario, where the kernel command line asks for it:
 * "vmhotplug=1" takes CPUs away and brings them back all the time. It must have
 * happened by the end.
 */
#include <errno.h>
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

struct hotplug {
	pid_t pid;
	bool stop;
	bool failed;
	long rounds;
};

/* Shared with the child that does it. */
static struct hotplug *hotplug;

static int set_online(long cpu, bool online)
{
	char path[64];

	snprintf(path, sizeof(path), CPU_ONLINE, cpu);
	return write_file(path, online ? "1" : "0");
}

/* CPU 0 stays: the guest's own timer interrupts are there. */
static void take_cpus_in_turn(long cpus)
{
	long cpu;

	while (!__atomic_load_n(&hotplug->stop, __ATOMIC_RELAXED)) {
		for (cpu = 1; cpu < cpus; cpu++) {
			if (set_online(cpu, false))
				goto failed;
			usleep(HOTPLUG_US);
			if (set_online(cpu, true))
				goto failed;
		}
		hotplug->rounds++;
	}
	return;
failed:
	hotplug->failed = true;
}

static int start_hotplug(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	if (cpus < 2)
		return fail("vmhotplug=1 takes a second CPU");
	hotplug = mmap(NULL, sizeof(*hotplug), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (hotplug == MAP_FAILED)
		return fail("mmap: %m");
	hotplug->pid = fork();
	if (hotplug->pid < 0)
		return fail("fork: %m");
	if (!hotplug->pid) {
		take_cpus_in_turn(cpus);
		_exit(0);
	}
	return 0;
}

static int stop_hotplug(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	__atomic_store_n(&hotplug->stop, true, __ATOMIC_RELAXED);
	while (waitpid(hotplug->pid, NULL, 0) < 0) {
		if (errno != EINTR)
			return fail("wait for the hotplug child: %m");
	}
	out("beside hotplug rounds %ld", hotplug->rounds);
	if (hotplug->failed || !hotplug->rounds)
		return fail("CPUs did not go and come back");
	if (sysconf(_SC_NPROCESSORS_ONLN) != cpus)
		return fail("of %ld CPUs %ld came back", cpus,
			    sysconf(_SC_NPROCESSORS_ONLN));
	return 0;
}

int beside_start(void)
{
	return *option("vmhotplug", "") ? start_hotplug() : 0;
}

int beside_stop(void)
{
	return *option("vmhotplug", "") ? stop_hotplug() : 0;
}
