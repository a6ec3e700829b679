/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _VMALLOC_USER_SPACE_RANDOM_H
#define _VMALLOC_USER_SPACE_RANDOM_H

#include "input.h"

/**
 * space_random_run - bring the address space up, use it, and take it down
 * @from: decides on everything, until it ends
 *
 * Ends the process if anything is wrong.
 */
void space_random_run(struct input *from);

#endif /* _VMALLOC_USER_SPACE_RANDOM_H */
