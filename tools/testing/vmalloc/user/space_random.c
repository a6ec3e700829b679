// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations that the input chooses, as the layers above lazy.c and reserve.c
 * make them. After each of them all is compared with the model.
 *
 * There is one thread, but not one task: at each point where another CPU may
 * get a lock, or this one may sleep, the next operation may be made in between.
 */

#include "space_random.h"

#include "space_model.h"

static struct input *input;

static unsigned long below(unsigned long ceiling)
{
	return input_below(input, ceiling);
}

/* === Areas that are in use === */

#define AREAS		128
#define GROUPS		4
#define GROUP_AREAS	3

/*
 * Who has an area: its user, or somebody who gives it back when asked to, once
 * addresses run out: a cache above the drain, or a purge notifier.
 */
enum holder { NOBODY, USER, CACHE, NOTIFIER };

struct area {
	enum holder holder;
	unsigned long start;
	unsigned long size;
	bool ram;
	struct vm_struct vm;
};

static struct area areas[AREAS];

/* Per-CPU areas, which come and go together. */
struct group {
	struct vm_struct **vms;
	int nr;
};

static struct group groups[GROUPS];

/* What is to be flushed of areas that stay. */
static struct vmap_span punched;

static struct area *area_of(enum holder holder, unsigned long from)
{
	unsigned long i;

	for (i = 0; i < AREAS; i++) {
		struct area *area = &areas[(from + i) % AREAS];

		if (area->holder == holder)
			return area;
	}
	return NULL;
}

static void area_add(struct area *area, const struct vmap_area *va)
{
	area->holder = USER;
	area->start = va->va_start;
	area->size = va_size(va);
	space_taken(va->va_start, va->va_end);
}

/* Nobody else finds it from here on. */
static struct vmap_area *area_take(struct area *area)
{
	unsigned long start = area->start, size = area->size;
	const struct vm_struct *vm = area->ram ? NULL : &area->vm;
	struct vmap_area *va;

	area->holder = NOBODY;
	if (vm)
		va = vmap_busy_take_vm(start, vm);
	else
		va = vmap_busy_take_ram(start, size);
	if (!va || va->va_start != start || va_size(va) != size ||
	    va->vm != vm)
		shim_die("%#lx is not found, or another area\n", start);
	vmap_area_unmap(va);
	return va;
}

static void area_free(struct area *area)
{
	vmap_area_retire(area_take(area));
}

/* What area.c does, of which percpu.c needs no more. */
void free_vm_area(struct vm_struct *vm)
{
	struct vmap_area *va = vmap_busy_take_vm((unsigned long)vm->addr, vm);

	if (!va)
		shim_die("a per-CPU area is not found\n");
	vmap_area_unmap(va);
	vmap_area_retire(va);
	kfree(vm);
}

/* === Who is asked for addresses === */

static void cache_unalias(struct vmap_flush *flush)
{
	if (punched.start < punched.end)
		vmap_flush_add(flush, punched.start, punched.end);
	punched = (struct vmap_span) { ULONG_MAX, 0 };
}

static void cache_reclaim(struct vmap_flush *flush)
{
	struct area *area;

	while ((area = area_of(CACHE, 0)))
		area_free(area);
	cache_unalias(flush);
}

static const struct vmap_drain_client cache = {
	.reclaim = cache_reclaim,
	.unalias = cache_unalias,
};

static int notified(struct notifier_block *nb, unsigned long action, void *data)
{
	struct area *area = area_of(NOTIFIER, 0);
	unsigned long *freed = data;

	if (area) {
		*freed += area->size >> PAGE_SHIFT;
		area_free(area);
	}
	return 0;
}

static struct notifier_block notifier = { .notifier_call = notified };

/* === Operations === */

/* Whether this operation is made in the midst of another one. */
static bool nested;
/* Whether another one has been made in the midst of this. */
static bool interrupted;
/* After how many points of an operation the next one is made, 0 for never. */
static unsigned long others_after;
/* After how many more another one is, if that one says so. */
static unsigned long others_again;

/* Nobody has changed anything meanwhile, nor does from here on. */
static bool undisturbed(void)
{
	others_after = 0;
	return !nested && !interrupted;
}

