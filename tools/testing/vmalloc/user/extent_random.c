// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations that the input chooses, made on a set and on the model, which are
 * compared now and then: who looks at a set tells it what it may not have to know
 * yet.
 */

#include "extent_random.h"

#include "check.h"
#include "model.h"

struct vmap_area *range(unsigned long first, unsigned long pages)
{
	struct vmap_area *va = calloc(1, sizeof(*va));

	if (!va)
		exit(2);
	va->va_start = ADDR(first);
	va->va_end = ADDR(first + pages);
	INIT_LIST_HEAD(&va->list);
	return va;
}

unsigned long spares_free(struct list_head *spares)
{
	struct vmap_area *va, *next;
	unsigned long nr = 0;

	list_for_each_entry_safe(va, next, spares, list) {
		list_del(&va->list);
		free(va);
		nr++;
	}
	return nr;
}

void set_free(struct rb_list *set)
{
	LIST_HEAD(all);

	extent_take_all(set, &all);
	spares_free(&all);
}

static struct input *input;

static unsigned long below(unsigned long ceiling)
{
	return input_below(input, ceiling);
}

static void compare(struct rb_list *set, const struct model *m, bool sized)
{
	struct vmap_area *va;
	unsigned long pages = 0, i;

	CHECK(extent_set_valid(set, sized, true));
	CHECK(set->nr == model_ranges(m));
	i = below(MODEL_PAGES);
	if (sized) {
		va = extent_find_last(set, ADDR(i) + 1);
		CHECK((va && va->va_end > ADDR(i)) == m->in[i]);
	} else {
		va = extent_find_near(set, ADDR(i));
		CHECK(va == extent_find(set, ADDR(i)));
		CHECK(!va == !m->in[i]);
	}
	list_for_each_entry(va, &set->head, list) {
		unsigned long nr = va_size(va) / PAGE_SIZE;

		CHECK(model_all(m, (va->va_start - BASE) / PAGE_SIZE, nr, true));
		pages += nr;
	}
	for (i = 0; i < MODEL_PAGES; i++)
		pages -= m->in[i];
	CHECK(!pages);
}

/* Up to how long ranges are in a random run: if short, there are many. */
static unsigned long random_pages;

static void random_give(struct rb_list *set, struct model *m,
			struct list_head *spares, bool sized)
{
	unsigned long pages = 1 + below(random_pages);
	unsigned long first = below(MODEL_PAGES - pages);
	bool fits = model_all(m, first, pages, false);
	struct vmap_area *va = range(first, pages);
	int err = 0;

	if (sized)
		err = extent_give(set, va, spares);
	else if (extent_join_near(set, va))
		list_add(&va->list, spares);
	else
		err = extent_join(set, va, spares);
	CHECK(err == (fits ? 0 : -EEXIST));
	if (err)
		free(va);
	else
		model_fill(m, first, pages, true);
}

/* The whole search, which may take several calls. */
static int carve(struct rb_list *set, struct extent_room *room,
		 unsigned long *addr, struct list_head *spares)
{
	int err;

	while ((err = extent_carve(set, room, addr, spares)) == -EAGAIN) {
		CHECK(*addr > room->start);
		room->start = *addr;
	}
	return err;
}

/* What @room wants to have, by the model, and what the set says. */
static void carve_and_compare(struct rb_list *set, struct model *m,
			      struct list_head *spares, struct extent_room room)
{
	unsigned long start = (room.start - BASE) / PAGE_SIZE;
	unsigned long end = (room.end - BASE) / PAGE_SIZE;
	unsigned long pages = room.size / PAGE_SIZE;
	unsigned long align = room.align / PAGE_SIZE;
	unsigned long want, addr;
	int err;

	want = model_lowest(m, pages, align, room.offset / PAGE_SIZE, start,
			    end);
	err = carve(set, &room, &addr, spares);
	if (err == -ENOMEM) {
		CHECK(list_empty(spares));
		list_add(&range(0, 1)->list, spares);
		err = carve(set, &room, &addr, spares);
	}
	if (err) {
		CHECK(err == -ENOSPC);
		/* A quick look may miss what is aligned, nothing else. */
		CHECK(want == MODEL_PAGES || (!room.exact && align > 1));
		return;
	}
	addr = (addr - BASE) / PAGE_SIZE;
	if (room.exact || align == 1)
		CHECK(addr == want);
	else
		CHECK(addr >= want && addr % align == room.offset / PAGE_SIZE &&
		      addr >= start && addr + pages <= end &&
		      model_all(m, addr, pages, true));
	model_fill(m, addr, pages, false);
}

