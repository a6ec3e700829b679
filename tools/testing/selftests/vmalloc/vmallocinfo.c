// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/vmallocinfo: what its lines look like, that they agree with each other
 * and with /proc/meminfo, and who sees what of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "areas.h"
#include "cases.h"
#include "device.h"
#include "util.h"

#define MEMINFO		"/proc/meminfo"
/* Two files, or a file and an ioctl, are read one after the other. */
#define TRIES		200
#define TRY_US		5000
/* No other area of a quiet system is that large. */
#define PAGES		1031U

FIXTURE(vmallocinfo) {
	struct areas areas;
	int fd;		/* of the device, or -1 */
	long page;
};

FIXTURE_SETUP(vmallocinfo)
{
	memset(&self->areas, 0, sizeof(self->areas));
	self->page = sysconf(_SC_PAGESIZE);
	self->fd = device_error ? -1 : device_open();
	if (!device_error) {
		ASSERT_GE(self->fd, 0);
	}
}

FIXTURE_TEARDOWN(vmallocinfo)
{
	set_kptr_restrict(1);
	areas_free(&self->areas);
	if (self->fd >= 0)
		close(self->fd);
}

/* === Format === */

TEST_F(vmallocinfo, only_root_may_read_it)
{
	struct opening reading = { VMALLOCINFO, O_RDONLY };
	struct opening writing = { VMALLOCINFO, O_WRONLY };
	struct stat st;

	ASSERT_EQ(0, stat(VMALLOCINFO, &st));
	EXPECT_EQ(S_IFREG | 0400, st.st_mode);
	EXPECT_EQ(0, st.st_uid);
	EXPECT_EQ(0, st.st_gid);
	EXPECT_EQ(EACCES, as_nobody(try_open, &reading));
	EXPECT_EQ(EACCES, as_nobody(try_open, &writing));
}

TEST_F(vmallocinfo, each_line_has_the_format)
{
	size_t i, pages = 0;

	READ_AREAS(self);
	for (i = 0; i < self->areas.nr; i++)
		pages += self->areas.list[i].pages;
	/* No kernel runs without these. */
	EXPECT_NE(0, self->areas.nr);
	EXPECT_NE(0, pages);
}

/* The parser that the case above relies on has to refuse what it should. */
TEST_F(vmallocinfo, lines_of_another_format_are_found)
{
	static const char * const bad[] = {
		"0xffffc90000000000-0xffffc90000002001    8193 vm_map_ram",
		"0xffffc90000000000-0xffffc90000002000    4096 vm_map_ram",
		"0xffffc90000002000-0xffffc90000002000       0 vm_map_ram",
		"0xffffc90000000000-0xffffc90000002000 8192 vm_map_ram",
		"ffffc90000000000-ffffc90000002000    8192 vm_map_ram",
		"0xffffc90000000000-0xffffc90000002000    8192 vm_map_ram ",
		"0xffffc90000000000-0xffffc90000002000    8192 vm_map_rum",
		"0xffffc90000000000-0xffffc90000002000    8192  vmalloc",
		"0xffffc90000000000-0xffffc90000002000    8192 f+0x1/0x2 pages=0 vmalloc",
		"0xffffc90000000000-0xffffc90000002000    8192 f+0x1/0x2 pages=3 vmalloc",
		"0xffffc90000000000-0xffffc90000002000    8192 f+0x1/0x2 pages=1x vmalloc",
		"0xffffc90000000000-0xffffc90000002000    8192 f+0x1/0x2 vmalloc pages=1",
		"0xffffc90000000000-0xffffc90000002000    8192 f+0x1/0x2 pages=1 vmap vmalloc",
		"0xffffc90000000000-0xffffc90000002000    8192 f+0x1/0x2 pages=1 vmalloc N0=2",
		"0xffffc90000000000-0xffffc90000002000    8192 f+0x1/0x2 pages=1 vmalloc N1=1 N0=0",
		"0xffffc90000000000-0xffffc90000002000    8192 f+0x1/0x2 phys=abc ioremap",
		"",
	};
	static const char * const good[] = {
		"0xffffc90000000000-0xffffc90000002000    8192 vm_map_ram",
		"0xf8000000-0xf8002000    8192 unpurged vm_area",
		"0xffffc90000000000-0xffffc90000002000    8192 f+0x1/0x2 pages=1 vmalloc N0=1",
		"0xffffc90000000000-0xffffc90000003000   12288 f+0x1/0x2 [m] pages=2 vmalloc vpages N0=1 N1=1",
		"0xffffc90000000000-0xffffc90000002000    8192 f+0x1/0x2 phys=0x00000000fee00000 ioremap",
		"0xffffc90000000000-0xffffc90000002000    8192 vmap",
	};
	struct area area;
	size_t i;

	if (self->page != 4096)
		SKIP(return, "the samples have pages of 4096 bytes");
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_NE(NULL, area_parse(bad[i], &area))
			TH_LOG("taken: '%s'", bad[i]);
	}
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		EXPECT_EQ(NULL, area_parse(good[i], &area))
			TH_LOG("not taken: '%s'", good[i]);
	}
}

