// SPDX-License-Identifier: GPL-2.0
/*
 * The scenarios that pass or fail: boot, KUnit, the kernel's own test_vmalloc,
 * fault injection, and those that are broken on purpose.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

#define KUNIT_DIR	DEBUGFS "/kunit"

/* What one suite's report says. */
struct suite_count {
	long planned, passed, failed, skipped;
};

/* The state comparison around each scenario does the rest. */
int scenario_boot(void)
{
	struct state st;

	if (!exists("/proc/meminfo")) {
		out("boot without /proc");
		return 0;
	}
	if (state_read(&st))
		return -1;
	if (st.busy < 1)
		return fail("a kernel without one vmalloc area?");
	out("boot areas %ld", st.busy);
	return 0;
}

/*
 * Each of these must make the run fail, and each by another safeguard: a panic,
 * the comparison with the start, the log, the host's timeout.
 */
int scenario_broken(void)
{
	const char *how = option("vmbroken", "panic");

	out("broken on purpose: %s", how);
	if (!strcmp(how, "panic"))
		return write_file("/proc/sysrq-trigger", "c");
	if (!strcmp(how, "leak"))
		return write_file(BENCH_PARAM("run"), "prepare checkerboard 64");
	if (!strcmp(how, "log"))
		return write_file("/dev/kmsg", "BUG: said on purpose");
	if (!strcmp(how, "hang")) {
		for (;;)
			pause();
	}
	return fail("vmbroken=%s is none of panic, leak, log, hang", how);
}

/* === KUnit === */

static void count_case(struct suite_count *count, const char *line)
{
	bool failed = !strncmp(line, "not ok ", 7);

	if (failed)
		count->failed++;
	else if (strncmp(line, "ok ", 3))
		return;
	else if (strstr(line, "# SKIP"))
		count->skipped++;
	else
		count->passed++;
	if (failed || strstr(line, "# SKIP"))
		out("kunit-case %s", line);
}

/* Read a suite's report: its cases are indented by four spaces. */
static int read_suite(const char *suite, struct suite_count *count)
{
	char path[512], *text, *line, *save = NULL;

	memset(count, 0, sizeof(*count));
	snprintf(path, sizeof(path), KUNIT_DIR "/%s/results", suite);
	text = read_file(path);
	if (!text)
		return fail("%s: %m", path);
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (!strncmp(line, "    1..", 7))
			count->planned = atol(line + 7);
		else if (!strncmp(line, "    ", 4))
			count_case(count, line + 4);
		else if (!strncmp(line, "not ok", 6) && !count->failed)
			count->failed++;
	}
	free(text);
	return 0;
}

static int report_suite(const char *suite, const struct suite_count *count)
{
	out("kunit %s passed %ld failed %ld skipped %ld", suite, count->passed,
	    count->failed, count->skipped);
	if (count->failed)
		return fail("%s: %ld cases failed", suite, count->failed);
	if (!count->planned)
		return fail("%s: no case was run", suite);
	if (count->passed + count->skipped != count->planned)
		return fail("%s: of %ld cases only %ld were run", suite,
			    count->planned, count->passed + count->skipped);
	return 0;
}

/* The suites that "vmsuites=" demands must all be there. */
static int check_required(void)
{
	char copy[1024], path[512], *suite, *save = NULL;
	int missing = 0;

	snprintf(copy, sizeof(copy), "%s", option("vmsuites", ""));
	for (suite = strtok_r(copy, ",", &save); suite;
	     suite = strtok_r(NULL, ",", &save)) {
		snprintf(path, sizeof(path), KUNIT_DIR "/%s", suite);
		if (!exists(path)) {
			fail("the suite %s was not run", suite);
			missing++;
		}
	}
	return missing ? -1 : 0;
}

/* Call @fn for each suite; returns how many there are, or -1 if one fails. */
static int visit_suites(int (*fn)(const char *suite))
{
	struct dirent *entry;
	int nr = 0, bad = 0;
	DIR *dir;

	dir = opendir(KUNIT_DIR);
	if (!dir)
		return fail("%s: %m", KUNIT_DIR);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		nr++;
		if (fn(entry->d_name))
			bad++;
	}
	closedir(dir);
	if (!nr)
		return fail("no KUnit suite in this kernel");
	return bad ? -1 : nr;
}

static int check_suite(const char *suite)
{
	struct suite_count count;

	if (read_suite(suite, &count))
		return -1;
	return report_suite(suite, &count);
}

/* Suites that are built in have run during boot; load the other, if any. */
static int load_suite(void)
{
	int err;

	if (!exists("/vmalloc_kunit.ko"))
		return 0;
	err = load_module("vmalloc_kunit", "");
	return err ? fail("vmalloc_kunit.ko: %s", strerror(err)) : 0;
}

static int unload_suite(void)
{
	return exists("/vmalloc_kunit.ko") ? unload_module("vmalloc_kunit") : 0;
}

