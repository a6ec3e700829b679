// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../kselftest.h"
#include "areas.h"
#include "util.h"

/* In the order they are printed in. */
static const char * const flags[] = {
	"ioremap", "sparse", "vmalloc", "vmap", "user", "dma-coherent", "vpages",
};

static int flag_index(const char *word)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		if (!strcmp(word, flags[i]))
			return i;
	}
	return -1;
}

/*
 * "0x%p-0x%p %7lu ": the line must be what printing the numbers gives. Returns
 * what follows, or NULL.
 */
static char *parse_range(char *line, struct area *area)
{
	int digits = strcspn(line, "-") - 2, len;
	unsigned long long start, end, size;
	char again[80];

	if (digits != 8 && digits != 16)
		return NULL;
	if (sscanf(line, "0x%llx-0x%llx %llu", &start, &end, &size) != 3)
		return NULL;
	len = snprintf(again, sizeof(again), "0x%0*llx-0x%0*llx %7llu ", digits,
		       start, digits, end, size);
	if (strncmp(line, again, len) || end - start != size)
		return NULL;
	area->start = start;
	area->end = end;
	return line + len;
}

/* Words from the first flag on: flags in order, then pages by memory node. */
static const char *parse_flags(char *word, char **save, struct area *area)
{
	unsigned long pages;
	bool nodes = false;
	int last = -1, node, last_node = -1, index;

	for (; word; word = strtok_r(NULL, " ", save)) {
		index = nodes ? -1 : flag_index(word);
		if (index > last) {
			last = index;
			area->ioremap |= !strcmp(word, "ioremap");
			area->vmalloc |= !strcmp(word, "vmalloc");
			area->vmap |= !strcmp(word, "vmap");
		} else if (sscanf(word, "N%d=%lu", &node, &pages) == 2 &&
			   node > last_node && pages) {
			nodes = true;
			last_node = node;
			area->on_nodes += pages;
		} else {
			return "an unknown word, or one out of order";
		}
	}
	if (nodes && area->on_nodes != area->pages)
		return "the pages on the nodes are not those of the area";
	return NULL;
}

/* "[CALLER [MODULE]] [pages=N] [phys=0xN] FLAGS..." */
static const char *parse_busy(char *text, struct area *area)
{
	size_t len = strlen(text);
	char *save = NULL, *word, *end;

	if (strstr(text, "  ") || *text == ' ' || (len && text[len - 1] == ' '))
		return "a space too many";
	word = strtok_r(text, " ", &save);
	if (word && flag_index(word) < 0 && strncmp(word, "pages=", 6) &&
	    strncmp(word, "phys=", 5)) {
		/* Without a symbol table, its address. */
		if (!strchr(word, '+') && strncmp(word, "0x", 2))
			return "neither a caller nor a flag";
		snprintf(area->caller, sizeof(area->caller), "%s", word);
		word = strtok_r(NULL, " ", &save);
		/* "[module]", or "[module 0123...]" with a build ID */
		while (word && (word[0] == '[' || word[strlen(word) - 1] == ']'))
			word = strtok_r(NULL, " ", &save);
	}
	if (word && !strncmp(word, "pages=", 6)) {
		area->pages = strtoul(word + 6, &end, 10);
		if (*end || !area->pages)
			return "pages= is no number of pages";
		word = strtok_r(NULL, " ", &save);
	}
	if (word && !strncmp(word, "phys=", 5)) {
		strtoull(word + 5, &end, 16);
		if (strncmp(word + 5, "0x", 2) || *end)
			return "phys= is no address";
		word = strtok_r(NULL, " ", &save);
	}
	return parse_flags(word, &save, area);
}

const char *area_parse(const char *line, struct area *area)
{
	uint64_t page = sysconf(_SC_PAGESIZE);
	char copy[512], *rest;
	const char *wrong;

	memset(area, 0, sizeof(*area));
	snprintf(copy, sizeof(copy), "%s", line);
	rest = parse_range(copy, area);
	if (!rest)
		return "no range and its size";
	if (area->end <= area->start || area->start % page || area->end % page)
		return "no range of pages";
	if (!strcmp(rest, "vm_map_ram")) {
		area->kind = AREA_RAM;
		return NULL;
	}
	if (!strcmp(rest, "unpurged vm_area")) {
		area->kind = AREA_UNPURGED;
		return NULL;
	}
	area->kind = AREA_BUSY;
	wrong = parse_busy(rest, area);
	if (!wrong && area->pages > (area->end - area->start) / page)
		wrong = "more pages than it has room for";
	return wrong;
}

