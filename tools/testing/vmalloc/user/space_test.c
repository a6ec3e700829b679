// SPDX-License-Identifier: GPL-2.0-only
/*
 * The address space and its lazily freed areas, by a seed.
 *
 *	space_test [seed [steps]]
 *
 * The steps once as many short runs, of one CPU or more, and once as a long one.
 * The process ends where something is wrong, as it does in the fuzzer.
 */

#include "space_random.h"

#include <stdio.h>

#define SHORT_RUN	200

unsigned int warnings;

int main(int argc, char **argv)
{
	unsigned long seed = 1, steps = 100000, i;
	struct input input;

	if (!input_args(argc, argv, &seed, &steps))
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("# random runs: seed %lu, %lu steps each\n", seed, steps);

	input_from_seed(&input, seed, 0);
	for (i = 0; i < steps; i += SHORT_RUN) {
		/* From where the last run has left it. */
		input.left = SHORT_RUN;
		space_random_run(&input);
	}
	printf("ok random_short\n");
	input.left = steps;
	space_random_run(&input);
	printf("ok random_long\n");
	printf("2 passed, 0 failed, 0 skipped\n");
	return 0;
}
