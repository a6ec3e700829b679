// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sets of address ranges, by libFuzzer. The first record says what kind of set.
 */

#include "check.h"
#include "extent_random.h"

unsigned int warnings;
bool check_broken;

void check_failed(const char *file, int line, const char *condition)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, condition);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input;
	bool sized;

	input_from_data(&input, data, size);
	if (!input_next(&input))
		return 0;
	sized = input_below(&input, 4);
	extent_random_run(&input, sized, input_below(&input, 2) ? 12 : 1);
	CHECK(!warnings);
	return 0;
}