static int run_again(const char *suite, struct suite_count *count)
{
	char path[512];

	snprintf(path, sizeof(path), KUNIT_DIR "/%s/run", suite);
	return write_file(path, "1") || read_suite(suite, count) ? -1 : 0;
}

static int rerun_suite(const char *suite)
{
	struct suite_count count;

	return run_again(suite, &count) ? -1 : report_suite(suite, &count);
}

/*
 * Built in, the suites ran before anything could be counted: what they said is
 * checked, and then they run again, between two looks at what is in use.
 */
int scenario_kunit(void)
{
	if (load_suite())
		return -1;
	if (check_required() || visit_suites(check_suite) < 0 ||
	    visit_suites(rerun_suite) < 0)
		return -1;
	return unload_suite();
}

/* === Fault injection === */

static long fault_cases;

/* Run a fault suite once more: now that it can, no case may skip itself. */
static int rerun_fault_suite(const char *suite)
{
	struct suite_count count;

	if (!strstr(suite, "fault"))
		return 0;
	if (run_again(suite, &count))
		return -1;
	fault_cases += count.passed;
	if (count.skipped)
		return fail("%s: %ld cases were skipped", suite, count.skipped);
	return report_suite(suite, &count);
}

/* The cases arm current->fail_nth themselves. */
int scenario_faults(void)
{
	int suites;

	if (set_fault_knobs() || load_suite())
		return -1;
	suites = visit_suites(rerun_fault_suite);
	if (suites < 0)
		return -1;
	if (!fault_cases)
		return fail("no fault case was run");
	return unload_suite();
}

/* === Knobs === */

#define SYSCTL(name)	"/proc/sys/vm/" name

/* What a knob is at boot, and what it has to refuse. */
static const struct knob {
	const char *path;
	long boot, good;
	const char *bad[10];
} knobs[] = {
	{ SYSCTL("vmap_drain_batch"), 32, 1024,
	  { "0", "1025", "-1", "many", "99999999999999999999", "0x", "7 8",
	    "7,8", "" } },
	{ SYSCTL("vmap_lazy_max_pages"), 4711, 0,
	  { "-1", "2147483648", "99999999999999999999", "all", "7 8", "" } },
};

static int try_knob(const struct knob *knob)
{
	char text[32];
	int fd, i;

	if (read_long(knob->path) != knob->boot)
		return fail("%s is %ld at boot, not %ld", knob->path,
			    read_long(knob->path), knob->boot);
	for (i = 0; *knob->bad[i]; i++) {
		fd = open(knob->path, O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			return fail("%s: %m", knob->path);
		if (write(fd, knob->bad[i], strlen(knob->bad[i])) >= 0 ||
		    errno != EINVAL)
			return fail("'%s' to %s: not refused", knob->bad[i],
				    knob->path);
		close(fd);
		if (read_long(knob->path) != knob->boot)
			return fail("'%s' has changed %s", knob->bad[i],
				    knob->path);
	}
	snprintf(text, sizeof(text), "%ld", knob->good);
	if (write_file(knob->path, text))
		return -1;
	if (read_long(knob->path) != knob->good)
		return fail("%s did not become %s", knob->path, text);
	out("knob %s refuses %d values", knob->path, i);
	return 0;
}

/* Is what waits drained, if less may wait from now on? Nothing is freed. */
static int lower_limit(void)
{
	struct state now;
	int tries;

	if (bench_present() || bench_run("prepare sequential 1000", false) ||
	    state_read(&now))
		return -1;
	if (now.lazy_bytes < 1000 * sysconf(_SC_PAGESIZE))
		return fail("only %ld bytes wait", now.lazy_bytes);
	if (write_file(SYSCTL("vmap_lazy_max_pages"), "100"))
		return -1;
	for (tries = 0; tries < 100 && now.lazy_bytes; tries++) {
		usleep(10000);
		if (state_read(&now))
			return -1;
	}
	if (now.lazy_bytes)
		return fail("%ld bytes wait although 100 pages may",
			    now.lazy_bytes);
	return bench_run("finish", false);
}

/* The host gave both of them nonsense on the kernel command line. */
static int read_refusals(void)
{
	static const char * const said[] = {
		"vmap_drain_batch=0 is not a number from 1",
		"vmap_drain_batch=many is not a number from 1",
		"vmap_lazy_max_pages=-1 is not a number from 0",
		"vmap_lazy_max_pages=2147483648 is not a number from 0",
	};
	char *log = read_log();
	int err = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(said); i++) {
		if (!log || !strstr(log, said[i]))
			err = fail("the log does not say: %s", said[i]);
	}
	free(log);
	return err;
}

int scenario_knobs(void)
{
	size_t i;

	if (read_refusals())
		return -1;
	for (i = 0; i < ARRAY_SIZE(knobs); i++) {
		if (try_knob(&knobs[i]))
			return -1;
	}
	return lower_limit();
}

/* === The kernel's own test_vmalloc === */

/* What there is, differs: the host lays the list of the kernel's base here. */
#define VMALLOC_TESTS	"/test_vmalloc.txt"
#define MOST_TESTS	32

