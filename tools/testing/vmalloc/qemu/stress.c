// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own stress of vmalloc, and beside it what user space can do to
 * it: read /proc/vmallocinfo and /proc/kcore, load modules, and use up memory.
 * CPUs come and go if beside.c is asked for it.
 *
 *	vmops=N		operations (100000)
 *	vmseed=N	seed of the plans (the kernel's own)
 *	vmlimit=BYTES	that accounted memory may take (128 pages)
 *	vmtraces=1	failed allocations may leave call traces in the log
 *
 * Each disturber is a process. What a kernel has no files for is skipped, and
 * said; what it has files for has to work at least once.
 */
#define _FILE_OFFSET_BITS 64	/* of /proc/kcore, for 32 bits */

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

#define STRESS_PARAM(name) \
	"/sys/module/test_vmalloc_ordered/parameters/" name
#define CGROUP		"/sys/fs/cgroup"
#define STRESS_GROUP	CGROUP "/stress"
#define KPTR_RESTRICT	"/proc/sys/kernel/kptr_restrict"

#define DEFAULT_OPS	"100000"
/*
 * So little that accounted requests fail again and again, when they have some
 * of their pages; enough for the process that starts the stress.
 */
#define LIMIT_PAGES	128
/* A line so often; a run may take hours. */
#define PROGRESS_SECONDS	60
/* Without an operation for so long, nothing will come of it any more. */
#define STUCK_SECONDS	300
/* Of a read of /proc/kcore; areas are mostly smaller. */
#define KCORE_BYTES	(64 << 10)
/* Disturbers must not leave the stress too little of a CPU to be disturbed. */
#define PAUSE_US	50000
#define PRESSURE_PAUSE_US	3000000
/*
 * Pages that a group is charged for at the end, although nobody uses them: of
 * slab objects, whose bytes are charged a page at a time, one or two remain.
 */
#define CHARGE_SLACK	4

/* Shared by all processes. */
struct disturbances {
	atomic_bool stop;
	atomic_long done[8];
};

static struct disturbances *shared;

/* === Readers === */

/* Each line has a range that is not empty. */
static int read_vmallocinfo(void)
{
	char *info = read_file("/proc/vmallocinfo"), *line, *save = NULL;
	unsigned long start, end;
	int bad = !info || !*info;

	for (line = info ? strtok_r(info, "\n", &save) : NULL; line && !bad;
	     line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "0x%lx-0x%lx", &start, &end) != 2 ||
		    start >= end)
			bad = fail("/proc/vmallocinfo has a line '%s'", line);
	}
	free(info);
	return bad ? -1 : 0;
}

/*
 * Where @addr is in /proc/kcore; 1 if it is in none of its segments. A segment's
 * place is counted from the linear mapping: where that is above vmalloc's
 * addresses, as on riscv64, what is found is negative, and cannot be read.
 */
static int kcore_offset(int fd, uint64_t addr, int64_t *offset)
{
	ElfW(Ehdr) ehdr;
	ElfW(Phdr) phdr;
	int i;

	if (pread(fd, &ehdr, sizeof(ehdr), 0) != sizeof(ehdr))
		return -1;
	for (i = 0; i < ehdr.e_phnum; i++) {
		if (pread(fd, &phdr, sizeof(phdr),
			  ehdr.e_phoff + i * ehdr.e_phentsize) != sizeof(phdr))
			return -1;
		if (addr >= phdr.p_vaddr && addr - phdr.p_vaddr < phdr.p_memsz) {
			*offset = addr - phdr.p_vaddr + phdr.p_offset;
			return 0;
		}
	}
	return 1;
}

/*
 * Some area's start and what comes after it: holes, others, freed ones.
 * Returns 1 if it is not in /proc/kcore.
 */
static int read_kcore(void)
{
	static char buffer[KCORE_BYTES];
	char *info = read_file("/proc/vmallocinfo"), *line;
	unsigned long start;
	int fd, err = -1;
	int64_t offset;

	if (!info || !*info) {
		free(info);
		return -1;
	}
	line = info + rand() % strlen(info);
	while (line > info && line[-1] != '\n')
		line--;
	fd = open("/proc/kcore", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && sscanf(line, "0x%lx", &start) == 1)
		err = kcore_offset(fd, start, &offset);
	/* Modules have a segment of their own; not each kernel has it. */
	if (!err && pread(fd, buffer, sizeof(buffer), offset) <= 0)
		err = -1;
	if (err < 0)
		fail("/proc/kcore and an area, '%.*s': %m",
		     (int)strcspn(line, "\n"), line);
	if (fd >= 0)
		close(fd);
	free(info);
	return err;
}