struct request {
	unsigned long size;
	unsigned long align;
	unsigned long start;
	unsigned long end;
};

/* Most are small, and in the whole window, as they are in a kernel. */
static void request_choose(struct request *req)
{
	const unsigned long top = SHIM_BASE + SHIM_PAGES * PAGE_SIZE;
	unsigned long window = below(8);

	req->size = (1 + below(below(8) ? 8 : 4096)) * PAGE_SIZE;
	req->align = PAGE_SIZE << (below(4) ? 0 : below(8));
	req->start = VMALLOC_START;
	req->end = VMALLOC_END;
	if (window < 2) {
		req->start = SHIM_BASE + below(SHIM_PAGES) * PAGE_SIZE;
		req->end = min(req->start + (1 + below(64)) * PAGE_SIZE, top);
	} else if (window == 2) {
		req->start = SHIM_BASE;
		req->end = top;
	}
}

/* As vmap_reduce_backlog(), as far as it gets while another one drains. */
static void help(void)
{
	struct vmap_batch batch;
	unsigned int id = 0;

	for (; (id = vmap_space_next_flushed(id)) <= nr_vmap_nodes; id++)
		vmap_space_give_flushed(id, &batch, true);
}

/* As vmap_area_reserve(), as far as it gets while another one drains. */
static struct vmap_area *take_at_once(const struct request *req,
				      struct vm_struct *vm)
{
	struct vmap_area *va = vmap_area_alloc(GFP_KERNEL, NUMA_NO_NODE);
	LIST_HEAD(spares);

	if (!va)
		return ERR_PTR(-ENOMEM);
	if (vmap_backlog.set)
		help();
	if (req->start == VMALLOC_START && req->end == VMALLOC_END &&
	    req->align <= PAGE_SIZE && vmap_space_take_fit(va, req->size)) {
		vmap_busy_add(va, vm);
		return va;
	}
	if (vmap_spares_fill(&spares, VMAP_MAX_SPARES, GFP_KERNEL) ||
	    vmap_space_take(va, req->size, req->align, req->start, req->end,
			    VMAP_TRY, &spares)) {
		vmap_area_free(va);
		va = ERR_PTR(-ENOMEM);
	} else {
		vmap_busy_add(va, vm);
	}
	vmap_spares_free(&spares);
	return va;
}

static void reserve(void)
{
	struct area *area = area_of(NOBODY, below(AREAS));
	bool may_fail = shim_fail_at, ram = !below(4);
	struct vmap_area *va;
	struct request req;

	if (!area)
		return;
	request_choose(&req);
	/* Nobody else may get the place meanwhile. */
	area->holder = NOTIFIER + 1;
	area->ram = ram;
	if (shim_holds_mutex()) {
		area->ram = false;
		va = take_at_once(&req, &area->vm);
	} else {
		va = vmap_area_reserve(req.size, req.align, req.start, req.end,
				       NUMA_NO_NODE, GFP_KERNEL | __GFP_NOWARN,
				       ram ? VMAP_RAM : 0,
				       ram ? NULL : &area->vm);
	}
	if (!IS_ERR(va)) {
		area_add(area, va);
		if (va->va_start < req.start || va->va_end > req.end ||
		    va_size(va) != req.size || va->va_start % req.align)
			shim_die("%#lx is not what was asked for\n",
				 va->va_start);
		return;
	}
	area->holder = NOBODY;
	if (!undisturbed())
		return;
	if (PTR_ERR(va) == -ENOMEM ? !may_fail : PTR_ERR(va) != -EBUSY)
		shim_die("a request fails with %ld\n", PTR_ERR(va));
	space_check();
	if (PTR_ERR(va) == -EBUSY && space_has_room(req.size, req.align,
						    req.start, req.end))
		shim_die("there is room, but it is not found\n");
}

static void release(void)
{
	struct area *area = area_of(USER, below(AREAS));

	if (area)
		area_free(area);
}

static void release_many(void)
{
	unsigned long i, first = below(AREAS), step = 1 + below(3);

	for (i = first; i < AREAS; i += step)
		if (areas[i].holder == USER)
			area_free(&areas[i]);
}

