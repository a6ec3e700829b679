// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/kcore: of what vmalloc has mapped, the content; of everything else in
 * its space, zeroes. No read fails or is short, whatever else goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "areas.h"
#include "cases.h"
#include "core.h"
#include "device.h"
#include "util.h"

#define PAGES		17U
#define SEED		0x5eedU
/* For something else to take an address that has just been looked at. */
#define TRIES		20
#define STORM_SECONDS	2
/* Reads that a storm has to see at the least, or it was none. */
#define STORM_READS	100

FIXTURE(kcore) {
	struct core core;
	struct areas areas;
	int fd;
	long page;
	size_t size;	/* of an area of PAGES */
	char *buf;	/* of that size, and a page more */
};

FIXTURE_SETUP(kcore)
{
	memset(&self->areas, 0, sizeof(self->areas));
	self->page = sysconf(_SC_PAGESIZE);
	self->size = PAGES * self->page;
	self->buf = malloc(self->size + self->page);
	ASSERT_NE(NULL, self->buf);
	self->fd = device_error ? -1 : device_open();
	if (!device_error) {
		ASSERT_GE(self->fd, 0);
	}
	ASSERT_EQ(0, core_open(&self->core)) TH_LOG("%s", strerror(errno));
}

FIXTURE_TEARDOWN(kcore)
{
	core_close(&self->core);
	areas_free(&self->areas);
	free(self->buf);
	if (self->fd >= 0)
		close(self->fd);
}

/* Does @buf hold what an area of @seed does from @offset on? */
static bool is_pattern(const char *buf, size_t len, uint32_t seed,
		       size_t offset)
{
	uint64_t word;
	size_t i;

	for (i = 0; i < len; i++, offset++) {
		word = ksft_word(seed, offset);
		if (buf[i] != ((char *)&word)[offset % sizeof(word)])
			return false;
	}
	return true;
}

static bool is_zero(const char *buf, size_t len)
{
	return !len || (!buf[0] && !memcmp(buf, buf + 1, len - 1));
}

TEST_F(kcore, only_root_may_read_it)
{
	struct opening reading = { KCORE, O_RDONLY };

	EXPECT_EQ(EACCES, as_nobody(try_open, &reading));
}

TEST_F(kcore, each_area_is_in_a_segment)
{
	const struct segment *segment;
	const struct area *area;
	size_t i;

	READ_AREAS(self);
	for (i = 0; i < self->areas.nr; i++) {
		area = &self->areas.list[i];
		segment = core_segment(&self->core, area->start);
		EXPECT_TRUE(segment && area->end <= segment->end)
			TH_LOG("%llx-%llx", (unsigned long long)area->start,
			       (unsigned long long)area->end);
	}
}

/* === What is mapped === */

static const struct {
	const char *name;
	bool guarded;
} kinds[KSFT_KINDS] = {
	[KSFT_VMALLOC]		= { "vmalloc", true },
	[KSFT_VMAP]		= { "vmap", true },
	[KSFT_VM_MAP_RAM]	= { "vm_map_ram", false },
};

/*
 * Within a page, across two, from a byte to all there is. Returns a span that
 * was not read, or not as it is, or NULL.
 */