/* All of it, in reads of @piece bytes; to be freed, or NULL. */
static char *read_in_pieces(int fd, size_t piece)
{
	size_t room = 1 << 22, have = 0;
	char *text = malloc(room + 1);
	ssize_t got;

	if (!text || lseek(fd, 0, SEEK_SET))
		goto fail;
	do {
		if (have + piece > room)
			goto fail;
		got = read(fd, text + have, piece);
		if (got < 0)
			goto fail;
		have += got;
	} while (got);
	text[have] = 0;
	return text;
fail:
	free(text);
	return NULL;
}

/* The line of the only area that has @pages, without its end; NULL if not one has. */
static char *only_line(char *text, unsigned int pages)
{
	char needle[32], *found, *line;

	snprintf(needle, sizeof(needle), " pages=%u ", pages);
	found = strstr(text, needle);
	if (!found || strstr(found + 1, needle))
		return NULL;
	for (line = found; line > text && line[-1] != '\n'; line--)
		;
	line[strcspn(line, "\n")] = 0;
	return line;
}

/* One who takes a few bytes at a time, looks again at its end, or begins in the middle. */
TEST_F(vmallocinfo, a_reader_may_be_odd)
{
	static const size_t piece[] = { 1 << 16, 1, 7, 1000 };
	char first[256] = "", again[256], *text, *line, byte;
	uint64_t addr;
	size_t i, at;
	int fd, tries;

	NEED_DEVICE(self);
	addr = device_alloc(self->fd, KSFT_VMALLOC, PAGES, 1);
	ASSERT_NE(0, addr);
	fd = open(VMALLOCINFO, O_RDONLY);
	ASSERT_GE(fd, 0);
	for (i = 0; i < ARRAY_SIZE(piece); i++) {
		text = read_in_pieces(fd, piece[i]);
		ASSERT_NE(NULL, text);
		line = only_line(text, PAGES);
		ASSERT_NE(NULL, line)
			TH_LOG("reads of %zu bytes", piece[i]);
		if (!i)
			snprintf(first, sizeof(first), "%s", line);
		EXPECT_STREQ(first, line);
		EXPECT_EQ(0, read(fd, &byte, 1));
		EXPECT_EQ(0, read(fd, &byte, 1));
		free(text);
	}
	/* What is above may change between two reads. */
	for (tries = 0; tries < TRIES; tries++) {
		text = read_in_pieces(fd, 1 << 16);
		ASSERT_NE(NULL, text);
		line = only_line(text, PAGES);
		ASSERT_NE(NULL, line);
		at = line - text;
		free(text);
		memset(again, 0, sizeof(again));
		if (pread(fd, again, strlen(first), at) == (ssize_t)strlen(first) &&
		    !strcmp(first, again))
			break;
		usleep(TRY_US);
	}
	EXPECT_LT(tries, TRIES);
	close(fd);
	device_free(self->fd, addr);
}

/* === Agreement === */

TEST_F(vmallocinfo, addresses_ascend_in_each_list)
{
	READ_AREAS(self);
	EXPECT_TRUE(areas_ascend(&self->areas));
}

/* Two neighbours of the sorted list that overlap, or NULL. */
static const struct area *overlap(struct areas *areas)
{
	size_t i;

	areas_sort(areas);
	for (i = 1; i < areas->nr; i++) {
		if (areas->list[i].start < areas->list[i - 1].end)
			return &areas->list[i];
	}
	return NULL;
}