/* === Modules and memory === */

static int load_and_unload(void)
{
	/* Its init does all it has to and then fails, to be unloaded again. */
	int err = load_module("test_vmalloc",
			      "run_test_mask=1 nr_threads=1 test_loop_count=10 test_repeat_count=1");

	usleep(200000);
	return err == EAGAIN ? 0 : fail("test_vmalloc.ko: %s", strerror(err));
}

/* How much memory can be had now, in kB. */
static long available_kb(void)
{
	char *info = read_file("/proc/meminfo"), *at;
	long kb = 0;

	at = info ? strstr(info, "MemAvailable:") : NULL;
	if (at && sscanf(at, "MemAvailable: %ld", &kb) != 1)
		kb = 0;
	free(info);
	return kb;
}

/* Half of what there is; the stress has an eighth of all at most. */
static int press_memory(void)
{
	size_t size = (size_t)available_kb() * 1024 / 2, at;
	long page = sysconf(_SC_PAGESIZE);
	char *memory;

	memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return -1;
	for (at = 0; at < size && !shared->stop; at += page)
		memory[at] = 1;
	if (write_file("/proc/sys/vm/drop_caches", "2"))
		return -1;
	munmap(memory, size);
	usleep(PRESSURE_PAUSE_US);
	return 0;
}

static const char *no_module(void)
{
	return exists("/test_vmalloc.ko") ? NULL : "no test_vmalloc.ko";
}

static const char *no_vmallocinfo(void)
{
	return exists("/proc/vmallocinfo") ? NULL : "no /proc/vmallocinfo";
}

static const char *no_kcore(void)
{
	const char *missing = exists("/proc/kcore") ? no_vmallocinfo() :
			      "no /proc/kcore";
	unsigned long start;
	int64_t offset;
	char *info;
	int fd;

	if (missing)
		return missing;
	if (!strcmp(option("vmkcore", "1"), "0"))
		return "vmkcore=0";
	info = read_file("/proc/vmallocinfo");
	fd = open("/proc/kcore", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && info && sscanf(info, "0x%lx", &start) == 1 &&
	    !kcore_offset(fd, start, &offset) && offset < 0)
		missing = "no offsets of vmalloc in /proc/kcore";
	if (fd >= 0)
		close(fd);
	free(info);
	return missing;
}

static const char *no_caches(void)
{
	return exists("/proc/sys/vm/drop_caches") ? NULL :
	       "no /proc/sys/vm/drop_caches";
}

static const struct disturber {
	const char *name;
	const char *(*missing)(void);
	int (*once)(void);	/* 1 if there was nothing to do */
} disturbers[] = {
	{ "vmallocinfo-reads",	no_vmallocinfo,	read_vmallocinfo },
	{ "kcore-reads",	no_kcore,	read_kcore },
	{ "module-loads",	no_module,	load_and_unload },
	{ "memory-pressures",	no_caches,	press_memory },
};

/* === Their life === */

static void disturb(size_t i)
{
	int err = 0;

	srand(i + 1);
	while (!shared->stop && err >= 0) {
		err = disturbers[i].once();
		if (!err)
			shared->done[i]++;
		usleep(PAUSE_US);
	}
	_exit(err < 0);
}

static int start_disturbers(pid_t *child)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(disturbers); i++) {
		const char *missing = disturbers[i].missing();

		child[i] = 0;
		if (missing) {
			out("stress skip %s: %s", disturbers[i].name, missing);
			continue;
		}
		child[i] = fork();
		if (child[i] < 0)
			return fail("fork: %m");
		if (!child[i])
			disturb(i);
	}
	return 0;
}

static int stop_disturbers(const pid_t *child)
{
	int status, bad = 0;
	size_t i;

	shared->stop = true;
	for (i = 0; i < ARRAY_SIZE(disturbers); i++) {
		if (child[i] <= 0)
			continue;
		if (waitpid(child[i], &status, 0) != child[i] || status)
			bad = fail("%s: status %d", disturbers[i].name, status);
		out("stress disturber %s %ld", disturbers[i].name,
		    (long)shared->done[i]);
		if (!shared->done[i])
			bad = fail("%s: not once", disturbers[i].name);
	}
	return bad ? -1 : 0;
}