static const size_t *misread(const struct core *core, uint64_t addr,
			     uint32_t seed, char *buf, size_t size, size_t page)
{
	static size_t span[2];
	const size_t spans[][2] = {
		{ 0, 1 }, { 1, 7 }, { page - 1, 2 }, { page - 3, page + 6 },
		{ page + 3, 8 }, { 0, size }, { 5, size - 9 }, { size - 1, 1 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(spans); i++) {
		memcpy(span, spans[i], sizeof(span));
		memset(buf, 0xff, size);
		if (!core_read(core, addr + span[0], buf, span[1]) ||
		    !is_pattern(buf, span[1], seed, span[0]))
			return span;
	}
	return NULL;
}

TEST_F(kcore, what_is_mapped_is_read)
{
	const size_t *span;
	uint64_t addr;
	int kind;

	NEED_DEVICE(self);
	for (kind = 0; kind < KSFT_KINDS; kind++) {
		if (kind == KSFT_VM_MAP_RAM)
			continue;
		addr = device_alloc(self->fd, kind, PAGES, SEED + kind);
		ASSERT_NE(0, addr);
		span = misread(&self->core, addr, SEED + kind, self->buf,
			       self->size, self->page);
		EXPECT_EQ(NULL, span) {
			TH_LOG("%s: %zu bytes at %zu", kinds[kind].name,
			       span[1], span[0]);
		}
	}
}

TEST_F(kcore, what_vm_map_ram_maps_is_read)
{
	const size_t *span;
	uint64_t addr;

	NEED_DEVICE(self);
	addr = device_alloc(self->fd, KSFT_VM_MAP_RAM, PAGES, SEED);
	ASSERT_NE(0, addr);
	span = misread(&self->core, addr, SEED, self->buf, self->size,
		       self->page);
	if (span && !is_ordered())
		SKIP(return, "mm/vmalloc.c reads the first page in place of any other one");
	EXPECT_EQ(NULL, span) {
		TH_LOG("%zu bytes at %zu", span[1], span[0]);
	}
}

/* The read begins in the area, so that the guard page is its second part. */
TEST_F(kcore, guard_pages_are_zero)
{
	uint64_t addr;
	int kind;

	NEED_DEVICE(self);
	for (kind = 0; kind < KSFT_KINDS; kind++) {
		if (!kinds[kind].guarded)
			continue;
		addr = device_alloc(self->fd, kind, PAGES, SEED);
		ASSERT_NE(0, addr);
		ASSERT_TRUE(core_read(&self->core, addr, self->buf,
				      self->size + self->page));
		EXPECT_TRUE(is_pattern(self->buf, self->size, SEED, 0));
		EXPECT_TRUE(is_zero(self->buf + self->size, self->page))
			TH_LOG("%s", kinds[kind].name);
		EXPECT_TRUE(core_is_zero(&self->core, addr + self->size, 1));
	}
}

/* === What is not === */

/*
 * What is listed after the read as it was before has not been anything else
 * meanwhile, in a system that is as quiet as the tests want it.
 */
TEST_F(kcore, freed_areas_are_zero)
{
	int kind, tries, unused;
	uint64_t addr;
	bool zero;

	NEED_DEVICE(self);
	for (kind = 0; kind < KSFT_KINDS; kind++) {
		for (tries = 0, unused = 0; tries < TRIES && !unused; tries++) {
			addr = device_alloc(self->fd, kind, PAGES, SEED);
			ASSERT_NE(0, addr);
			ASSERT_FALSE(core_is_zero(&self->core, addr, 8));
			ASSERT_EQ(0, device_free(self->fd, addr));
			zero = core_is_zero(&self->core, addr, self->size);
			/* A block stays, with the freed range in it. */
			unused = kind == KSFT_VM_MAP_RAM ||
				 !(area_listed(addr, addr + self->size) &
				   LISTED_BUSY);
			if (unused) {
				EXPECT_TRUE(zero)
					TH_LOG("%s", kinds[kind].name);
			}
		}
		EXPECT_TRUE(unused) TH_LOG("%s", kinds[kind].name);
	}
}

/* Registers of devices are not for /proc/kcore to touch. */
TEST_F(kcore, device_memory_is_zero)
{
	const struct area *area;
	size_t i, found = 0;

	READ_AREAS(self);
	for (i = 0; i < self->areas.nr; i++) {
		area = &self->areas.list[i];
		if (!area->ioremap)
			continue;
		found++;
		EXPECT_TRUE(core_is_zero(&self->core, area->start,
					 area->end - area->start))
			TH_LOG("%llx-%llx", (unsigned long long)area->start,
			       (unsigned long long)area->end);
	}
	if (!found)
		SKIP(return, "nothing is mapped by ioremap()");
}

/*
 * Both ends and the middle of the hole [@start, @end). Returns 1 if it is one,
 * 0 if somebody has moved in meanwhile, and -1 if it is not zero.
 */
static int check_hole(const struct core *core, uint64_t start, uint64_t end,
		      size_t page)
{
	uint64_t middle = start + (end - start) / 2 / page * page;
	bool zero;

	zero = core_is_zero(core, start, page) &&
	       core_is_zero(core, middle, page) &&
	       core_is_zero(core, end - page, page);
	if (area_listed(start, end))
		return 0;
	return zero ? 1 : -1;
}

TEST_F(kcore, holes_are_zero)
{
	const struct area *last, *area;
	size_t i, holes = 0;
	int hole;

	READ_AREAS(self);
	areas_sort(&self->areas);
	for (i = 1; i < self->areas.nr; i++) {
		last = &self->areas.list[i - 1];
		area = &self->areas.list[i];
		if (last->end >= area->start ||
		    core_segment(&self->core, last->end) !=
		    core_segment(&self->core, area->start))
			continue;
		hole = check_hole(&self->core, last->end, area->start,
				  self->page);
		EXPECT_GE(hole, 0)
			TH_LOG("%llx-%llx", (unsigned long long)last->end,
			       (unsigned long long)area->start);
		holes += hole > 0;
	}
	EXPECT_GT(holes, 0);
}

/* === Any read succeeds === */

/* Each area and a page on either side, if that is in the segment. */
static bool read_around(const struct core *core, const struct area *area,
			size_t page)
{
	const struct segment *segment = core_segment(core, area->start);
	uint64_t addr = area->start, end = area->end;
	static char buf[1 << 18];
	size_t part;

	if (!segment)
		return false;
	if (addr - segment->start >= page)
		addr -= page;
	if (segment->end - end >= page)
		end += page;
	for (; addr < end; addr += part) {
		part = end - addr < sizeof(buf) ? end - addr : sizeof(buf);
		if (!core_read(core, addr, buf, part))
			return false;
	}
	return true;
}

TEST_F(kcore, all_areas_can_be_read)
{
	const struct area *area;
	size_t i;

	READ_AREAS(self);
	for (i = 0; i < self->areas.nr; i++) {
		area = &self->areas.list[i];
		EXPECT_TRUE(read_around(&self->core, area, self->page))
			TH_LOG("%llx-%llx: %m",
			       (unsigned long long)area->start,
			       (unsigned long long)area->end);
	}
}

/* A quarter of a page at a time, and into memory that has to be faulted in. */
TEST_F(kcore, a_reader_may_be_odd)
{
	size_t quarter = self->page / 4, at;
	char *fresh = mmap(NULL, self->size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t addr;

	NEED_DEVICE(self);
	ASSERT_NE(MAP_FAILED, fresh);
	addr = device_alloc(self->fd, KSFT_VMALLOC, PAGES, SEED);
	ASSERT_NE(0, addr);
	for (at = 0; at < self->size; at += quarter) {
		ASSERT_TRUE(core_read(&self->core, addr + at, self->buf + at,
				      quarter));
	}
	EXPECT_TRUE(is_pattern(self->buf, self->size, SEED, 0));
	ASSERT_TRUE(core_read(&self->core, addr, fresh, self->size));
	EXPECT_TRUE(is_pattern(fresh, self->size, SEED, 0));
	munmap(fresh, self->size);
}

/* === While areas come and go === */

static void make_areas(unsigned int seed)
{
	uint64_t addr[8] = { 0 };
	unsigned int nr = 0, i;
	int fd = device_open();

	srand(seed);
	for (; fd >= 0; nr++) {
		i = nr % ARRAY_SIZE(addr);
		if (addr[i])
			device_free(fd, addr[i]);
		addr[i] = device_alloc(fd, rand() % KSFT_KINDS,
				       1 + rand() % (2 * PAGES), seed);
	}
	_exit(1);
}

/* Each has a kernel stack. */
static void make_processes(unsigned int seed)
{
	pid_t pid;
	int i;

	for (;;) {
		for (i = 0; i < 16; i++) {
			pid = fork();
			if (!pid) {
				usleep(1000);
				_exit(0);
			}
		}
		while (wait(NULL) > 0)
			;
	}
}

static void load_modules(unsigned int seed)
{
	while (!module_load("ksft_vmalloc_code_a"))
		module_unload("ksft_vmalloc_code_a");
	_exit(1);
}

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

TEST_F_TIMEOUT(kcore, reads_succeed_in_a_storm, 60)
{
	static void (* const makers[])(unsigned int) = {
		make_areas, make_areas, make_processes, load_modules,
	};
	pid_t pid[ARRAY_SIZE(makers)];
	size_t i, reads = 0;
	uint64_t stable;
	time_t end;

	NEED_DEVICE(self);
	stable = device_alloc(self->fd, KSFT_VMALLOC, PAGES, SEED);
	ASSERT_NE(0, stable);
	for (i = 0; i < ARRAY_SIZE(makers); i++) {
		pid[i] = fork();
		if (!pid[i])
			makers[i](i + 1);
		ASSERT_GT(pid[i], 0);
	}
	for (end = now() + STORM_SECONDS; now() <= end || reads < STORM_READS;) {
		READ_AREAS(self);
		for (i = 0; i < self->areas.nr; i++, reads++) {
			EXPECT_TRUE(read_around(&self->core,
						&self->areas.list[i],
						self->page)) TH_LOG("%m");
		}
		ASSERT_TRUE(core_read(&self->core, stable, self->buf,
				      self->size));
		ASSERT_TRUE(is_pattern(self->buf, self->size, SEED, 0));
	}
	for (i = 0; i < ARRAY_SIZE(makers); i++) {
		/* None of them has come to an end by itself. */
		EXPECT_EQ(0, waitpid(pid[i], NULL, WNOHANG))
			TH_LOG("maker %zu", i);
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
	module_unload("ksft_vmalloc_code_a");
	EXPECT_GE(reads, STORM_READS);
}

int main(int argc, char **argv)
{
	need_root();
	if (access(KCORE, F_OK))
		ksft_exit_skip("no %s\n", KCORE);
	need_addresses();
	device_load();
	return test_harness_run(argc, argv);
}