static void release_at_once(void)
{
	struct area *area = area_of(USER, below(AREAS));
	struct vmap_flush flush;

	if (!area)
		return;
	vmap_flush_init(&flush);
	vmap_area_flush(area_take(area), &flush);
}

static void work(void)
{
	if (!shim_holds_mutex())
		shim_work_run();
}

/* What was unmapped before has to be flushed after. */
static void unalias(void)
{
	unsigned long time;

	if (shim_holds_mutex())
		return;
	time = space_time();
	vm_unmap_aliases();
	/* Who has been interrupted may not have retired what it unmapped. */
	if (!nested)
		space_check_flushed(time);
}

static void reclaim(void)
{
	if (!shim_holds_mutex())
		vmap_reclaim(NULL);
}

static void return_chunks(void)
{
	unsigned int i;

	vmap_space_return_chunks(0);
	for (i = 0; undisturbed() && nr_vmap_nodes > 1 && i < nr_vmap_nodes; i++)
		if (extent_next_sized(&vmap_nodes[i].arena.free, NULL,
				      VMAP_CHUNK_SIZE))
			shim_die("node %u has kept a whole chunk\n", i);
}

static void set_batch(void)
{
	long value = (long)below(6) - 1;
	int err = shim_sysctl_write("vmap_drain_batch", value);

	if (!err == (value < 1))
		shim_die("vmap_drain_batch is set to %ld: %d\n", value, err);
}

static void set_lazy_max(void)
{
	long value = (long)below(256) - 1;
	int err = shim_sysctl_write("vmap_lazy_max_pages", value);

	if (!err == (value < 0))
		shim_die("vmap_lazy_max_pages is set to %ld: %d\n", value, err);
}

static void group_get(void)
{
	unsigned long offsets[GROUP_AREAS], at = 0, align, best = 0, base;
	size_t sizes[GROUP_AREAS];
	struct group *group = &groups[below(GROUPS)];
	bool may_fail = shim_fail_at;
	int i, nr = 1 + below(GROUP_AREAS);

	if (group->nr || shim_holds_mutex())
		return;
	align = PAGE_SIZE << below(5);
	for (i = 0; i < nr; i++) {
		offsets[i] = at;
		sizes[i] = (1 + below(4)) * align;
		at += sizes[i] + below(64) * align;
	}
	if (!nested)
		best = space_congruent_base(offsets, sizes, nr, align);
	group->nr = nr;
	group->vms = pcpu_get_vm_areas(offsets, sizes, nr, align,
				       GFP_KERNEL);
	if (!group->vms) {
		group->nr = 0;
		if (best && !may_fail && undisturbed())
			shim_die("there is room at %#lx\n", best);
		return;
	}
	base = (unsigned long)group->vms[0]->addr;
	/* Above it, if some of what waited has become free meanwhile. */
	if (undisturbed() && base < best)
		shim_die("areas are at %#lx, not at %#lx\n", base, best);
	for (i = 0; i < nr; i++) {
		if ((unsigned long)group->vms[i]->addr != base + offsets[i])
			shim_die("areas are not congruent\n");
		space_taken(base + offsets[i], base + offsets[i] + sizes[i]);
	}
}

static void group_put(void)
{
	struct group *group = &groups[below(GROUPS)], is = *group;

	/* Not while it is being made. */
	if (!is.vms)
		return;
	*group = (struct group) {};
	pcpu_free_vm_areas(is.vms, is.nr);
}

static void give_to(enum holder holder)
{
	struct area *area = area_of(USER, below(AREAS));

	if (area)
		area->holder = holder;
}

/* A part of an area is unmapped, and waits for others to be flushed with. */
static void punch(void)
{
	struct area *area = area_of(USER, below(AREAS));
	unsigned long start, end;

	if (!area)
		return;
	start = area->start + below(area->size >> PAGE_SHIFT) * PAGE_SIZE;
	end = min(start + (1 + below(4)) * PAGE_SIZE,
		  area->start + area->size);
	space_punched(start, end);
	punched.start = min(punched.start, start);
	punched.end = max(punched.end, end);
}

