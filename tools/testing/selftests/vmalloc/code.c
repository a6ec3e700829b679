// SPDX-License-Identifier: GPL-2.0-only
/*
 * Freed memory, of code and of data: no CPU sees what was there through a
 * translation that should have been flushed.
 *
 * Code, here the text of a module, is flushed when it is freed: no CPU may so
 * much as read it from then on, nor find it where other code has taken its
 * place. Data waits for a drain: its addresses stay out of use until then, and
 * who gets them next finds its own pages.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "areas.h"
#include "core.h"
#include "device.h"
#include "util.h"

#define MODULES		"/proc/modules"
#define CODE_ROUNDS	12
/* Some architectures keep executable memory in areas of 2 MB and more. */
#define CODE_AREA_MOST	(1 << 20)
/* Until all that may wait has waited: 96 MiB on four CPUs, more on more. */
#define DATA_PAGES	1000U
#define DATA_ROUNDS	300
#define DATA_REUSED	10

static const struct code {
	const char *name;
	unsigned char fill;
} codes[] = {
	{ "ksft_vmalloc_code_a", KSFT_CODE_A },
	{ "ksft_vmalloc_code_b", KSFT_CODE_B },
};

FIXTURE(freed) {
	struct core core;
	int fd;
	long page;
};

FIXTURE_SETUP(freed)
{
	self->page = sysconf(_SC_PAGESIZE);
	self->fd = device_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, core_open(&self->core));
}

FIXTURE_TEARDOWN(freed)
{
	module_unload(codes[0].name);
	module_unload(codes[1].name);
	core_close(&self->core);
	close(self->fd);
}

static uint64_t fill_word(const struct code *code)
{
	uint64_t word;

	memset(&word, code->fill, sizeof(word));
	return word;
}

/* Where the text of the module @name begins, or 0. */
static uint64_t module_text(const char *name)
{
	char *text = file_read(MODULES), *line, *save = NULL, found[64];
	unsigned long long addr = 0;

	for (line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "%63s %*s %*s %*s %*s 0x%llx", found,
			   &addr) == 2 && !strcmp(found, name))
			break;
		addr = 0;
	}
	free(text);
	return addr;
}

/* A word in the middle of what @code is full of, as /proc/kcore has it; or 0. */
static uint64_t find_code(const struct core *core, const struct code *code,
			  uint64_t text)
{
	uint64_t fill = fill_word(code), word;
	size_t offset, run = 0;

	for (offset = 0; offset < 2 * KSFT_CODE_BYTES; offset += sizeof(word)) {
		if (!core_read(core, text + offset, &word, sizeof(word)))
			return 0;
		run = word == fill ? run + sizeof(word) : 0;
		if (run == KSFT_CODE_BYTES / 2)
			return text + offset;
	}
	return 0;
}

/* The address is of code that is gone, and of nothing else. */
static bool is_unused(uint64_t addr)
{
	return !(area_listed(addr, addr + 1) & LISTED_BUSY);
}

TEST_F_TIMEOUT(freed, code_is_not_readable, 120)
{
	int round, cpu = 0, unused = 0;
	const struct code *code;
	uint64_t addr, text;

	for (round = 0; round < CODE_ROUNDS; round++) {
		code = &codes[round % 2];
		ASSERT_EQ(0, module_load(code->name));
		text = module_text(code->name);
		ASSERT_NE(0, text);
		addr = find_code(&self->core, code, text);
		ASSERT_NE(0, addr);
		if (area_size(addr) > CODE_AREA_MOST) {
			ASSERT_EQ(0, module_unload(code->name));
			SKIP(return, "modules share an area, which stays when one goes");
		}
		/*
		 * Now all CPUs have a translation of it. Had they one of what
		 * was there before, they would see the other code.
		 */
		ASSERT_EQ(0, device_peek_all(self->fd, addr, 0, fill_word(code),
					     &cpu)) TH_LOG("CPU %d", cpu);
		ASSERT_EQ(0, module_unload(code->name));
		if (!is_unused(addr))
			continue;
		unused++;
		EXPECT_EQ(0, device_peek_all(self->fd, addr, EFAULT, 0, &cpu))
			TH_LOG("CPU %d, round %d", cpu, round);
		EXPECT_TRUE(core_is_zero(&self->core, text, self->page));
		EXPECT_TRUE(core_is_zero(&self->core, addr, sizeof(addr)));
	}
	EXPECT_GT(unused, 0);
}

/*
 * Each CPU has a translation of the area when it is freed. If one of them still
 * has it when the address belongs to another area, it sees the old pages.
 */
TEST_F_TIMEOUT(freed, an_address_is_flushed_before_it_is_used_again, 120)
{
	static uint64_t seen[DATA_ROUNDS];
	int round, i, cpu = 0, reused = 0;
	uint64_t addr;

	for (round = 0; round < DATA_ROUNDS && reused < DATA_REUSED; round++) {
		addr = device_alloc(self->fd, KSFT_VMALLOC, DATA_PAGES, round);
		ASSERT_NE(0, addr);
		for (i = 0; i < round; i++) {
			if (seen[i] == addr) {
				reused++;
				break;
			}
		}
		seen[round] = addr;
		ASSERT_EQ(0, device_peek_all(self->fd, addr, 0,
					     ksft_word(round, 0), &cpu))
			TH_LOG("CPU %d, round %d", cpu, round);
		ASSERT_EQ(0, device_free(self->fd, addr));
	}
	if (!reused)
		SKIP(return, "no address was used twice in %d rounds",
		     DATA_ROUNDS);
}

/* As long as an address is listed as unpurged, nobody else gets it. */
TEST_F_TIMEOUT(freed, what_is_unpurged_is_not_used, 60)
{
	uint64_t freed[16], addr, size = 3 * self->page;
	int i, round, waiting = 0;
	struct areas areas;

	for (i = 0; i < (int)ARRAY_SIZE(freed); i++) {
		freed[i] = device_alloc(self->fd, KSFT_VMALLOC, 3, 1);
		ASSERT_NE(0, freed[i]);
	}
	for (i = 0; i < (int)ARRAY_SIZE(freed); i++) {
		ASSERT_EQ(0, device_free(self->fd, freed[i]));
	}
	for (round = 0; round < 64; round++) {
		addr = device_alloc(self->fd, KSFT_VMALLOC, 3, 1);
		ASSERT_NE(0, addr);
		EXPECT_EQ(LISTED_BUSY, area_listed(addr, addr + size));
		ASSERT_EQ(0, areas_read(&areas));
		for (i = 0; i < (int)areas.nr; i++)
			waiting += areas.list[i].kind == AREA_UNPURGED;
		areas_free(&areas);
	}
	EXPECT_GT(waiting, 0);
}

int main(int argc, char **argv)
{
	need_root();
	if (access(KCORE, F_OK))
		ksft_exit_skip("no %s\n", KCORE);
	need_addresses();
	need_device();
	return test_harness_run(argc, argv);
}
