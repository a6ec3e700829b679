// SPDX-License-Identifier: GPL-2.0
/*
 * PID 1 of a test guest: prepares the file systems, runs the one scenario that
 * "vmtest=" on the kernel command line names, and says how it went.
 *
 * The last line for the host is "success", or "failure: ..." where the guest
 * knows why; a guest that hangs, warns or panics writes neither, and that fails
 * as well.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "guest.h"

#define CONSOLE_MAJOR	4
#define CONSOLE_MINOR	64

static const struct {
	const char *name;
	int (*run)(void);
	bool measures;		/* leaves the state as the storm left it */
} scenarios[] = {
	{ "boot",		scenario_boot,		false },
	{ "broken",		scenario_broken,	false },
	{ "kunit",		scenario_kunit,		false },
	{ "faults",		scenario_faults,	false },
	{ "knobs",		scenario_knobs,		false },
	{ "kselftest",		scenario_kselftest,	false },
	{ "test_vmalloc",	scenario_test_vmalloc,	false },
	{ "memcg",		scenario_memcg,		false },
	{ "iospace",		scenario_iospace,	false },
	{ "fill",		scenario_fill,		false },
	{ "bench",		scenario_bench,		true },
	{ "drain",		scenario_drain,		true },
	{ "drainbench",		scenario_drainbench,	true },
	{ "lazy",		scenario_lazy,		true },
	{ "starve",		scenario_starve,	false },
	{ "reader",		scenario_reader,	true },
	{ "stats",		scenario_stats,		false },
	{ "retention",		scenario_retention,	true },
	{ "hogs",		scenario_hogs,		false },
	{ "churn",		scenario_churn,		true },
	{ "wakeup",		scenario_wakeup,	true },
	{ "urgent",		scenario_urgent,	true },
	{ "delay",		scenario_delay,		true },
	{ "scale",		scenario_scale,		true },
	{ "stress",		scenario_stress,	false },
	{ "user",		scenario_user,		true },
	{ "shell",		scenario_shell,		true },
};

/* A kernel without one of these is fine: who needs it will miss its files. */
static void mount_all(void)
{
	static const struct {
		const char *type, *where;
	} mounts[] = {
		{ "proc", "/proc" },
		{ "sysfs", "/sys" },
		{ "devtmpfs", "/dev" },
		{ "debugfs", DEBUGFS },
		{ "tracefs", TRACEFS },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mounts); i++) {
		mkdir(mounts[i].where, 0755);
		if (mount(mounts[i].type, mounts[i].where, mounts[i].type,
			  0, NULL) && errno != ENODEV && errno != ENOENT)
			fail("mount %s: %m", mounts[i].where);
	}
	/* For the shell of a kernel without a device file system. */
	if (!exists(CONSOLE_DEVICE))
		mknod(CONSOLE_DEVICE, S_IFCHR | 0600,
		      makedev(CONSOLE_MAJOR, CONSOLE_MINOR));
}

/* A test of concurrency that runs on one CPU passes, and says nothing. */
static int check_cpus(void)
{
	long present = atol(option("vmpresent", "1"));
	long online = atol(option("vmcpus", "1"));

	if (!exists("/sys/devices/system/cpu/online"))
		return 0;
	if (sysconf(_SC_NPROCESSORS_CONF) != present)
		return fail("not %ld CPUs are present, but %ld", present,
			    sysconf(_SC_NPROCESSORS_CONF));
	if (sysconf(_SC_NPROCESSORS_ONLN) != online)
		return fail("not %ld CPUs are online, but %ld", online,
			    sysconf(_SC_NPROCESSORS_ONLN));
	return 0;
}

/* Nor does one of memory nodes on a kernel that takes them for one. */
static int check_nodes(void)
{
	long nodes = atol(option("vmnodes", "0"));
	char expected[32] = "0", *online;
	int err = 0;

	if (!nodes)
		return 0;
	if (nodes > 1)
		snprintf(expected, sizeof(expected), "0-%ld", nodes - 1);
	online = read_file("/sys/devices/system/node/online");
	if (!online || strcmp(strtok(online, "\n") ?: "", expected))
		err = fail("not %ld memory nodes are online, but %s", nodes,
			   online ?: "none");
	free(online);
	return err;
}

/* Is this the processor that was asked for? "vmflag=" is one it must have. */
static int check_flag(void)
{
	const char *flag = option("vmflag", "");
	char *info, *word;

	if (!*flag)
		return 0;
	info = read_file("/proc/cpuinfo");
	word = info ? strtok(info, " \t\n") : NULL;
	while (word && strcmp(word, flag))
		word = strtok(NULL, " \t\n");
	free(info);
	return word ? 0 : fail("the processor has no %s", flag);
}

static int run_scenario(const char *name)
{
	struct state start;
	bool checked;
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(scenarios); i++) {
		if (!strcmp(scenarios[i].name, name))
			break;
	}
	if (i == ARRAY_SIZE(scenarios))
		return fail("no scenario named '%s'", name);

	checked = !scenarios[i].measures && exists("/proc/meminfo");
	if (checked && state_read(&start))
		return -1;
	if (beside_start())
		return -1;
	err = scenarios[i].run();
	if (beside_stop() || err || failing_check())
		return -1;
	if (checked && state_compare(&start))
		return -1;
	if (!scenarios[i].measures && check_kmemleak())
		return -1;
	return check_log(failing_percent() > 0);
}

int main(void)
{
	int err;

	setvbuf(stdout, NULL, _IOLBF, 0);
	mount_all();
	if (results_open())
		printf("results channel: %s\n", strerror(errno));

	err = check_cpus() ?: check_nodes() ?: check_flag() ?:
	      run_scenario(option("vmtest", "(none)"));
	out(err ? "failure: see the errors above" : "success");
	results_flush();
	sync();
	reboot(RB_AUTOBOOT);
	return 1;
}