static void look_up(void)
{
	unsigned long addr = SHIM_BASE + below(SHIM_PAGES) * PAGE_SIZE + 1;
	struct area *area = area_of(USER, below(AREAS));
	struct vmap_area *va, *next;
	struct vmap_node *vn;

	if (area && below(2))
		addr = area->start + area->size - 1;
	va = find_vmap_area(addr);
	vn = vmap_busy_next_lock(addr, &next);
	if (vn)
		spin_unlock(&vn->busy_lock);
	if (!undisturbed())
		return;
	if (!va == space_page_is_busy(addr))
		shim_die("%#lx is%s busy\n", addr, va ? " not" : "");
	if (va && (addr < va->va_start || addr >= va->va_end || next != va))
		shim_die("%#lx is in another area\n", addr);
}

/* Nobody's addresses, or somebody else's, are refused. */
static void release_wrongly(void)
{
	struct area *area = area_of(USER, below(AREAS));
	struct vm_struct other;

	if (!area)
		return;
	if (vmap_busy_take_vm(area->start, &other) ||
	    vmap_busy_take_ram(area->start, area->size + PAGE_SIZE) ||
	    vmap_busy_take_vm(SHIM_BASE - PAGE_SIZE, NULL))
		shim_die("an area goes to one who does not own it\n");
}

/* An area gets what lies above it as well, as vrealloc() has it. */
static void grow(void)
{
	struct area *area = area_of(USER, below(AREAS));
	unsigned long least = (1 + below(8)) * PAGE_SIZE;
	unsigned long most = least + below(64) * PAGE_SIZE, end;
	bool may_fail = shim_fail_at;
	struct vmap_area *va;

	if (!area || area->ram)
		return;
	/* Nobody else resizes it meanwhile, nor frees it. */
	area->holder = NOTIFIER + 1;
	end = area->start + area->size;
	va = vmap_area_extend_reserve(&area->vm, least, most,
				      shim_holds_mutex() ? GFP_NOWAIT : GFP_KERNEL);
	if (va) {
		if (va->va_start != end || va_size(va) < least ||
		    va_size(va) > most || va->va_end > VMALLOC_END)
			shim_die("%#lx grows into %#lx\n", end, va->va_start);
		space_taken(va->va_start, va->va_end);
		vmap_busy_extend(&area->vm, va, area->vm.pages);
		area->size += va_size(va);
		vmap_area_free(va);
	}
	area->holder = USER;
	if (va || !undisturbed() || may_fail || nr_vmap_nodes > 1 ||
	    end <= VMALLOC_START || end + least > VMALLOC_END)
		return;
	space_check();
	if (space_has_room(least, PAGE_SIZE, end, end + least))
		shim_die("there is room above %#lx, but it is not taken\n",
			 end);
}

/* A part of an area is unmapped, as vrealloc() does where it shrinks. */
static void shrink(void)
{
	struct area *area = area_of(USER, below(AREAS));
	unsigned long start, end;

	if (!area)
		return;
	end = area->start + area->size;
	start = area->start + below(area->size >> PAGE_SHIFT) * PAGE_SIZE;
	space_punched(start, end);
	vmap_flush_later(start, end);
}

/* === Page tables that are freed === */

static struct vmap_area *withheld;

static void restore(void)
{
	struct vmap_area *va = withheld;

	withheld = NULL;
	if (!va)
		return;
	space_restored(va->va_start, va->va_end);
	vmap_space_restore(va);
}

/* Who frees tables is done with them at once. */
void vmap_trim_give_way(void)
{
	restore();
}

/* As long as it takes to flush. */
static void withhold_for_a_while(struct vmap_area *va,
				 const struct vmap_span *within,
				 unsigned long most)
{
	if (va->va_start < within->start || va->va_end > within->end ||
	    va->va_start % PMD_SIZE || va_size(va) % PMD_SIZE ||
	    va_size(va) > most)
		shim_die("%#lx is withheld, with %#lx bytes of %#lx\n",
			 va->va_start, va_size(va), most);
	space_taken(va->va_start, va->va_end);
	withheld = va;
	cond_resched();
	cond_resched();
	restore();
}

