// SPDX-License-Identifier: GPL-2.0-only

#include "input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Marsaglia's xorshift64; @state is not 0 and never will be. */
static uint64_t shuffled(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

void input_from_data(struct input *input, const uint8_t *data, size_t size)
{
	*input = (struct input) { .data = data, .left = size };
}

void input_from_seed(struct input *input, uint64_t seed, size_t steps)
{
	*input = (struct input) { .random = seed, .left = steps };
}

bool input_next(struct input *input)
{
	uint64_t random;

	if (input->left < (input->data ? INPUT_RECORD : 1))
		return false;
	if (input->data) {
		memcpy(input->record, input->data, INPUT_RECORD);
		input->data += INPUT_RECORD;
		input->left -= INPUT_RECORD;
	} else {
		random = shuffled(&input->random);
		memcpy(input->record, &random, INPUT_RECORD);
		input->left--;
	}
	input->used = 0;
	memcpy(&input->rest, input->record, INPUT_RECORD);
	input->rest |= 1;
	return true;
}

unsigned long input_below(struct input *input, unsigned long ceiling)
{
	unsigned int bytes = ceiling <= 1 << 8 ? 1 : 2;
	unsigned long value = 0;

	if (ceiling > 1 << 16 || input->used + bytes > INPUT_RECORD)
		return shuffled(&input->rest) % ceiling;
	while (bytes--)
		value = value << 8 | input->record[input->used++];
	return value % ceiling;
}

static bool number(const char *text, unsigned long *value)
{
	char *end;

	errno = 0;
	*value = strtoul(text, &end, 0);
	return *text >= '0' && *text <= '9' && !*end && !errno && *value;
}

bool input_args(int argc, char **argv, unsigned long *seed,
		unsigned long *steps)
{
	if (argc <= 3 && (argc < 2 || number(argv[1], seed)) &&
	    (argc < 3 || number(argv[2], steps)))
		return true;
	fprintf(stderr, "usage: %s [seed [steps]], both above 0\n", argv[0]);
	return false;
}