/* Several of a kind, the last of which may want more: where it looks is known. */
static void random_carve(struct rb_list *set, struct model *m,
			 struct list_head *spares)
{
	unsigned long align = below(2) ? 1 : 1UL << below(6);
	unsigned long start = below(MODEL_PAGES);
	unsigned long end = start + below(MODEL_PAGES - start) + 1;
	unsigned long pages = 1 + below(random_pages + 4), again;
	struct extent_room room = {
		.size = pages * PAGE_SIZE,
		.align = align * PAGE_SIZE,
		.offset = below(2) * below(align) * PAGE_SIZE,
		.exact = below(2),
	};

	if (below(2)) {
		start = 0;
		end = MODEL_PAGES;
	}
	room.start = ADDR(start);
	room.end = ADDR(end);
	for (again = below(4); again; again--)
		carve_and_compare(set, m, spares, room);
	room.size += below(3) * PAGE_SIZE;
	carve_and_compare(set, m, spares, room);
}

static void random_give_sorted(struct rb_list *set, struct model *m,
			       struct list_head *spares)
{
	unsigned long i = below(32), pages, bytes = 0, given = 0;
	unsigned int nr;
	LIST_HEAD(list);

	while (i < MODEL_PAGES - 8) {
		pages = 1 + below(4);
		if (model_all(m, i, pages, false)) {
			list_add_tail(&range(i, pages)->list, &list);
			model_fill(m, i, pages, true);
			bytes += pages * PAGE_SIZE;
		}
		i += pages + below(below(4) ? 6 : 90);
	}
	while (!list_empty(&list)) {
		nr = 1 + below(8);
		given += extent_give_sorted(set, &list, &nr, spares);
	}
	CHECK(given == bytes);
}

static void random_withdraw(struct rb_list *set, struct model *m)
{
	unsigned long pages = 1 + below(40), i;
	struct vmap_area *va = extent_next_sized(set, NULL, pages * PAGE_SIZE);
	unsigned long first = model_lowest(m, pages, 1, 0, 0, MODEL_PAGES);

	CHECK(!va == (first == MODEL_PAGES));
	if (!va)
		return;
	CHECK(va->va_start == ADDR(first));
	for (i = below(4); va && i; i--) {
		struct vmap_area *next = extent_next_sized(set, va,
							   pages * PAGE_SIZE);
		unsigned long from = (va->va_end - BASE) / PAGE_SIZE;

		first = model_lowest(m, pages, 1, 0, from, MODEL_PAGES);
		CHECK(!next == (first == MODEL_PAGES));
		CHECK(!next || next->va_start == ADDR(first));
		va = next ?: va;
	}
	model_fill(m, (va->va_start - BASE) / PAGE_SIZE,
		   va_size(va) / PAGE_SIZE, false);
	extent_withdraw(set, va);
	free(va);
}

static void random_step(struct rb_list *set, struct model *m,
			struct list_head *spares, bool sized)
{
	unsigned long what = below(16);

	if (!sized && what < 15) {
		random_give(set, m, spares, false);
	} else if (!sized) {
		set_free(set);
		memset(m, 0, sizeof(*m));
	} else if (what < 6) {
		random_give(set, m, spares, true);
	} else if (what < 14) {
		random_carve(set, m, spares);
	} else if (what < 15) {
		random_give_sorted(set, m, spares);
	} else {
		random_withdraw(set, m);
	}
}

void extent_random_run(struct input *from, bool sized, unsigned long longest)
{
	struct model m = {};
	struct rb_list set;
	LIST_HEAD(spares);
	unsigned long i;

	input = from;
	random_pages = longest;
	extent_set_init(&set);
	for (i = 0; !check_broken && input_next(input); i++) {
		random_step(&set, &m, &spares, sized);
		if (i % 3 == 0)
			compare(&set, &m, sized);
		if (check_broken)
			fprintf(stderr, "at step %lu\n", i);
		if (below(2))
			spares_free(&spares);
	}
	compare(&set, &m, sized);
	spares_free(&spares);
	set_free(&set);
}
