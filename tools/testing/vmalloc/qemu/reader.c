// SPDX-License-Identifier: GPL-2.0
/*
 * How long a reader of /proc/vmallocinfo keeps preemption off, and with it others
 * from a lock: with many areas in use, and a large one, whose pages are counted
 * by memory node. It is what the preemptoff tracer saw while the file was read.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"

#define INFO		"/proc/vmallocinfo"
#define AREAS		"100000"
/* 64 MB in one area: a BPF map is what user space can have of vmalloc(). */
#define LARGE_PAGES	((64 << 20) / 4096)

/* Returns how many lines there are, or -1. Nothing else is done meanwhile. */
static long read_traced(void)
{
	static char buffer[1 << 16];
	int info_fd = open(INFO, O_RDONLY | O_CLOEXEC);
	int on_fd = open(TRACEFS "/tracing_on", O_WRONLY | O_CLOEXEC);
	long lines = 0;
	ssize_t got, i;

	if (info_fd < 0 || on_fd < 0)
		return fail("%s, %s: %m", INFO, TRACEFS);
	if (write(on_fd, "1", 1) != 1)
		return fail("tracing_on: %m");
	while ((got = read(info_fd, buffer, sizeof(buffer))) > 0) {
		for (i = 0; i < got; i++)
			lines += buffer[i] == '\n';
	}
	if (write(on_fd, "0", 1) != 1 || got < 0)
		return fail("%s: %m", INFO);
	close(info_fd);
	close(on_fd);
	return lines;
}

int scenario_reader(void)
{
	const char *areas = option("vmcounts", AREAS);
	char command[64];
	int large_fd;
	long lines, latency;

	if (bench_present() || trace_setup())
		return -1;
	large_fd = bpf_array(LARGE_PAGES);
	if (large_fd < 0)
		return fail("no BPF map of %d pages: %m", LARGE_PAGES);
	/* Every second one stays in use: as many as are freed. */
	snprintf(command, sizeof(command), "prepare checkerboard %s", areas);
	if (bench_run(command, false) ||
	    write_file(TRACEFS "/trace", "") ||
	    write_file(TRACEFS "/tracing_max_latency", "0"))
		return -1;
	lines = read_traced();
	/* The worker has drained the others meanwhile. */
	if (lines < 0 || bench_run("finish", false))
		return -1;
	close(large_fd);
	latency = read_long(TRACEFS "/tracing_max_latency");
	if (latency <= 0)
		return fail("the tracer has seen nothing");
	if (lines < atol(areas))
		return fail("%ld lines of %s areas", lines, areas);
	out("reader lines %ld", lines);
	out("bench reader_%s preempt_off_us %ld", areas, latency);
	print_trace();
	return 0;
}
