// SPDX-License-Identifier: GPL-2.0
/*
 * One user of vmalloc as life has them: a program of the Debian userland on the
 * first disk, told what to do by the script of that name on the second. It runs
 * twice. The first, short run leaves behind what the kernel keeps for good, as
 * erofs its buffers; after the second one everything has to be as before it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

#define ROOT		"/root"

/* Of each event a histogram is kept: by CPU, so that it has few rows. */
#define HISTOGRAM	"hist:keys=common_cpu"
#define RAM_PROBE	"vm_map_ram"

/*
 * How often something of vmalloc's was called. vm_map_ram() has a probe, since
 * most of its calls take a piece of a block and allocate no area.
 */
static const struct counter {
	const char *name, *event;
} counters[] = {
	{ "areas", TRACEFS "/events/vmalloc/alloc_vmap_area" },
	{ RAM_PROBE, TRACEFS "/events/kprobes/" RAM_PROBE },
};

static int counters_start(void)
{
	char path[128];
	size_t i;

	if (write_file(TRACEFS "/kprobe_events", "p:" RAM_PROBE " " RAM_PROBE))
		return -1;
	for (i = 0; i < ARRAY_SIZE(counters); i++) {
		snprintf(path, sizeof(path), "%s/trigger", counters[i].event);
		if (write_file(path, HISTOGRAM))
			return -1;
	}
	return 0;
}

static long counter_read(const struct counter *counter)
{
	char path[128], *text, *hits;
	long value = -1;

	snprintf(path, sizeof(path), "%s/hist", counter->event);
	text = read_file(path);
	hits = text ? strstr(text, "\n    Hits: ") : NULL;
	if (hits)
		value = atol(hits + 11);
	free(text);
	if (value < 0)
		fail("%s does not say how often", path);
	return value;
}

/*
 * Has the user reached vmalloc as often as "vmleast=" says of each counter? If
 * not, it has been no user of it, and has shown nothing.
 */
static int counters_compare(const long *before)
{
	const char *least = option("vmleast", "");
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counters); i++) {
		long calls = counter_read(&counters[i]) - before[i];
		char *end;
		long want = strtol(least, &end, 10);

		if (end == least)
			return fail("vmleast= has too few numbers");
		least = *end ? end + 1 : end;
		out("user %s %ld", counters[i].name, calls);
		if (calls < want)
			return fail("%s: only %ld, not %ld", counters[i].name,
				    calls, want);
	}
	return 0;
}

static int mount_at(const char *what, const char *type, const char *where,
		    unsigned long flags)
{
	if (mount(what, where, type, flags, NULL))
		return fail("mount %s at %s: %m", what, where);
	return 0;
}

/* The userland, what the host has made for it, and the kernel's own. */
static int mount_root(void)
{
	mkdir(ROOT, 0755);
	return mount_at("/dev/vda", "ext4", ROOT, 0) ||
	       mount_at("/dev/vdb", "ext4", ROOT "/srv", MS_RDONLY) ||
	       mount_at("/proc", NULL, ROOT "/proc", MS_BIND | MS_REC) ||
	       mount_at("/sys", NULL, ROOT "/sys", MS_BIND | MS_REC) ||
	       mount_at("/dev", NULL, ROOT "/dev", MS_BIND | MS_REC) ||
	       mount_at("tmpfs", "tmpfs", ROOT "/tmp", 0) ? -1 : 0;
}

static void exec_script(const char *name, const char *phase, int fd)
{
	char *const argv[] = { (char *)name, (char *)phase, NULL };
	char *const envp[] = {
		"HOME=/root", "PATH=/usr/sbin:/usr/bin", "TERM=dumb", NULL
	};

	if (chroot(ROOT) || chdir("/srv") || dup2(fd, 1) < 0)
		_exit(126);
	close(fd);
	execve(name, argv, envp);
	_exit(127);
}

/* What a script says is for the host, a line at a time. */
static void relay(FILE *said)
{
	char line[256];

	while (fgets(line, sizeof(line), said)) {
		line[strcspn(line, "\n")] = '\0';
		out("user # %s", line);
	}
	fclose(said);
}

static int run_script(const char *name, const char *phase)
{
	int status = 0, pipes[2];
	pid_t pid;

	if (pipe(pipes))
		return fail("pipe: %m");
	pid = fork();
	if (pid < 0)
		return fail("fork: %m");
	if (!pid) {
		close(pipes[0]);
		exec_script(name, phase, pipes[1]);
	}
	close(pipes[1]);
	relay(fdopen(pipes[0], "r"));
	/* PID 1 also inherits every orphan. */
	while (wait(&status) != pid)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return fail("%s %s: status %#x", name, phase, status);
	return 0;
}

static int run_measured(const char *name)
{
	long before[ARRAY_SIZE(counters)];
	struct state start;
	size_t i;

	if (run_script(name, "first") || state_read(&start))
		return -1;
	for (i = 0; i < ARRAY_SIZE(counters); i++)
		before[i] = counter_read(&counters[i]);
	if (run_script(name, "second") || counters_compare(before))
		return -1;
	return state_compare(&start);
}

int scenario_user(void)
{
	if (mount_root() || counters_start())
		return -1;
	return run_measured(option("vmuser", "(none)"));
}
