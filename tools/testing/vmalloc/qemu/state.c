// SPDX-License-Identifier: GPL-2.0
/*
 * Is anything left over, and has the kernel complained?
 *
 * What must be the same at the end as at the start, to the page and to the
 * area: VmallocUsed, and the busy areas that /proc/vmallocinfo lists. Two kinds
 * come and go with threads and per-CPU memory, whatever vmalloc does, and are
 * left out of both: kernel stacks (a few are cached per CPU, and workers are
 * started and stopped), and per-CPU chunks.
 *
 * Three things have an upper limit instead. A per-CPU chunk is made when one
 * more is needed, and one that is empty is kept. A block of vm_map_ram() stays
 * with its CPU while much of it was never used. And a descriptor belongs to each
 * hole between two busy areas, of which there is at most one behind each; how
 * many there are depends on where stacks lie.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <unistd.h>

#include "guest.h"

#define VMAP_AREA_CACHE		"/sys/kernel/slab/vmap_area/"
#define STAT_REFRESH		"/proc/sys/vm/stat_refresh"
/*
 * Descriptors beyond two per busy area: one that a CPU keeps at hand, the holes at both
 * ends of the space and of what is leased from it.
 */
#define DESCRIPTOR_SLACK	64
/*
 * What may be kept by who has this sysctl, and no statistics that say so:
 * VMAP_DEPOT_BATCHES of 16 descriptors, and two of these for each CPU.
 */
#define KEEPS_SPARES		"/proc/sys/vm/vmap_drain_batch"
#define SPARES_MOST		2048
#define SPARES_PER_CPU		32
/* One that is allocated from, and one that a larger request found too full. */
#define BLOCKS_PER_CPU		2
/* Chunks that per-CPU memory may have more than before, an area a node each. */
#define PERCPU_CHUNKS		2
/* Frees may be deferred to workers and to the end of a grace period. */
#define COMPARE_SECONDS		12

/* klogctl() commands; libc names none of them. */
#define LOG_READ_ALL		3
#define LOG_CLEAR		5
#define LOG_SIZE		10

/* What the log of a sound kernel does not have in it. */
static const char * const complaints[] = {
	"BUG: ", "BUG kmalloc", "WARNING: ", "Oops", "INFO: task ",
	"INFO: rcu", "rcu: INFO:", "INFO: possible", "INFO: suspicious",
	"INFO: trying to register", "general protection fault",
	"unable to handle", "soft lockup", "hard LOCKUP", "nobody cared",
	"Freed in ", "list_add corruption", "list_del corruption",
	"unreferenced object", "detected stalls", "hogged CPU",
};

/* Give back what may be given back: lazily freed areas, pools, slabs. */
static void settle(void)
{
	if (exists(BENCH_PARAM("run")))
		write_file(BENCH_PARAM("run"), "settle");
	if (exists("/proc/sys/vm/drop_caches"))
		write_file("/proc/sys/vm/drop_caches", "3");
	if (exists(VMAP_AREA_CACHE "shrink"))
		write_file(VMAP_AREA_CACHE "shrink", "1");
}

/* Is this the area of a kernel stack, or of or about per-CPU memory? */
static bool comes_and_goes(const char *line)
{
	/* The caller of a stack's vmalloc() depends on what is inlined. */
	static const char * const callers[] = {
		" kernel_clone+", " copy_process+", " dup_task_struct+",
		" alloc_thread_stack_node+", " fork_idle+", " pcpu_",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(callers); i++) {
		if (strstr(line, callers[i]))
			return true;
	}
	return false;
}

/* One line of vmallocinfo: "start-end bytes caller [pages=N] ...". */
static void count_line(struct state *st, const char *line)
{
	const char *pages = strstr(line, " pages=");
	long bytes = 0;

	if (strstr(line, "unpurged vm_area")) {
		if (sscanf(line, "%*s %ld", &bytes) == 1)
			st->lazy_bytes += bytes;
		st->lazy_entries++;
		return;
	}
	st->busy++;
	if (strstr(line, " vm_map_ram")) {
		st->blocks++;
		return;
	}
	if (strstr(line, " pcpu_get_vm_areas+"))
		st->percpu++;
	if (!comes_and_goes(line))
		st->areas++;
	else if (pages)
		st->used -= atol(pages + 7);
}

