// SPDX-License-Identifier: GPL-2.0-only
/*
 * The address space and its lazily freed areas, by libFuzzer.
 */

#include "space_random.h"

unsigned int warnings;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input;

	input_from_data(&input, data, size);
	space_random_run(&input);
	return 0;
}