/* An area that moves while the file is read may be listed twice, once. */
TEST_F(vmallocinfo, nothing_overlaps)
{
	const struct area *second = NULL;
	int tries;

	for (tries = 0; tries < TRIES; tries++) {
		READ_AREAS(self);
		second = overlap(&self->areas);
		if (!second)
			break;
		usleep(TRY_US);
	}
	EXPECT_EQ(NULL, second)
		TH_LOG("%llx-%llx and what is before it",
		       (unsigned long long)second->start,
		       (unsigned long long)second->end);
}

static unsigned long listed_pages(const struct areas *areas)
{
	unsigned long pages = 0;
	size_t i;

	/* Pages that vmap() was given are listed, but not vmalloc's. */
	for (i = 0; i < areas->nr; i++) {
		if (areas->list[i].vmalloc)
			pages += areas->list[i].pages;
	}
	return pages;
}

/*
 * To the page: each page that is counted is in an area that is listed. Only
 * what happens between two reads makes a difference, and nothing happens when
 * the count is the same before and after.
 */
static int agree(struct areas *areas, long page, long *used)
{
	long after;
	int tries;

	for (tries = 0; tries < TRIES; tries++) {
		*used = file_number(MEMINFO, "VmallocUsed:") * 1024 / page;
		areas_free(areas);
		if (areas_read(areas))
			return -1;
		after = file_number(MEMINFO, "VmallocUsed:") * 1024 / page;
		if (*used == after && (long)listed_pages(areas) == after)
			return 0;
		usleep(TRY_US);
	}
	return -1;
}

TEST_F(vmallocinfo, pages_add_up_to_vmalloc_used)
{
	long used;

	ASSERT_EQ(0, agree(&self->areas, self->page, &used))
		TH_LOG("%ld pages are used, %lu are listed %s", used,
		       listed_pages(&self->areas), self->areas.wrong);
	EXPECT_GT(used, 0);
}

/* Neither more nor less than what was asked for, whatever else goes on. */
TEST_F(vmallocinfo, an_area_is_counted_while_it_lives)
{
	long before, during, after;
	uint64_t addr;

	NEED_DEVICE(self);
	ASSERT_EQ(0, agree(&self->areas, self->page, &before));
	addr = device_alloc(self->fd, KSFT_VMALLOC, PAGES, 1);
	ASSERT_NE(0, addr);
	ASSERT_EQ(0, agree(&self->areas, self->page, &during));
	ASSERT_EQ(0, device_free(self->fd, addr));
	ASSERT_EQ(0, agree(&self->areas, self->page, &after));
	/* A kernel stack or two may come or go. */
	EXPECT_GE(during - before, PAGES - 64);
	EXPECT_LE(during - before, PAGES + 64);
	EXPECT_GE(during - after, PAGES - 64);
	EXPECT_LE(during - after, PAGES + 64);
}

/* === What is known of an area === */

TEST_F(vmallocinfo, an_area_is_listed_as_what_it_is)
{
	const struct area *area;
	uint64_t addr, size = PAGES * self->page;

	NEED_DEVICE(self);
	addr = device_alloc(self->fd, KSFT_VMALLOC, PAGES, 1);
	ASSERT_NE(0, addr);
	READ_AREAS(self);
	area = areas_find(&self->areas, addr, addr + size);
	ASSERT_NE(NULL, area);
	EXPECT_EQ(addr, area->start);
	/* The guard page is listed with it. */
	EXPECT_EQ(addr + size + self->page, area->end);
	EXPECT_EQ(PAGES, area->pages);
	EXPECT_TRUE(area->vmalloc);
	EXPECT_FALSE(area->vmap);
	EXPECT_NE(NULL, strchr(area->caller, '+')) TH_LOG("%s", area->caller);
}

TEST_F(vmallocinfo, a_mapping_is_listed_as_what_it_is)
{
	const struct area *area;
	uint64_t addr;

	NEED_DEVICE(self);
	addr = device_alloc(self->fd, KSFT_VMAP, 5, 1);
	ASSERT_NE(0, addr);
	READ_AREAS(self);
	area = areas_find(&self->areas, addr, addr + 1);
	ASSERT_NE(NULL, area);
	EXPECT_EQ(addr, area->start);
	EXPECT_EQ(addr + 6 * self->page, area->end);
	EXPECT_TRUE(area->vmap);
	EXPECT_FALSE(area->vmalloc);
	EXPECT_EQ(AREA_BUSY, area->kind);

	/* Too large to share a block. */
	addr = device_alloc(self->fd, KSFT_VM_MAP_RAM, 3000, 1);
	ASSERT_NE(0, addr);
	READ_AREAS(self);
	area = areas_find(&self->areas, addr, addr + 1);
	ASSERT_NE(NULL, area);
	EXPECT_EQ(AREA_RAM, area->kind);
	EXPECT_LE(addr + 3000 * self->page, area->end);
}

