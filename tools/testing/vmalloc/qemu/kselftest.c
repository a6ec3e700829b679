// SPDX-License-Identifier: GPL-2.0
/*
 * The kselftests that the host has put below /kselftest, run by the kernel's
 * own run_kselftest.sh under busybox's shell. It prints a result for each test
 * program, and before it what the program printed, behind "# ":
 *
 *	TAP version 13
 *	1..2
 *	# selftests: vmalloc: guard
 *	# TAP version 13
 *	# 1..3
 *	# ok 1 guard.vmap.neighbours_are_apart
 *	...
 *	ok 1 selftests: vmalloc: guard
 *
 * Both plans have to be there and be kept to. A test that skips itself fails
 * unless "vmskips=" names it, or its program.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

#define SELFTESTS	"/kselftest"

/* A plan and what has been reported of it; the plan is -1 until it is seen. */
struct tap {
	long planned, passed, failed, skipped;
};

struct selftests {
	struct tap programs;	/* what the runner says */
	struct tap tests;	/* what the program says that is running */
	char program[64];	/* its name */
	bool bad;
};

static void tap_begin(struct tap *tap)
{
	memset(tap, 0, sizeof(*tap));
	tap->planned = -1;
}

/* Count a line of TAP. Returns its verdict, or NULL if it has none. */
static const char *tap_line(struct tap *tap, const char *line)
{
	if (!strncmp(line, "1..", 3)) {
		/* Two plans are none. */
		tap->planned = tap->planned < 0 ? atol(line + 3) : -2;
		return NULL;
	}
	if (!strncmp(line, "not ok ", 7)) {
		tap->failed++;
		return "failed";
	}
	if (strncmp(line, "ok ", 3))
		return NULL;
	if (strstr(line, "# SKIP")) {
		tap->skipped++;
		return "skipped";
	}
	tap->passed++;
	return "passed";
}

static bool tap_complete(const struct tap *tap)
{
	return tap->planned == tap->passed + tap->failed + tap->skipped;
}

/* May @test, a program or one of its tests, skip itself? */
static bool may_skip(const char *test)
{
	char copy[256], *name, *save = NULL;

	snprintf(copy, sizeof(copy), "%s", option("vmskips", ""));
	for (name = strtok_r(copy, ",", &save); name;
	     name = strtok_r(NULL, ",", &save)) {
		if (!strcmp(name, test))
			return true;
	}
	return false;
}

/* A line of the program that is running, without the "# " before it. */
static void program_line(struct selftests *self, const char *line)
{
	char test[128] = "?", why[256] = "";
	const char *verdict;

	if (sscanf(line, "selftests: %*[^:]: %63s", self->program) == 1) {
		tap_begin(&self->tests);
		return;
	}
	verdict = tap_line(&self->tests, line);
	if (!verdict)
		return;
	/* "ok 3 name # SKIP why" */
	if (sscanf(strstr(line, "ok "), "ok %*d %127s # %*s %255[^\n]", test,
		   why) < 1)
		self->bad = fail("a result of nothing: %s", line);
	out("kselftest %s %s %s%s%s", verdict, self->program, test,
	    *why ? " # " : "", why);
	if (!strcmp(verdict, "skipped") && !may_skip(test) &&
	    !may_skip(self->program))
		self->bad = fail("%s was to be run", test);
}

/* The runner says how the program ended: does that fit what it had printed? */
static void program_end(struct selftests *self, const char *verdict)
{
	struct tap *tests = &self->tests;

	if (!strcmp(verdict, "failed") || tests->failed)
		self->bad = fail("%s has failed", self->program);
	if (tests->planned < 0 || !tap_complete(tests))
		self->bad = fail("%s: %ld tests planned, %ld passed, %ld failed, %ld skipped",
				 self->program, tests->planned, tests->passed,
				 tests->failed, tests->skipped);
	if (!strcmp(verdict, "skipped") && tests->passed)
		self->bad = fail("%s: skipped as a whole, but for %ld tests",
				 self->program, tests->passed);
	if (!strcmp(verdict, "passed") && !tests->passed)
		self->bad = fail("%s: passed without a test", self->program);
	/* One that is skipped as a whole counts as one. */
	if (!tests->planned)
		out("kselftest skipped %s # all of it", self->program);
	if (!tests->planned && !may_skip(self->program))
		self->bad = fail("%s was to be run", self->program);
	/* Until the next one begins, nothing is planned. */
	tap_begin(tests);
	tests->planned = 0;
	self->program[0] = '\0';
}

static void selftests_line(struct selftests *self, char *line)
{
	const char *verdict;

	printf("%s\n", line);
	if (!strncmp(line, "# ", 2)) {
		program_line(self, line + 2);
		return;
	}
	verdict = tap_line(&self->programs, line);
	if (verdict)
		program_end(self, verdict);
}

/*
 * What is on the kernel command line is in the environment: there, for one test
 * of a program, KSELFTEST_KCORE_ARGS=-tholes_are_zero.
 */
static int run_selftests(int out_fd)
{
	dup2(out_fd, STDOUT_FILENO);
	dup2(out_fd, STDERR_FILENO);
	if (!setenv("PATH", "/bin", 1))
		execl("/bin/sh", "sh", SELFTESTS "/run_kselftest.sh", NULL);
	_exit(127);
}

/* Feed all that the runner prints to selftests_line(). Returns its status. */
static int follow_selftests(struct selftests *self)
{
	int ends[2], status = -1;
	char line[1024];
	FILE *output;
	pid_t pid;

	if (pipe(ends))
		return fail("pipe: %m");
	pid = fork();
	if (!pid) {
		close(ends[0]);
		run_selftests(ends[1]);
	}
	close(ends[1]);
	output = fdopen(ends[0], "r");
	if (pid < 0 || !output)
		return fail("%m");
	while (fgets(line, sizeof(line), output)) {
		line[strcspn(line, "\n")] = '\0';
		selftests_line(self, line);
	}
	fclose(output);
	/* PID 1 inherits what the tests leave behind, too. */
	while (wait(&status) != pid)
		;
	return status;
}

int scenario_kselftest(void)
{
	struct selftests self = { .program = "" };

	/* What a system has, and the runner opens. */
	if (symlink("/proc/self/fd/1", "/dev/stdout"))
		return fail("/dev/stdout: %m");
	tap_begin(&self.programs);
	tap_begin(&self.tests);
	if (follow_selftests(&self))
		return fail("%s/run_kselftest.sh does not run", SELFTESTS);
	if (self.programs.planned < 1 || !tap_complete(&self.programs))
		return fail("%ld programs planned, %ld passed, %ld failed, %ld skipped",
			    self.programs.planned, self.programs.passed,
			    self.programs.failed, self.programs.skipped);
	return self.bad ? -1 : 0;
}
