// SPDX-License-Identifier: GPL-2.0-only
/*
 * The address space and its lazily freed areas, used by several threads, under
 * TSan: producers reserve and free, while one drains, and one looks areas up.
 *
 *	space_threads [seed [steps]]
 *
 * What a run does depends on the scheduler, too; the seed alone does not repeat
 * it.
 */

#include "input.h"
#include "space_model.h"

#include <sched.h>

#define PRODUCERS	2
#define CPUS		4
#define AREAS		64
#define KEPT		16

unsigned int warnings;

struct producer {
	pthread_t thread;
	unsigned int cpu;
	struct input input;
	struct {
		struct vm_struct vm;
		unsigned long start;
	} areas[AREAS];
};

static struct producer producers[PRODUCERS];

/* Areas that stay, among those that come and go. */
static struct vm_struct kept[KEPT];

static bool producing;

static __thread unsigned int points;

/* Let the other threads run in the midst of what this one does. */
void shim_others(void)
{
	if (!(++points % 7))
		sched_yield();
}

/* Nobody withholds addresses here. */
void vmap_trim_give_way(void)
{
}

void free_vm_area(struct vm_struct *vm)
{
	shim_die("no per-CPU areas are made here\n");
}

static void nothing(struct vmap_flush *flush)
{
}

static const struct vmap_drain_client no_cache = {
	.reclaim = nothing,
	.unalias = nothing,
};

static void release(struct producer *p, unsigned long i)
{
	struct vmap_flush flush;
	struct vmap_area *va;

	va = vmap_busy_take_vm(p->areas[i].start, &p->areas[i].vm);
	if (!va || va->va_start != p->areas[i].start)
		shim_die("%#lx is not found\n", p->areas[i].start);
	p->areas[i].start = 0;
	vmap_area_unmap(va);
	if (input_below(&p->input, 16)) {
		vmap_area_retire(va);
	} else {
		vmap_flush_init(&flush);
		vmap_area_flush(va, &flush);
	}
}

static void reserve(struct producer *p, unsigned long i)
{
	unsigned long pages = 1 + input_below(&p->input, 8);
	unsigned long end = VMALLOC_END;
	struct vmap_area *va;

	/* Now and then from the heap alone. */
	if (!input_below(&p->input, 16))
		end -= PAGE_SIZE;
	va = vmap_area_reserve(pages * PAGE_SIZE,
			       PAGE_SIZE << input_below(&p->input, 4),
			       VMALLOC_START, end, NUMA_NO_NODE, GFP_KERNEL, 0,
			       &p->areas[i].vm);
	if (IS_ERR(va))
		shim_die("a request fails with %ld\n", PTR_ERR(va));
	space_taken(va->va_start, va->va_end);
	p->areas[i].start = va->va_start;
}

static void *produce(void *arg)
{
	struct producer *p = arg;
	unsigned long i;

	shim_cpu = p->cpu;
	while (input_next(&p->input)) {
		i = input_below(&p->input, AREAS);
		shim_crowded = input_below(&p->input, 2);
		if (p->areas[i].start)
			release(p, i);
		else
			reserve(p, i);
		/* Then drain() frees what was in use a moment ago. */
		if (!input_below(&p->input, 16))
			vmap_areas_cpu_dead(shim_cpu);
	}
	for (i = 0; i < AREAS; i++)
		if (p->areas[i].start)
			release(p, i);
	vmap_areas_cpu_dead(shim_cpu);
	return NULL;
}

static void *drain(void *arg)
{
	unsigned long round = 0;

	shim_crowded = true;
	for (; READ_ONCE(producing); round++) {
		shim_cpu = round % CPUS;
		if (!shim_work_run())
			sched_yield();
		if (round % 64 == 0)
			vm_unmap_aliases();
		if (round % 64 == 32)
			vmap_space_return_chunks(0);
		/* What was found and freed since may be looked at still. */
		if (round % 64 == 16) {
			vmap_areas_cpu_dead(shim_cpu);
			vmap_areas_trim(0);
		}
		if (round % 256 == 128)
			shim_sysctl_write("vmap_lazy_max_pages",
					  16 << (round / 256 % 4));
	}
	vmap_areas_cpu_dead(shim_cpu);
	return NULL;
}

/* One in three is from the heap, and reaches over chunks. */
static void keep(unsigned int i)
{
	unsigned long size = i % 3 ? PAGE_SIZE : VMAP_CHUNK_SIZE + PAGE_SIZE;
	struct vmap_area *va;

	shim_cpu = i % CPUS;
	va = vmap_area_reserve(size, PAGE_SIZE, VMALLOC_START, VMALLOC_END,
			       NUMA_NO_NODE, GFP_KERNEL, 0, &kept[i]);
	if (IS_ERR(va))
		shim_die("no room for what is kept\n");
	space_taken(va->va_start, va->va_end);
}

static void let_go(unsigned int i)
{
	struct vmap_area *va;

	va = vmap_busy_take_vm((unsigned long)kept[i].addr, &kept[i]);
	if (!va)
		shim_die("what is kept is lost\n");
	vmap_area_unmap(va);
	vmap_area_retire(va);
}

/* What is there is found by each address in it, and nothing where nothing is. */
static void look_up(const struct vm_struct *vm, struct input *input)
{
	unsigned long start = (unsigned long)vm->addr;
	unsigned long addr = start + input_below(input, vm->size / PAGE_SIZE) *
				     PAGE_SIZE;
	struct vmap_area *va = find_vmap_area(addr);

	if (!va || va->va_start != start || va->va_end != start + vm->size)
		shim_die("%#lx is not found while others change\n", addr);
	if (vmap_busy_find_vm(addr) != vm)
		shim_die("%#lx is found to be another's\n", addr);
	if (find_vmap_area(VMALLOC_START - PAGE_SIZE))
		shim_die("what nobody has is found\n");
	find_vmap_area(VMALLOC_START + input_below(input, 4096) * PAGE_SIZE);
}

static void *find(void *arg)
{
	struct input *input = arg;

	while (READ_ONCE(producing)) {
		look_up(&kept[input_below(input, KEPT)], input);
		if (!input_next(input))
			break;
	}
	return NULL;
}

static void start(pthread_t *thread, void *(*run)(void *), void *arg)
{
	if (pthread_create(thread, NULL, run, arg))
		shim_die("no thread\n");
}

int main(int argc, char **argv)
{
	unsigned long seed = 1, steps = 100000;
	pthread_t drainer, finder;
	struct input finds;
	unsigned int i;

	if (!input_args(argc, argv, &seed, &steps))
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("# %u producers: seed %lu, %lu steps each\n", PRODUCERS, seed,
	       steps);
	space_begin(CPUS, &no_cache);
	for (i = 0; i < KEPT; i++)
		keep(i);
	WRITE_ONCE(producing, true);
	input_from_seed(&finds, seed + PRODUCERS, 100 * steps);
	start(&finder, find, &finds);
	start(&drainer, drain, NULL);
	for (i = 0; i < PRODUCERS; i++) {
		producers[i].cpu = i;
		input_from_seed(&producers[i].input, seed + i, steps);
		start(&producers[i].thread, produce, &producers[i]);
	}
	for (i = 0; i < PRODUCERS; i++)
		pthread_join(producers[i].thread, NULL);
	WRITE_ONCE(producing, false);
	pthread_join(drainer, NULL);
	pthread_join(finder, NULL);
	for (i = 0; i < KEPT; i++)
		let_go(i);
	space_check();
	space_end();
	printf("ok producers_against_a_drain_and_lookups\n");
	printf("1 passed, 0 failed, 0 skipped\n");
	return 0;
}