/* === The control group that is charged === */

static bool has_group;

/* Why there is no such group, or NULL. */
static const char *no_group(void)
{
	char *controllers;
	bool memory;

	mkdir(CGROUP, 0755);
	if (!exists(CGROUP "/cgroup.controllers") &&
	    mount("cgroup2", CGROUP, "cgroup2", 0, NULL))
		return "no control groups";
	controllers = read_file(CGROUP "/cgroup.controllers");
	memory = controllers && strstr(controllers, "memory");
	free(controllers);
	return memory ? NULL : "no memory controller";
}

static int make_group(void)
{
	const char *missing = no_group();
	char limit[32];

	if (missing) {
		out("stress skip memcg: %s", missing);
		return 0;
	}
	if (write_file(CGROUP "/cgroup.subtree_control", "+memory"))
		return -1;
	if (mkdir(STRESS_GROUP, 0755) && errno != EEXIST)
		return fail("%s: %m", STRESS_GROUP);
	has_group = true;
	snprintf(limit, sizeof(limit), "%ld",
		 LIMIT_PAGES * sysconf(_SC_PAGESIZE));
	return write_file(STRESS_GROUP "/memory.max",
			  option("vmlimit", limit));
}

/*
 * No page is charged any more. A limit of 0 makes the group give back what it
 * keeps in stock for each CPU. Who reads cpu.stat has all statistics summed up;
 * for memory.stat alone, few pages are not worth it.
 */
static int check_group(long most)
{
	long vmalloc, current;
	int tries;

	if (!has_group)
		return 0;
	if (read_count(STRESS_GROUP "/memory.events", "max") <= 0)
		return fail("no request has met the group's limit");
	for (tries = 0; ; tries++) {
		if (write_file(STRESS_GROUP "/memory.high", "0"))
			return -1;
		free(read_file(STRESS_GROUP "/cpu.stat"));
		vmalloc = read_count(STRESS_GROUP "/memory.stat", "vmalloc");
		current = read_long(STRESS_GROUP "/memory.current");
		if (!vmalloc && current >= 0 &&
		    current <= CHARGE_SLACK * sysconf(_SC_PAGESIZE))
			break;
		if (tries == 10)
			return fail("charges are left over: vmalloc %ld, all %ld bytes",
				    vmalloc, current);
		sleep(1);
	}
	out("stress memcg most %ld left vmalloc %ld all %ld bytes", most,
	    vmalloc, current);
	return most > 0 ? 0 : fail("the group was never charged");
}

/* === The run === */

/* The run is charged to the group of whoever starts it, and uses its memory. */
static int start_run(void)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		return fail("fork: %m");
	if (!child) {
		if (has_group &&
		    write_file(STRESS_GROUP "/cgroup.procs", "0"))
			_exit(1);
		_exit(write_file(STRESS_PARAM("run"), "start") ? 1 : 0);
	}
	if (waitpid(child, &status, 0) != child || status)
		return fail("the stress does not start");
	return 0;
}

/* Wait for the end, and return what it says; NULL if it does not come. */
static char *wait_for_run(long *most_charged)
{
	long seconds = 0, moved = 0, before = -1, done, of, charged;
	char *text;

	for (;; seconds++) {
		text = read_file(STRESS_PARAM("results"));
		if (!text)
			return NULL;
		if (sscanf(text, "stress running %ld of %ld", &done, &of) != 2)
			return text;
		free(text);
		if (done != before)
			moved = seconds;
		before = done;
		charged = has_group ? read_count(STRESS_GROUP "/memory.stat",
						 "vmalloc") : 0;
		if (charged > *most_charged)
			*most_charged = charged;
		if (seconds % PROGRESS_SECONDS == PROGRESS_SECONDS - 1)
			out("stress progress %ld of %ld", done, of);
		if (seconds - moved > STUCK_SECONDS)
			return NULL;
		sleep(1);
	}
}

static int relay_results(char *text)
{
	char *line, *save = NULL;
	bool passed = false;

	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		out("%s", line);
		passed = !strcmp(line, "stress verdict pass");
	}
	free(text);
	return passed ? 0 : fail("the stress has failed");
}

