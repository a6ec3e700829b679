// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guard pages: a load or store behind an area faults, on each CPU. The fault is
 * a real one that the module catches; LKDTM's VMALLOC_LINEAR_OVERFLOW, which
 * does the same, leaves a dead task and two areas.
 */
#include <errno.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "device.h"
#include "util.h"

#define SEED		0xf00dU

FIXTURE(guard) {
	int fd;
	long page;
};

FIXTURE_SETUP(guard)
{
	self->page = sysconf(_SC_PAGESIZE);
	self->fd = device_open();
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(guard)
{
	close(self->fd);
}

FIXTURE_VARIANT(guard) {
	enum ksft_vmalloc_kind kind;
	unsigned int pages;
};

FIXTURE_VARIANT_ADD(guard, vmalloc_one_page) {
	.kind = KSFT_VMALLOC,
	.pages = 1,
};

/* As large as a huge page on most machines, which has no room for another. */
FIXTURE_VARIANT_ADD(guard, vmalloc_512_pages) {
	.kind = KSFT_VMALLOC,
	.pages = 512,
};

FIXTURE_VARIANT_ADD(guard, vmap) {
	.kind = KSFT_VMAP,
	.pages = 5,
};

TEST_F(guard, access_behind_the_area_faults)
{
	uint64_t addr, end, last, word;
	int cpu = 0;

	addr = device_alloc(self->fd, variant->kind, variant->pages, SEED);
	ASSERT_NE(0, addr);
	end = addr + variant->pages * self->page;
	last = end - sizeof(word);

	/* What belongs to it does not: this is able to tell. */
	EXPECT_EQ(0, device_peek_all(self->fd, addr, 0, ksft_word(SEED, 0),
				     &cpu));
	EXPECT_EQ(0, device_peek_all(self->fd, last, 0,
				     ksft_word(SEED, last - addr), &cpu));
	EXPECT_EQ(0, device_poke(self->fd, 0, addr, ~0UL));
	ASSERT_EQ(0, device_peek(self->fd, 0, addr, &word));
	EXPECT_EQ(~0UL, (unsigned long)word);

	EXPECT_EQ(0, device_peek_all(self->fd, end, EFAULT, 0, &cpu))
		TH_LOG("CPU %d", cpu);
	EXPECT_EQ(0, device_peek_all(self->fd, end + self->page - sizeof(word),
				     EFAULT, 0, &cpu)) TH_LOG("CPU %d", cpu);
	EXPECT_EQ(EFAULT, device_poke(self->fd, 0, end, ~0UL));
	EXPECT_EQ(EFAULT, device_poke(self->fd, 0,
				      end + self->page - sizeof(word), ~0UL));
}

/* Its neighbour, if there is one, is not within reach of a small overflow. */
TEST_F(guard, neighbours_are_apart)
{
	uint64_t addr[32];
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(addr); i++) {
		addr[i] = device_alloc(self->fd, variant->kind, variant->pages,
				       SEED);
		ASSERT_NE(0, addr[i]);
	}
	for (i = 0; i < ARRAY_SIZE(addr); i++) {
		for (j = 0; j < ARRAY_SIZE(addr); j++) {
			EXPECT_NE(addr[i], addr[j] + variant->pages * self->page);
		}
	}
}

int main(int argc, char **argv)
{
	need_root();
	need_device();
	return test_harness_run(argc, argv);
}
