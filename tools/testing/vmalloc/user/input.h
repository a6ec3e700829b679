/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a run gets its decisions from: a fuzzer's bytes, or a seed.
 *
 * Each step has a record of its own, so that a fuzzer which adds, drops or
 * changes one leaves the others alone. What a step decides beyond its record
 * follows from the record.
 */
#ifndef _VMALLOC_USER_INPUT_H
#define _VMALLOC_USER_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INPUT_RECORD	8

/**
 * struct input - the decisions of a run
 * @data: records that are still to come, or NULL if they are random
 * @left: their bytes, or the number of random ones
 * @random: state of the generator of random records
 * @record: that of this step
 * @used: how many bytes of it have been used
 * @rest: state of the generator for what is beyond it
 */
struct input {
	const uint8_t *data;
	size_t left;
	uint64_t random;
	uint8_t record[INPUT_RECORD];
	unsigned int used;
	uint64_t rest;
};

/* Decide by @size bytes at @data; what is less than a record is left out. */
void input_from_data(struct input *input, const uint8_t *data, size_t size);

/* Decide at random, for @steps steps. @seed is not 0. */
void input_from_seed(struct input *input, uint64_t seed, size_t steps);

/* Begin with the next step; false if there is none. */
bool input_next(struct input *input);

/* A number below @ceiling, which is not 0. */
unsigned long input_below(struct input *input, unsigned long ceiling);

/* Arguments of a program: a seed and a number of steps. False if they are not. */
bool input_args(int argc, char **argv, unsigned long *seed,
		unsigned long *steps);

/* What libFuzzer calls; each of its targets has one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif /* _VMALLOC_USER_INPUT_H */