/* Its addresses wait, and may be drained at any time; most often they wait. */
TEST_F(vmallocinfo, a_freed_area_is_unpurged_or_gone)
{
	int listed, tries, unpurged = 0;
	uint64_t addr;

	NEED_DEVICE(self);
	for (tries = 0; tries < 20; tries++) {
		addr = device_alloc(self->fd, KSFT_VMALLOC, 7, 1);
		ASSERT_NE(0, addr);
		ASSERT_EQ(LISTED_BUSY, area_listed(addr, addr + 7 * self->page));
		ASSERT_EQ(0, device_free(self->fd, addr));
		listed = area_listed(addr, addr + 7 * self->page);
		if (listed == LISTED_UNPURGED)
			unpurged++;
		else {
			EXPECT_EQ(0, listed & LISTED_BUSY);
		}
	}
	EXPECT_GT(unpurged, 0);
}

/* === Who sees what === */

/* A file that root has opened, and @secret is not for anybody to see. */
struct passed_on {
	int fd;
	uint64_t secret;
	bool zero;	/* all addresses are to be 0 */
};

/* Is there an address in @word, "0xN-0xN", or "symbol+0xN/0xN"? */
static int reveals(const char *word, const struct passed_on *file)
{
	unsigned long long start, end;

	if (sscanf(word, "0x%llx-0x%llx", &start, &end) == 2)
		return file->zero ? start || end :
		       start == file->secret || end == file->secret;
	/* phys= is no virtual address, and offsets into functions are small. */
	if (!strncmp(word, "0x", 2))
		return strtoull(word, NULL, 16) >> (8 * sizeof(long) - 1);
	return 0;
}

/* Returns 0, 1 with an address in it, 2 if it cannot be read. */
static int look_for_addresses(void *arg)
{
	const struct passed_on *file = arg;
	char *text = fd_read(file->fd), *word, *save = NULL;
	int lines = 0;

	if (!text)
		return 2;
	for (word = strtok_r(text, "\n ", &save); word;
	     word = strtok_r(NULL, "\n ", &save)) {
		if (reveals(word, file))
			return 1;
		lines += !!strchr(word, '-') && !strncmp(word, "0x", 2);
	}
	return lines ? 0 : 2;
}

static int look_as(bool nobody, struct passed_on file)
{
	int found;

	file.fd = open(VMALLOCINFO, O_RDONLY);
	if (file.fd < 0)
		return -1;
	found = nobody ? as_nobody(look_for_addresses, &file) :
			 look_for_addresses(&file);
	close(file.fd);
	return found;
}

TEST_F(vmallocinfo, restricted_addresses_are_hidden)
{
	struct passed_on file = { .zero = true };

	ASSERT_EQ(0, set_kptr_restrict(1));
	/* Root does see them: the search is able to find something. */
	EXPECT_EQ(1, look_as(false, file));
	EXPECT_EQ(0, look_as(true, file));
	ASSERT_EQ(0, set_kptr_restrict(2));
	EXPECT_EQ(0, look_as(false, file));
	EXPECT_EQ(0, look_as(true, file));
}

TEST_F(vmallocinfo, unrestricted_addresses_are_hashed)
{
	struct passed_on file = { .zero = false };
	char *cmdline = file_read("/proc/cmdline");
	bool plain = cmdline && strstr(cmdline, "no_hash_pointers");

	free(cmdline);
	if (plain)
		SKIP(return, "no_hash_pointers is on the command line");
	NEED_DEVICE(self);
	file.secret = device_alloc(self->fd, KSFT_VMALLOC, 1, 1);
	ASSERT_NE(0, file.secret);
	EXPECT_EQ(1, look_as(false, file));
	ASSERT_EQ(0, set_kptr_restrict(0));
	EXPECT_EQ(0, look_as(false, file));
	EXPECT_EQ(0, look_as(true, file));
}

int main(int argc, char **argv)
{
	need_root();
	if (access(VMALLOCINFO, F_OK))
		ksft_exit_skip("no %s\n", VMALLOCINFO);
	need_addresses();
	device_load();
	return test_harness_run(argc, argv);
}