static struct vmalloc_test {
	char name[64];
	int id, loops;
	bool fails;
} vmalloc_tests[MOST_TESTS];

/* Read the list: a name, an id, loops, and perhaps "fails" on a line each. */
static int read_vmalloc_tests(void)
{
	char *text = read_file(VMALLOC_TESTS), *line, *save = NULL, how[8];
	struct vmalloc_test *test = vmalloc_tests;
	int words, err = 0;

	if (!text)
		return fail("%s: %m", VMALLOC_TESTS);
	for (line = strtok_r(text, "\n", &save); line && !err;
	     line = strtok_r(NULL, "\n", &save)) {
		if (*line == '#')
			continue;
		if (test == vmalloc_tests + MOST_TESTS) {
			err = fail("more tests than %d", MOST_TESTS);
			break;
		}
		words = sscanf(line, "%63s %d %d %7s", test->name, &test->id,
			       &test->loops, how);
		test->fails = words == 4 && !strcmp(how, "fails");
		if (words < 3 || (words == 4 && !test->fails))
			err = fail("%s: what is '%s'?", VMALLOC_TESTS, line);
		test++;
	}
	free(text);
	return err ? -1 : test - vmalloc_tests;
}

/*
 * While allocations are made to fail, so may the tests, and a thread may not
 * start at all: then nothing counts but that each says how it went.
 */
static bool counts_allowed(const struct vmalloc_test *test, int threads,
			   int lines, int passed, int failed)
{
	int wanted = test->fails ? 0 : threads;

	if (failing_percent())
		return lines && lines <= threads && passed + failed == lines;
	return passed == wanted && failed == threads - wanted;
}

/* Add up what each of the module's threads has said of @test. */
static int read_summary(const struct vmalloc_test *test, int threads,
			time_t seconds)
{
	int passed, failed, xfailed, all_passed = 0, all_failed = 0, lines = 0;
	char *log = read_log(), *line, *save = NULL, name[64];

	if (!log)
		return fail("no log to read");
	for (line = strtok_r(log, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		line = strstr(line, "Summary: ");
		/* Not each kernel tells failures that it expects from others. */
		xfailed = 0;
		if (!line || sscanf(line, "Summary: %63s passed: %d failed: %d xfailed: %d",
				    name, &passed, &failed, &xfailed) < 3 ||
		    strcmp(name, test->name))
			continue;
		lines++;
		all_passed += passed;
		all_failed += failed + xfailed;
	}
	free(log);

	out("test_vmalloc %s threads %d passed %d failed %d%s, %ld s",
	    test->name, threads, all_passed, all_failed,
	    test->fails ? " (expected)" : "", (long)seconds);
	if (lines != threads && !failing_percent())
		return fail("%s: %d summaries of %d threads", test->name,
			    lines, threads);
	if (!counts_allowed(test, threads, lines, all_passed, all_failed))
		return fail("%s: %d passed, %d failed", test->name, all_passed,
			    all_failed);
	return 0;
}

static int run_vmalloc_test(const struct vmalloc_test *test, int threads)
{
	time_t began = time(NULL);
	char args[160];
	int err;

	/* The log is checked piece by piece, as it is cleared. */
	if (check_log(failing_percent()))
		return -1;
	clear_log();
	snprintf(args, sizeof(args),
		 "run_test_mask=%d nr_threads=%d test_loop_count=%d test_repeat_count=1",
		 test->id, threads, test->loops);
	if (failing_percent())
		err = load_failing("test_vmalloc", args, "vmalloc_test/",
				   threads);
	else
		err = load_module("test_vmalloc", args);
	if (err != EAGAIN)
		return fail("test_vmalloc.ko: %s", strerror(err));
	if (read_summary(test, threads, time(NULL) - began))
		return -1;
	/* A failed vmalloc() shows a call trace, which is wanted here. */
	err = check_log(test->fails || failing_percent());
	clear_log();
	return err;
}

/*
 * Tests that cannot be run here: "vmskip=", a mask of ids, for those that take
 * more memory or space than there is. And vm_map_ram_test writes to whatever it
 * is given: not where that may be nothing.
 */
static bool skips_test(const struct vmalloc_test *test)
{
	if (!strcmp(test->name, "vm_map_ram_test") && failing_percent())
		return true;
	return test->id & atol(option("vmskip", "0"));
}

int scenario_test_vmalloc(void)
{
	static const int threads[] = { 1, 4 };
	int most = atoi(option("vmthreads", "4"));
	int j, nr = read_vmalloc_tests();
	bool any = false;
	size_t i;

	if (nr < 0)
		return -1;
	for (i = 0; i < ARRAY_SIZE(threads) && threads[i] <= most; i++) {
		for (j = 0; j < nr; j++) {
			if (skips_test(&vmalloc_tests[j])) {
				out("test_vmalloc %s skipped",
				    vmalloc_tests[j].name);
				continue;
			}
			if (run_vmalloc_test(&vmalloc_tests[j], threads[i]))
				return -1;
			any = true;
		}
	}
	return any ? 0 : fail("no test was run");
}
