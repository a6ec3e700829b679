// SPDX-License-Identifier: GPL-2.0
/*
 * The scenario that has all CPUs take turns at vmalloc, for a plugin of QEMU's that
 * counts: see lib/vmalloc_scale.c. A line for each workload, in the order in which
 * the plugin writes its files.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest.h"

#define SCALE_PARAM(name)	"/sys/module/vmalloc_scale/parameters/" name
#define DEFAULT_ROUNDS		"64"

static int run_workload(const char *name)
{
	char command[64], *result;

	snprintf(command, sizeof(command), "%s %s", name,
		 option("vmrounds", DEFAULT_ROUNDS));
	printf("scale: %s\n", command);
	if (write_file(SCALE_PARAM("run"), command))
		return -1;
	result = read_file(SCALE_PARAM("run"));
	if (!result)
		return fail("%s: %m", SCALE_PARAM("run"));
	out("%s", strtok(result, "\n") ?: "");
	free(result);
	return 0;
}

/* Those that "vmcases=" names, or all. */
int scenario_scale(void)
{
	char *names, *name, *save = NULL;
	int err = 0;

	names = read_file(SCALE_PARAM("workloads"));
	if (!names)
		return fail("no vmalloc_scale in this kernel: %m");
	if (*option("vmcases", "")) {
		free(names);
		names = strdup(option("vmcases", ""));
		if (!names)
			return fail("vmcases: %m");
	}
	for (name = strtok_r(names, ",\n", &save); name && !err;
	     name = strtok_r(NULL, ",\n", &save))
		err = run_workload(name);
	free(names);
	return err;
}
