// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sysctls of mm/vmalloc/: what makes no sense is refused, and the value
 * before it stays.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "util.h"

#define SYSCTL(name)	"/proc/sys/vm/" name

FIXTURE(knob) {
	long old;
};

FIXTURE_VARIANT(knob) {
	const char *path;
	const char *lowest;
	const char *highest;
	const char *too_low;
	const char *too_high;
};

FIXTURE_VARIANT_ADD(knob, vmap_drain_batch) {
	.path = SYSCTL("vmap_drain_batch"),
	.lowest = "1",
	.highest = "1024",
	.too_low = "0",
	.too_high = "1025",
};

FIXTURE_VARIANT_ADD(knob, vmap_lazy_max_pages) {
	.path = SYSCTL("vmap_lazy_max_pages"),
	.lowest = "0",
	.highest = "2147483647",
	.too_low = "-1",
	.too_high = "2147483648",
};

static int set(const char *path, const char *text)
{
	return file_write(path, text, strlen(text));
}

FIXTURE_SETUP(knob)
{
	self->old = file_number(variant->path, "");
	ASSERT_GE(self->old, 0);
}

FIXTURE_TEARDOWN(knob)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", self->old);
	EXPECT_EQ(0, set(variant->path, text));
}

TEST_F(knob, only_root_may_write_it)
{
	struct opening reading = { variant->path, O_RDONLY };
	struct opening writing = { variant->path, O_WRONLY };
	struct stat st;

	ASSERT_EQ(0, stat(variant->path, &st));
	EXPECT_EQ(S_IFREG | 0644, st.st_mode);
	EXPECT_EQ(0, st.st_uid);
	EXPECT_EQ(0, as_nobody(try_open, &reading));
	EXPECT_EQ(EACCES, as_nobody(try_open, &writing));
}

TEST_F(knob, limits_are_accepted)
{
	const char * const good[] = { variant->lowest, variant->highest, "77\n" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		EXPECT_EQ(0, set(variant->path, good[i])) TH_LOG("%s", good[i]);
		EXPECT_EQ(atol(good[i]), file_number(variant->path, ""));
	}
}

TEST_F(knob, nonsense_is_refused)
{
	const char * const bad[] = {
		variant->too_low, variant->too_high, "-2147483649",
		"4294967297", "18446744073709551617", "99999999999999999999999",
		"many", "0x", "7x", "7.5", "+-7", "\n", " ", "7 8", "7,8", "7\n8\n",
	};
	size_t i;

	ASSERT_EQ(0, set(variant->path, "55"));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(EINVAL, set(variant->path, bad[i]))
			TH_LOG("'%s'", bad[i]);
		EXPECT_EQ(55, file_number(variant->path, ""))
			TH_LOG("'%s'", bad[i]);
	}
	/* Of nothing, the kernel does nothing. */
	EXPECT_EQ(0, set(variant->path, ""));
	EXPECT_EQ(55, file_number(variant->path, ""));
}

int main(int argc, char **argv)
{
	need_root();
	if (access(SYSCTL("vmap_drain_batch"), F_OK))
		ksft_exit_skip("no " SYSCTL("vmap_drain_batch") "\n");
	return test_harness_run(argc, argv);
}