/* Where there are memory nodes, or may be, they are said of all pages. */
static bool has_nodes(void)
{
	return !access("/sys/devices/system/node", F_OK);
}

static int add_area(struct areas *areas, const char *line, bool nodes)
{
	struct area *more;
	const char *wrong;

	more = realloc(areas->list, (areas->nr + 1) * sizeof(*more));
	if (!more) {
		snprintf(areas->wrong, sizeof(areas->wrong), "no memory");
		return -1;
	}
	areas->list = more;
	wrong = area_parse(line, &more[areas->nr]);
	if (!wrong && nodes && more[areas->nr].on_nodes != more[areas->nr].pages)
		wrong = "pages on no node";
	if (wrong) {
		snprintf(areas->wrong, sizeof(areas->wrong), "%s: '%.200s'",
			 wrong, line);
		return -1;
	}
	areas->nr++;
	return 0;
}

int areas_read(struct areas *areas)
{
	char *text = file_read(VMALLOCINFO), *line = text, *end;
	bool nodes = has_nodes();
	int err = 0;

	memset(areas, 0, sizeof(*areas));
	if (!text || !*text) {
		snprintf(areas->wrong, sizeof(areas->wrong), "%s: %s",
			 VMALLOCINFO, text ? "empty" : strerror(errno));
		err = -1;
	}
	while (!err && *line) {
		end = strchr(line, '\n');
		if (end)
			*end = '\0';
		err = add_area(areas, end ? line : "a line without an end",
			       nodes);
		line = end + 1;
	}
	free(text);
	if (err)
		areas_free(areas);
	return err;
}

void areas_free(struct areas *areas)
{
	free(areas->list);
	areas->list = NULL;
	areas->nr = 0;
}

const struct area *areas_find(const struct areas *areas, uint64_t start,
			      uint64_t end)
{
	size_t i;

	for (i = 0; i < areas->nr; i++) {
		if (areas->list[i].start < end && areas->list[i].end > start)
			return &areas->list[i];
	}
	return NULL;
}

static int compare(const void *left, const void *right)
{
	const struct area *a = left, *b = right;

	return a->start < b->start ? -1 : a->start > b->start;
}

void areas_sort(struct areas *areas)
{
	qsort(areas->list, areas->nr, sizeof(*areas->list), compare);
}

/* A list a node; the heap's is one more. */
static unsigned int most_lists(void)
{
	unsigned int cpus = sysconf(_SC_NPROCESSORS_CONF), lists = 1;

	while (lists < cpus)
		lists *= 2;
	return lists;
}

bool areas_ascend(const struct areas *areas)
{
	unsigned int busy = 1, unpurged = 1;
	const struct area *last, *area;
	bool waits, waited;
	size_t i;

	for (i = 1; i < areas->nr; i++) {
		last = &areas->list[i - 1];
		area = &areas->list[i];
		waited = last->kind == AREA_UNPURGED;
		waits = area->kind == AREA_UNPURGED;
		if (waited && !waits)
			return false;
		if (area->start > last->start || waits != waited)
			continue;
		if (waits)
			unpurged++;
		else
			busy++;
	}
	return busy <= most_lists() && unpurged <= most_lists() + 1;
}

int area_listed(uint64_t start, uint64_t end)
{
	struct areas areas;
	int listed = 0;
	size_t i;

	if (areas_read(&areas))
		return -1;
	for (i = 0; i < areas.nr; i++) {
		if (areas.list[i].start >= end || areas.list[i].end <= start)
			continue;
		listed |= areas.list[i].kind == AREA_UNPURGED ?
			  LISTED_UNPURGED : LISTED_BUSY;
	}
	areas_free(&areas);
	return listed;
}

uint64_t area_size(uint64_t addr)
{
	struct areas areas;
	uint64_t size = 0;
	size_t i;

	if (areas_read(&areas))
		return 0;
	for (i = 0; i < areas.nr; i++) {
		if (areas.list[i].kind != AREA_UNPURGED &&
		    areas.list[i].start <= addr && addr < areas.list[i].end)
			size = areas.list[i].end - areas.list[i].start;
	}
	areas_free(&areas);
	return size;
}
