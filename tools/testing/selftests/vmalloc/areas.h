/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What /proc/vmallocinfo lists. A reading is no snapshot: what comes and goes
 * meanwhile is in it or not, so that tests try again before they judge.
 */
#ifndef _SELFTESTS_VMALLOC_AREAS_H
#define _SELFTESTS_VMALLOC_AREAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VMALLOCINFO	"/proc/vmallocinfo"

enum area_kind { AREA_BUSY, AREA_RAM, AREA_UNPURGED };

struct area {
	uint64_t start;
	uint64_t end;
	enum area_kind kind;
	unsigned long pages;
	unsigned long on_nodes;	/* of them, those that are said to be on some */
	bool ioremap, vmalloc, vmap;
	char caller[128];
};

struct areas {
	size_t nr;
	struct area *list;
	char wrong[256];	/* why it could not be read, or the bad line */
};

/* Returns NULL, or what is wrong with @line of vmallocinfo. */
const char *area_parse(const char *line, struct area *area);

/* Returns 0, or -1 with @areas->wrong set. Takes kptr_restrict of 1, and root. */
int areas_read(struct areas *areas);
void areas_free(struct areas *areas);

/* The first area that has a byte of [@start, @end), or NULL. */
const struct area *areas_find(const struct areas *areas, uint64_t start,
			      uint64_t end);
void areas_sort(struct areas *areas);

/*
 * Of areas as they were read: is what is in use listed first, and are there no
 * more lists, each of ascending addresses, than there may be?
 */
bool areas_ascend(const struct areas *areas);

/* What is listed of [@start, @end) right now: 0 nothing, -1 failed. */
#define LISTED_BUSY	1
#define LISTED_UNPURGED	2
int area_listed(uint64_t start, uint64_t end);

/* Bytes of the busy area that has the address; 0 if there is none. */
uint64_t area_size(uint64_t addr);

#endif /* _SELFTESTS_VMALLOC_AREAS_H */