/* Descriptors that are kept for requests to come, or may be. */
static long read_spares(void)
{
	long at_hand = read_count(VMALLOC_STATS, "descriptors_at_hand");
	long in_depot = read_count(VMALLOC_STATS, "descriptors_in_depot");

	if (at_hand >= 0 && in_depot >= 0)
		return at_hand + in_depot;
	if (!exists(KEEPS_SPARES))
		return 0;
	return SPARES_MOST + SPARES_PER_CPU * sysconf(_SC_NPROCESSORS_CONF);
}

/*
 * What is in use, of a system that is left alone: each CPU may have some pages
 * that are not in the sum yet.
 */
int state_peek(struct state *st)
{
	char *info, *line, *save = NULL, *used;

	memset(st, 0, sizeof(*st));
	info = read_file("/proc/meminfo");
	used = info ? strstr(info, "VmallocUsed:") : NULL;
	if (!used || sscanf(used, "VmallocUsed: %ld", &st->used) != 1) {
		free(info);
		return fail("no VmallocUsed in /proc/meminfo");
	}
	st->used /= sysconf(_SC_PAGESIZE) / 1024;
	free(info);

	info = read_file("/proc/vmallocinfo");
	if (!info || !*info) {
		free(info);
		return fail("/proc/vmallocinfo is not readable, or empty");
	}
	for (line = strtok_r(info, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		count_line(st, line);
	free(info);
	st->descriptors = read_long(VMAP_AREA_CACHE "objects");
	st->spares = read_spares();
	return 0;
}

static int read_once(struct state *st)
{
	if (exists(STAT_REFRESH) && write_file(STAT_REFRESH, "1"))
		return -1;
	return state_peek(st);
}

/*
 * What is in use now. The two files are read one after the other, and a thread
 * may start in between: two readings that agree are believed.
 */
int state_read(struct state *st)
{
	struct state again;
	int tries;

	if (read_once(st))
		return -1;
	for (tries = 0; tries < 100; tries++) {
		if (read_once(&again))
			return -1;
		if (again.used == st->used && again.areas == st->areas)
			return 0;
		*st = again;
		usleep(10000);
	}
	return fail("what is in use changes all the time");
}

static void dump_areas(void)
{
	char *info = read_file("/proc/vmallocinfo");

	if (info)
		printf("areas at the end:\n%s", info);
	free(info);
}

static long count_nodes(void)
{
	char path[64];
	long nr = 0;

	do {
		snprintf(path, sizeof(path), "/sys/devices/system/node/node%ld",
			 nr);
	} while (exists(path) && ++nr);
	return nr ?: 1;
}

/* Does not more than at @start exist of what may change a little? */
static bool within_limits(const struct state *start, const struct state *now,
			  long descriptors)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	return !now->lazy_bytes && now->descriptors <= descriptors &&
	       now->blocks <= BLOCKS_PER_CPU * cpus &&
	       now->percpu <= start->percpu + PERCPU_CHUNKS * count_nodes();
}

/* Is everything given back that was not in use at @start? */
int state_compare(const struct state *start)
{
	struct state now;
	long limit;
	int tries;

	for (tries = 0; ; tries++) {
		settle();
		if (state_read(&now))
			return -1;
		limit = 2 * now.busy + DESCRIPTOR_SLACK + now.spares;
		if (now.descriptors < 0)
			return fail("no %sobjects: is SLUB_DEBUG off?",
				    VMAP_AREA_CACHE);
		if (now.used == start->used && now.areas == start->areas &&
		    within_limits(start, &now, limit))
			break;
		if (tries == COMPARE_SECONDS) {
			dump_areas();
			out("state lazy_bytes %ld blocks %ld percpu %ld -> %ld descriptors %ld limit %ld",
			    now.lazy_bytes, now.blocks, start->percpu,
			    now.percpu, now.descriptors, limit);
			return fail("left over: used %ld -> %ld pages, areas %ld -> %ld",
				    start->used, now.used, start->areas,
				    now.areas);
		}
		sleep(1);
	}
	out("state used_pages %ld areas %ld blocks %ld percpu %ld descriptors %ld limit %ld",
	    now.used, now.areas, now.blocks, now.percpu, now.descriptors, limit);
	return 0;
}

/* The kernel's log since it was last cleared, or NULL without one. */
char *read_log(void)
{
	int size = klogctl(LOG_SIZE, NULL, 0);
	char *log;

	if (size <= 0)
		return NULL;
	log = malloc(size + 1);
	if (!log)
		return NULL;
	size = klogctl(LOG_READ_ALL, log, size);
	log[size > 0 ? size : 0] = '\0';
	return log;
}

void clear_log(void)
{
	klogctl(LOG_CLEAR, NULL, 0);
}

/*
 * Which lines of the log may be there: call traces where an allocation fails
 * on purpose, and warnings while one of the suites "vmwarns=" names is run,
 * which provoke and count them. Our own validators' are never wanted.
 */
struct log_filter {
	bool traces_allowed;
	bool in_suite;
};

/* Follow which suite the log is in: KTAP frames each with two lines. */
static void follow_suite(struct log_filter *filter, const char *line)
{
	const char *subtest = strstr(line, "# Subtest: ");
	const char *end = strstr(line, "ok ");
	char copy[1024], ended[64], *suite, *save = NULL;

	if (!subtest && !end)
		return;
	if (end && sscanf(end, "ok %*d %63s", ended) != 1)
		return;
	snprintf(copy, sizeof(copy), "%s", option("vmwarns", ""));
	for (suite = strtok_r(copy, ",", &save); suite;
	     suite = strtok_r(NULL, ",", &save)) {
		if (subtest && !strcmp(subtest + 11, suite))
			filter->in_suite = true;
		else if (end && !strcmp(ended, suite))
			filter->in_suite = false;
	}
}

static bool is_complaint(const struct log_filter *filter, const char *line)
{
	size_t i;

	/* Whose data race it is, the host finds out: "vmraces=host". */
	if (strstr(line, "BUG: KCSAN: data-race") && *option("vmraces", ""))
		return false;
	/* Of WARN(); it has the CPU before the place or behind it. */
	if (filter->in_suite && strstr(line, "WARNING: ") &&
	    (strstr(line, " CPU: ") || strstr(line, " CPU#")) &&
	    !strstr(line, "vmalloc/debug.c"))
		return false;
	if (strstr(line, "Call Trace:"))
		return !filter->traces_allowed && !filter->in_suite;
	for (i = 0; i < ARRAY_SIZE(complaints); i++) {
		if (strstr(line, complaints[i]))
			return true;
	}
	return false;
}

/* Is the kernel's log free of complaints, and perhaps of call traces? */
int check_log(bool traces_allowed)
{
	struct log_filter filter = { .traces_allowed = traces_allowed };
	char *log = read_log(), *line, *save = NULL;
	int bad = 0;

	if (!log)
		return 0;
	for (line = strtok_r(log, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		follow_suite(&filter, line);
		if (is_complaint(&filter, line)) {
			fail("the log says: %s", line);
			bad++;
		}
	}
	free(log);
	return bad ? -1 : 0;
}

/* Does kmemleak, where there is one, find nothing? */
int check_kmemleak(void)
{
	const char *path = DEBUGFS "/kmemleak";
	char *found;
	int err = 0;

	if (!exists(path))
		return 0;
	/* It gives up once it cannot allocate what it notes an object in. */
	if (failing_percent()) {
		out("kmemleak not asked: its allocations fail, too");
		return 0;
	}
	/*
	 * An object is reported once it is 5 s old and two scans have found no
	 * pointer to it; its checksum has to stay the same in between.
	 */
	sleep(6);
	if (write_file(path, "scan") || write_file(path, "scan"))
		return -1;
	found = read_file(path);
	if (!found)
		return fail("%s: %m", path);
	if (*found) {
		printf("%s", found);
		err = fail("kmemleak: %.300s", found);
	} else {
		out("kmemleak none");
	}
	free(found);
	return err;
}