/* As trim.c, which withholds one range at a time. */
static void withhold(void)
{
	unsigned long most = (1 + below(8)) * PMD_SIZE;
	struct vmap_span within;
	struct vmap_area *va;
	LIST_HEAD(spares);
	int err = -ENOMEM;

	within.start = SHIM_BASE + below(SHIM_PAGES) * PAGE_SIZE;
	within.end = min(within.start + below(SHIM_PAGES) * PAGE_SIZE,
			 VMALLOC_END);
	within.start = max(within.start, VMALLOC_START);
	if (withheld || within.start >= within.end)
		return;
	va = vmap_area_alloc(GFP_NOWAIT, NUMA_NO_NODE);
	if (!va)
		return;
	if (!vmap_spares_fill(&spares, VMAP_MAX_SPARES, GFP_NOWAIT)) {
		err = vmap_space_withhold(va, &within, most, &spares);
		if (err == -ENOMEM)
			shim_die("there are too few descriptors\n");
	}
	vmap_spares_free(&spares);
	if (!err)
		return withhold_for_a_while(va, &within, most);
	vmap_area_free(va);
	if (err == -ENOMEM || !undisturbed())
		return;
	space_check();
	if (space_has_table(within.start, within.end))
		shim_die("nothing is withheld, but might be\n");
}

/* === A step === */

static void operate(unsigned long what)
{
	switch (what) {
	case 0 ... 7:
		return reserve();
	case 8 ... 12:
		return release();
	case 13:
		return release_many();
	case 14:
		return release_at_once();
	case 15:
		return work();
	case 16:
		return unalias();
	case 17:
		return reclaim();
	case 18:
		return_chunks();
		return withhold();
	case 19:
		return set_batch();
	case 20:
		return set_lazy_max();
	case 21:
		return group_get();
	case 22:
		return group_put();
	case 23:
		return give_to(CACHE);
	case 24:
		return give_to(NOTIFIER);
	case 25:
		return punch();
	case 26:
		return look_up();
	default:
		release_wrongly();
		grow();
		return shrink();
	}
}

/* The first bytes of a record: what, when it is interrupted, and where. */
static void step(void)
{
	unsigned long what = below(28), points = below(64), how = below(256);
	/* Every second one. */
	unsigned long after = points < 32 ? 0 : points - 31;

	if (nested)
		others_again = after;
	else
		others_after = after;
	interrupted = false;
	shim_cpu = how % shim_cpus;
	shim_crowded = how & 0x10;
	shim_fail_at = how & 0x20 ? how >> 6 : 0;
	shim_fail_at += how >= 0xf0 ? how & 7 : 0;
	operate(what);
	if (nested)
		return;
	others_after = 0;
	shim_fail_at = 0;
}

void shim_others(void)
{
	unsigned int cpu = shim_cpu, fail_at = shim_fail_at;
	bool crowded = shim_crowded;
	struct input outer;

	if (!others_after || --others_after)
		return;
	outer = *input;
	if (!input_next(input))
		return;
	nested = true;
	step();
	nested = false;
	interrupted = true;
	others_after = others_again;

	/* The other one goes on with what it has of its own record. */
	memcpy(input->record, outer.record, sizeof(outer.record));
	input->used = outer.used;
	input->rest = outer.rest;
	shim_cpu = cpu;
	shim_fail_at = fail_at;
	shim_crowded = crowded;
}

static void release_all(void)
{
	unsigned long i;

	for (i = 0; i < AREAS; i++)
		if (areas[i].holder)
			area_free(&areas[i]);
	for (i = 0; i < GROUPS; i++)
		if (groups[i].nr)
			pcpu_free_vm_areas(groups[i].vms, groups[i].nr);
	memset(groups, 0, sizeof(groups));
	punched = (struct vmap_span) { ULONG_MAX, 0 };
}

void space_random_run(struct input *from)
{
	input = from;
	if (!input_next(input))
		return;
	punched = (struct vmap_span) { ULONG_MAX, 0 };
	space_begin(1 << below(3), &cache);
	register_vmap_purge_notifier(&notifier);
	/* Small limits are where most happens. */
	set_batch();
	set_lazy_max();
	while (input_next(input)) {
		step();
		space_check();
	}
	release_all();
	space_check();
	space_end();
	unregister_vmap_purge_notifier(&notifier);
}