/* What is refused must change nothing, and begin nothing. */
static int try_bad_values(void)
{
	static const char * const bad[][2] = {
		{ STRESS_PARAM("ops"), "0" },
		{ STRESS_PARAM("ops"), "-1" },
		{ STRESS_PARAM("ops"), "many" },
		{ STRESS_PARAM("ops"), "1000000001" },
		{ STRESS_PARAM("ops"), "99999999999999999999" },
		{ STRESS_PARAM("seed"), "x" },
		{ STRESS_PARAM("run"), "\n" },
		{ STRESS_PARAM("run"), "begin" },
	};
	long ops = read_long(STRESS_PARAM("ops"));
	long seed = read_long(STRESS_PARAM("seed"));
	char *results;
	bool idle;
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		fd = open(bad[i][0], O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			return fail("%s: %m", bad[i][0]);
		if (write(fd, bad[i][1], strlen(bad[i][1])) >= 0 ||
		    errno != EINVAL)
			return fail("'%s' to %s: not refused", bad[i][1],
				    bad[i][0]);
		close(fd);
	}
	if (read_long(STRESS_PARAM("ops")) != ops ||
	    read_long(STRESS_PARAM("seed")) != seed)
		return fail("what was refused has changed ops or seed");
	results = read_file(STRESS_PARAM("results"));
	idle = results && strncmp(results, "stress ", strlen("stress "));
	free(results);
	return idle ? 0 : fail("what was refused has begun a run");
}

/* Chunks that nodes have leased from the heap; -1 if nobody says so. */
static long count_chunks(int *nodes)
{
	char *stats = read_file(VMALLOC_STATS), *line, *save = NULL;
	long leased = -1, returned = -1;

	*nodes = 0;
	for (line = stats ? strtok_r(stats, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "chunks_leased %ld", &leased) != 1 &&
		    sscanf(line, "chunks_returned %ld", &returned) != 1)
			*nodes += !strncmp(line, "node", 4);
	}
	free(stats);
	return leased < 0 ? -1 : leased - returned;
}

/*
 * Once all is drained, the nodes have what they had, or a chunk more for each:
 * one with the stack of a task in it that was started meanwhile.
 */
static int check_chunks(long before)
{
	long now;
	int nodes;

	if (!exists(VMALLOC_STATS)) {
		out("stress skip chunks: no " VMALLOC_STATS);
		return 0;
	}
	if (before < 0)
		return fail(VMALLOC_STATS " counts no chunks");
	if (write_file("/proc/sys/vm/drop_caches", "2"))
		return -1;
	now = count_chunks(&nodes);
	out("stress chunks %ld before %ld nodes %d", now, before, nodes);
	return now <= before + nodes ? 0 : fail("chunks are left over");
}

static int run_disturbed(void)
{
	pid_t child[ARRAY_SIZE(disturbers)] = {};
	long most_charged = 0;
	char *text = NULL;
	int err;

	err = start_run() ?: start_disturbers(child);
	if (!err)
		text = wait_for_run(&most_charged);
	err = stop_disturbers(child) ?: err;
	if (!err && !text)
		err = fail("no operation for %d s, or no results",
			   STUCK_SECONDS);
	if (text)
		err = relay_results(text) ?: err;
	return err ?: check_group(most_charged);
}

static int set_params(void)
{
	const char *seed = option("vmseed", "");

	if (write_file(STRESS_PARAM("ops"), option("vmops", DEFAULT_OPS)))
		return -1;
	if (*seed && write_file(STRESS_PARAM("seed"), seed))
		return -1;
	/* Addresses as they are: otherwise lines name none that can be read. */
	return exists(KPTR_RESTRICT) ? write_file(KPTR_RESTRICT, "1") : 0;
}

int scenario_stress(void)
{
	int nodes, err;
	long chunks;

	if (!exists(STRESS_PARAM("run")))
		return fail("no test_vmalloc_ordered in this kernel");
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return fail("mmap: %m");
	chunks = count_chunks(&nodes);
	err = try_bad_values() ?: set_params() ?: make_group() ?:
	      run_disturbed() ?: check_chunks(chunks);
	if (!err && atoi(option("vmtraces", "0"))) {
		err = check_log(true);
		clear_log();
	}
	return err;
}
