/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A condition that must hold. What happens if it does not is up to the program:
 * named cases go on with the next one, a fuzz target ends.
 */
#ifndef _VMALLOC_USER_CHECK_H
#define _VMALLOC_USER_CHECK_H

#include <stdbool.h>

#define CHECK(condition) do {						\
	if (!(condition))						\
		check_failed(__FILE__, __LINE__, #condition);		\
} while (0)

/* Set once a check has failed. */
extern bool check_broken;

void check_failed(const char *file, int line, const char *condition);

#endif /* _VMALLOC_USER_CHECK_H */
