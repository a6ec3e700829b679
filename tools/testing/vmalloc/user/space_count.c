// SPDX-License-Identifier: GPL-2.0-only
/*
 * What requests and drains take, counted: locks, flushes, and who gets a chunk.
 *
 *	space_count [seed]
 *
 * Pages, chunks and numbers of CPUs are those of real machines here, of which
 * the space of some is small: nothing is compared with a model.
 */

#include "check.h"
#include "input.h"
#include "internal.h"

#include <time.h>

unsigned int warnings;
bool check_broken;

static unsigned int passed, failed;
static const char *running;

static struct input input;

void check_failed(const char *file, int line, const char *condition)
{
	fprintf(stderr, "%s: %s:%d: %s\n", running, file, line, condition);
	check_broken = true;
}

/* === What the code under test does === */

static unsigned long flushes;
/* A flush lasts until so many tasks wait for a lock that sleeps. */
static unsigned int flush_until_waiting;
/* What happens once, at its end. */
static void (*flush_does)(void);
/* What happens once, when this task takes the last of so many spinlocks. */
static __thread unsigned int lock_countdown;
static void (*lock_does)(void);

static void wait_a_little(void)
{
	nanosleep(&(struct timespec) { .tv_nsec = 100000 }, NULL);
}

void shim_flushed(unsigned long start, unsigned long end)
{
	unsigned int turns = 100000;

	__atomic_add_fetch(&flushes, 1, __ATOMIC_SEQ_CST);
	while (shim_waiting() < READ_ONCE(flush_until_waiting) && --turns)
		wait_a_little();
	/* Those that come after the others have nobody to wait for. */
	WRITE_ONCE(flush_until_waiting, 0);
	CHECK(turns);
	if (flush_does) {
		void (*does)(void) = flush_does;

		flush_does = NULL;
		does();
	}
}

void shim_unmapped(unsigned long start, unsigned long end)
{
}

void shim_shadow_begin(unsigned long start, unsigned long end)
{
}

void shim_shadow_end(unsigned long start, unsigned long end)
{
}

void shim_others(void)
{
	if (lock_countdown && !--lock_countdown)
		lock_does();
}

/* Nobody withholds addresses here. */
void vmap_trim_give_way(void)
{
}

void free_vm_area(struct vm_struct *vm)
{
	shim_die("no per-CPU areas are made here\n");
}

/* How often the client has been asked, and what it does then, if anything. */
static unsigned long asked;
static void (*client_does)(void);

static void ask(struct vmap_flush *flush)
{
	asked++;
	if (client_does)
		client_does();
}

static const struct vmap_drain_client client = {
	.reclaim = ask,
	.unalias = ask,
};

/* === A space, and areas in it === */

static struct vmap_node *first_node;

static void begin(unsigned int cpus, unsigned long bytes)
{
	if (!first_node)
		first_node = vmap_nodes;
	vmap_nodes = first_node;
	nr_vmap_nodes = 1;
	vmap_backlog.set = false;
	shim_cpus = cpus;
	shim_cpu = 0;
	shim_space_bytes = bytes;
	client_does = NULL;
	asked = 0;
	flushes = 0;
	vmap_stats_reset();
	vmap_areas_init();
	vmap_space_init(NULL);
	vmap_drain_init(&client);
	vmap_initialized = true;
}

static void end(void)
{
	struct vmap_arena *arena;
	struct vmap_area *va, *next;
	unsigned int i;

	client_does = NULL;
	vm_unmap_aliases();
	while (shim_work_run())
		;
	for_each_vmap_arena(arena, i)
		list_for_each_entry_safe(va, next, &arena->free.head, list)
			vmap_area_free(va);
	vmap_areas_cpu_dead(shim_cpu);
	vmap_areas_trim(0);
	CHECK(!shim_descriptors());
	if (vmap_nodes != first_node)
		kfree(vmap_nodes);
	vmap_initialized = false;
}

static struct vmap_area *reserve(unsigned long pages)
{
	struct vmap_area *va;

	va = vmap_area_reserve(pages << PAGE_SHIFT, PAGE_SIZE, VMALLOC_START,
			       VMALLOC_END, NUMA_NO_NODE, GFP_KERNEL, 0, NULL);
	if (IS_ERR(va))
		shim_die("%s: a request fails with %ld\n", running,
			 PTR_ERR(va));
	return va;
}

static void release(struct vmap_area *va)
{
	vmap_busy_remove(va);
	vmap_area_retire(va);
}

/* Areas that stay for a while. */
static struct vmap_area **kept;
static unsigned long nr_kept, most_kept;

static void keep(struct vmap_area *va)
{
	if (nr_kept == most_kept) {
		most_kept = most_kept ? 2 * most_kept : 1024;
		kept = reallocarray(kept, most_kept, sizeof(*kept));
		if (!kept)
			shim_die("out of memory\n");
	}
	kept[nr_kept++] = va;
}

static void release_kept(void)
{
	while (nr_kept)
		release(kept[--nr_kept]);
}

static unsigned long free_in_node(unsigned int id)
{
	const struct vmap_area *va;
	unsigned long bytes = 0;

	list_for_each_entry(va, &vmap_nodes[id].arena.free.head, list)
		bytes += va_size(va);
	return bytes;
}

/* === Tasks that do the same at the same time === */

#define MOST_TASKS	400

static void (*task_does)(unsigned int nr);
static void *task(void *arg)
{
	unsigned int nr = (unsigned long)arg;

	shim_cpu = nr % shim_cpus;
	task_does(nr);
	vmap_areas_cpu_dead(shim_cpu);
	return NULL;
}

/* The first one that flushes does so until all others wait for it. */
static void run_tasks(unsigned int nr, void (*does)(unsigned int nr))
{
	pthread_t tasks[MOST_TASKS];
	unsigned int i;

	task_does = does;
	flush_until_waiting = nr - 1;
	for (i = 0; i < nr; i++)
		if (pthread_create(&tasks[i], NULL, task,
				   (void *)(unsigned long)i))
			shim_die("no thread\n");
	for (i = 0; i < nr; i++)
		pthread_join(tasks[i], NULL);
	flush_until_waiting = 0;
}

/* === Cases === */

/*
 * Areas of up to 1 MiB, from the CPUs that @cpu_of names, until nine tenths of
 * the space are used: how many are not from a chunk.
 */
static void fill_nine_tenths(unsigned int cpus, unsigned long bytes,
			     unsigned int cpu_mask)
{
	unsigned long used = 0, requests = 0, from_heap = 0, before;
	struct vmap_area *va;

	begin(cpus, bytes);
	before = shim_spins;
	for (; used < bytes / 10 * 9; requests++) {
		shim_cpu = input_below(&input, cpus) & cpu_mask;
		va = reserve(1 + input_below(&input, 256));
		if (!(va->flags & VMAP_CHUNKED))
			from_heap++;
		used += va_size(va);
		keep(va);
	}
	printf("# %lu GB, %u nodes, %s: %lu requests, %lu from the heap, %lu leases, %lu flushes, %.2f locks each\n",
	       bytes >> 30, nr_vmap_nodes, cpu_mask ? "all CPUs" : "one CPU",
	       requests, from_heap, vmap_stat_read(VMAP_STAT_LEASED), flushes,
	       (double)(shim_spins - before) / requests);
	CHECK(!from_heap);
	CHECK(!flushes);
	/* One to take it, one to make it busy; and what leases take. */
	CHECK(shim_spins - before < 4 * requests);
	release_kept();
	end();
}

static void chunks_are_leased_until_nine_tenths_are_used(void)
{
	fill_nine_tenths(32, 64UL << 30, ~0);
	fill_nine_tenths(128, 512UL << 30, ~0);
}

static void one_cpu_may_lease_what_hashes_to_others(void)
{
	fill_nine_tenths(32, 64UL << 30, 0);
}

static void allocate_and_free(unsigned int nr)
{
	release(reserve(1));
}

static void flush_in_a_convoy(unsigned int tasks)
{
	begin(64, 32UL << 40);
	release(reserve((1UL << 30) >> PAGE_SHIFT));
	CHECK(!flushes);
	run_tasks(tasks, allocate_and_free);
	printf("# %u tasks past the hard limit: %lu flushes\n", tasks, flushes);
	CHECK(flushes == 1);
	end();
}

static void convoy_at_the_hard_limit_flushes_once(void)
{
	flush_in_a_convoy(64);
	flush_in_a_convoy(400);
}

static void retire_and_unalias(unsigned int nr)
{
	release(kept[nr]);
	vm_unmap_aliases();
}

static void convoy_of_unaliasers_shares_a_drain(void)
{
	unsigned int i;

	begin(64, 32UL << 40);
	for (i = 0; i < 64; i++)
		keep(reserve(1));
	run_tasks(64, retire_and_unalias);
	printf("# 64 tasks in vm_unmap_aliases(): %lu flushes, the client is asked %lu times\n",
	       flushes, asked);
	/* What is freed in the midst of the first one takes a second one. */
	CHECK(flushes <= 2);
	CHECK(asked <= 2);
	nr_kept = 0;
	end();
}

/* Fill it, but for what is free in the node of CPU 1; then go on as CPU 0. */
static void fill_all_but_a_chunk(void)
{
	struct vmap_area *va;

	begin(4, 256UL * VMAP_CHUNK_SIZE);
	shim_cpu = 1;
	/* Of one chunk all but a page is free, which keeps it from others. */
	keep(reserve(1));
	shim_cpu = 0;
	for (;;) {
		va = vmap_area_alloc(GFP_KERNEL, NUMA_NO_NODE);
		LIST_HEAD(spares);

		va->flags = 0;
		vmap_spares_fill(&spares, VMAP_MAX_SPARES, GFP_KERNEL);
		if (vmap_space_take(va, 1024 << PAGE_SHIFT, PAGE_SIZE,
				    VMALLOC_START, VMALLOC_END, VMAP_TRY,
				    &spares)) {
			vmap_area_free(va);
			vmap_spares_free(&spares);
			break;
		}
		vmap_spares_free(&spares);
		vmap_busy_add(va, NULL);
		keep(va);
	}
	/* The last seven of them were in that chunk, if anybody looked there. */
	while (free_in_node(1) < VMAP_CHUNK_SIZE - 1025 * PAGE_SIZE) {
		release(kept[--nr_kept]);
		vm_unmap_aliases();
	}
	flushes = 0;
}

static void room_in_another_node_spares_the_flush(void)
{
	unsigned long before;
	unsigned int i;

	fill_all_but_a_chunk();
	before = shim_spins;
	for (i = 0; i < 500; i++)
		release(reserve(4));
	printf("# 500 pairs, room in one other node alone: %lu flushes, %.1f locks each\n",
	       flushes, (shim_spins - before) / 500.0);
	CHECK(flushes <= 5);
	CHECK(shim_spins - before <= 8 * 500);
	release_kept();
	end();
}

/* Preemption is off: whoever sleeps stops the test. */
static struct vmap_area *reserve_atomically(unsigned long pages)
{
	struct vmap_area *va;

	shim_atomic = true;
	va = vmap_area_reserve(pages << PAGE_SHIFT, PAGE_SIZE, VMALLOC_START,
			       VMALLOC_END, NUMA_NO_NODE, GFP_NOWAIT, 0, NULL);
	shim_atomic = false;
	return va;
}

static void who_may_not_wait_takes_what_is_free(void)
{
	unsigned long before, most = 0;
	struct vmap_area *va;

	/* From an empty space to a full one, past the hard limit on the way. */
	begin(4, 256UL * VMAP_CHUNK_SIZE);
	release(reserve((1UL << 30) >> PAGE_SHIFT));
	CHECK(vmap_backlog.set);
	for (;;) {
		before = shim_spins;
		va = reserve_atomically(1024);
		most = max(most, shim_spins - before);
		if (IS_ERR(va))
			break;
		keep(va);
	}
	printf("# without waiting, of %lu slots: %lu, at most %lu locks each\n",
	       (256UL * VMAP_CHUNK_SIZE) >> (PAGE_SHIFT + 10), nr_kept, most);
	CHECK(PTR_ERR(va) == -EBUSY);
	CHECK(most <= 16);
	/* All there is, but for what waits and what each chunk has left. */
	CHECK(nr_kept >= 7 * 220);
	CHECK(!flushes && !asked);
	/* One free place of just this size, which a quick look passes over. */
	release(kept[--nr_kept]);
	CHECK(IS_ERR(reserve_atomically(1024)));
	vm_unmap_aliases();
	va = reserve_atomically(1024);
	CHECK(!IS_ERR(va));
	keep(va);
	release_kept();
	end();
}

/* As a drain that has flushed it, but has not come to make it free. */
static void flush_alone(struct vmap_area *va)
{
	unsigned int id = va->flags & VMAP_CHUNKED ?
			  addr_to_node_id(va->va_start) : nr_vmap_nodes;
	LIST_HEAD(list);

	vmap_busy_remove(va);
	va->vm = NULL;
	list_add(&va->list, &list);
	atomic_long_add(va_size(va) >> PAGE_SHIFT, &vmap_told.waiting);
	vmap_space_add_flushed(id, &list);
}

static void reserved_atomically(unsigned long pages)
{
	struct vmap_area *va = reserve_atomically(pages);

	CHECK(!IS_ERR(va));
	if (!IS_ERR(va))
		keep(va);
}

static void fill_atomically(unsigned long pages)
{
	struct vmap_area *va;

	while (!IS_ERR(va = reserve_atomically(pages)))
		keep(va);
	CHECK(PTR_ERR(va) == -EBUSY);
}

static void who_may_not_wait_takes_what_is_flushed(void)
{
	unsigned long all, before, most = 0, i;

	begin(4, 64UL * VMAP_CHUNK_SIZE);
	fill_atomically(1024);
	all = nr_kept;
	while (nr_kept)
		flush_alone(kept[--nr_kept]);
	for (i = 0; i < all; i++) {
		before = shim_spins;
		reserved_atomically(1024);
		most = max(most, shim_spins - before);
	}
	printf("# without waiting, of %lu flushed slots: %lu, at most %lu locks each\n",
	       all, nr_kept, most);
	CHECK(most <= 32);
	CHECK(!flushes && !asked);

	release_kept();
	end();
}

static void who_may_not_wait_has_it_drained(void)
{
	begin(4, 64UL * VMAP_CHUNK_SIZE);
	fill_atomically(1024);
	while (shim_work_run())
		;
	flushes = 0;
	/* Far less than a drain is begun for. */
	release(kept[--nr_kept]);
	CHECK(!shim_work_run());
	CHECK(IS_ERR(reserve_atomically(1024)));
	CHECK(!flushes);
	CHECK(shim_work_run());
	CHECK(flushes == 1);
	reserved_atomically(1024);
	/* With nothing to drain, there is nothing to flush. */
	CHECK(IS_ERR(reserve_atomically(1024)));
	shim_work_run();
	CHECK(flushes == 1);
	release_kept();
	end();
}

/* What is made free for it is nowhere enough, and lies in the nodes of many CPUs. */
static void who_may_not_wait_takes_few_locks(void)
{
	unsigned long before, i;

	begin(128, 256UL << 30);
	fill_atomically(512);
	for (i = 0; i < nr_kept; i += 2) {
		flush_alone(kept[i]);
		kept[i] = NULL;
	}
	before = shim_spins;
	CHECK(IS_ERR(reserve_atomically(1024)));
	printf("# without waiting and in vain, %u nodes: %lu locks\n", nr_vmap_nodes,
	       shim_spins - before);
	CHECK(nr_vmap_nodes == 128);
	/* Each node is looked at twice; and what eight batches take. */
	CHECK(shim_spins - before <= 2 * 128 + 32);
	CHECK(!flushes && !asked);
	for (i = 0; i < nr_kept; i++)
		if (kept[i])
			release(kept[i]);
	nr_kept = 0;
	end();
}

/* While others free a page as often as one is drained, something always waits. */
static unsigned int frees_left;

static void free_a_page(void)
{
	if (!frees_left)
		return;
	frees_left--;
	release(kept[--nr_kept]);
	flush_does = free_a_page;
}

static int free_once(struct notifier_block *nb, unsigned long action, void *freed)
{
	static bool done;

	if (!done)
		*(unsigned long *)freed = 1;
	done = true;
	return 0;
}

static void who_finds_no_room_gives_up(void)
{
	struct notifier_block nb = { .notifier_call = free_once };
	struct vmap_area *va, *large;
	unsigned int i;

	begin(1, 64UL << 30);
	shim_sysctl_write("vmap_lazy_max_pages", INT_MAX);
	large = reserve((48UL << 30) >> PAGE_SHIFT);
	for (i = 0; i < 100; i++)
		keep(reserve(1));
	register_vmap_purge_notifier(&nb);
	frees_left = nr_kept - 1;
	flush_does = free_a_page;
	/* So that there is something for the first one. */
	release(kept[--nr_kept]);
	va = vmap_area_reserve(32UL << 30, PAGE_SIZE, VMALLOC_START, VMALLOC_END,
			       NUMA_NO_NODE, GFP_KERNEL | __GFP_NOWARN, 0, NULL);
	printf("# a request for which there is no room drains %lu times\n", asked);
	CHECK(IS_ERR(va));
	/* Once, seven times more, and once after what the notifier has freed. */
	CHECK(asked <= 1 + 7 + 1);
	flush_does = NULL;
	unregister_vmap_purge_notifier(&nb);
	release_kept();
	release(large);
	end();
	shim_sysctl_write("vmap_lazy_max_pages", 0);
}

/* As any request does, past the hard limit. */
static void who_extends_an_area_drains(void)
{
	struct vm_struct vm = { };
	struct vmap_area *va, *above;

	begin(64, 32UL << 40);
	va = vmap_area_reserve(PAGE_SIZE, PAGE_SIZE, VMALLOC_START, VMALLOC_END,
			       NUMA_NO_NODE, GFP_KERNEL, 0, &vm);
	CHECK(!IS_ERR(va));
	release(reserve((1UL << 30) >> PAGE_SHIFT));
	CHECK(vmap_backlog.set);
	CHECK(!flushes);
	above = vmap_area_extend_reserve(&vm, PAGE_SIZE, PAGE_SIZE, GFP_KERNEL);
	CHECK(above);
	CHECK(flushes == 1);
	if (above)
		vmap_area_retire(above);
	release(va);
	end();
}

static void drain_of_a_page_takes_few_locks(void)
{
	unsigned long before;

	begin(128, 32UL << 40);
	for (shim_cpu = 0; shim_cpu < 128; shim_cpu++)
		release(reserve(1));
	vm_unmap_aliases();
	shim_cpu = 0;
	release(reserve(1));
	before = shim_spins;
	vm_unmap_aliases();
	printf("# vm_unmap_aliases() with a page waiting, 128 nodes: %lu spinlocks\n",
	       shim_spins - before);
	CHECK(shim_spins - before <= 10);
	CHECK(nr_vmap_nodes == 128);
	before = shim_spins;
	vm_unmap_aliases();
	CHECK(shim_spins == before);
	end();
}

/* Of a space that has room for two areas, one is in use and the other waits. */
static unsigned long half;
static struct vmap_area *used;
static pthread_t rival;

static void free_the_used_one(void)
{
	release(used);
}

static void *take_what_waits(void *arg)
{
	used = reserve(half);
	vmap_areas_cpu_dead(shim_cpu);
	return NULL;
}

/* It has begun to drain when this returns, and then waits to be waited for. */
static void let_a_rival_drain(void)
{
	flush_does = free_the_used_one;
	flush_until_waiting = 1;
	if (pthread_create(&rival, NULL, take_what_waits, NULL))
		shim_die("no thread\n");
	while (!READ_ONCE(flushes))
		wait_a_little();
}

static void two_halves_begin(void)
{
	begin(1, 64UL << 30);
	shim_sysctl_write("vmap_lazy_max_pages", INT_MAX);
	half = (32UL << 30) >> PAGE_SHIFT;
}

/* Get what waits while a rival drains it, takes it, and leaves the other half. */
static void compete_for_half(void)
{
	struct vmap_area *va;

	flushes = 0;
	lock_does = let_a_rival_drain;
	/* An allocation is a point, a lock two: that of the hard look is next. */
	lock_countdown = 4;
	va = reserve(half);
	pthread_join(rival, NULL);
	CHECK(asked == 2);
	CHECK(flushes == 2);
	release(va);
	release(used);
	end();
	shim_sysctl_write("vmap_lazy_max_pages", 0);
}

static void a_shared_reclaim_is_no_reason_to_fail(void)
{
	two_halves_begin();
	used = reserve(half);
	release(reserve(half));
	compete_for_half();
}

/*
 * As before, but what the rival's drain leaves to the next one is less than is
 * wanted: it is next to what is free.
 */
static void little_that_waits_next_to_free_is_no_reason_to_fail(void)
{
	struct vmap_area *other;

	two_halves_begin();
	other = reserve(half / 2);
	used = reserve(half / 2);
	release(reserve(half));
	/* Free, not waiting. */
	release(other);
	vmap_reclaim_range(VMALLOC_START, VMALLOC_START + PAGE_SIZE);
	compete_for_half();
}

static void *help_past_the_hard_limit(void *arg)
{
	unsigned long before = flushes;

	release(reserve(1));
	CHECK(flushes == before + 1);
	vmap_areas_cpu_dead(shim_cpu);
	return NULL;
}

/* While the client is asked, which may take long, another task drains. */
static void let_another_task_help(void)
{
	struct timespec until;
	pthread_t helper;

	client_does = NULL;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 10;
	if (pthread_create(&helper, NULL, help_past_the_hard_limit, NULL))
		shim_die("no thread\n");
	if (pthread_timedjoin_np(helper, NULL, &until))
		shim_die("%s: it waits for the client\n", running);
}

static void requests_do_not_wait_for_the_client(void)
{
	begin(64, 32UL << 40);
	release(reserve((1UL << 30) >> PAGE_SHIFT));
	client_does = let_another_task_help;
	vm_unmap_aliases();
	CHECK(!client_does);
	CHECK(flushes == 2);
	end();
}

/* Frees pages from all CPUs in turn; returns how often the counters were written. */
static unsigned long free_from_all_cpus(unsigned long frees)
{
	long told, before = atomic_long_read(&vmap_told.waiting);
	unsigned long tells = 0;

	while (frees--) {
		shim_cpu = frees % shim_cpus;
		release(reserve(1));
		told = atomic_long_read(&vmap_told.waiting);
		tells += told != before;
		before = told;
		CHECK(vmap_waiting_pages() - told <= vmap_lazy_soft_limit() / 8);
	}
	return tells;
}

static void what_waits_is_told_of_in_steps(void)
{
	unsigned long soft, tells;

	begin(64, 32UL << 40);
	soft = vmap_lazy_soft_limit();
	tells = free_from_all_cpus(soft / 2);
	printf("# 64 CPUs, %lu pages freed one by one: told of %lu times, %lu are not\n",
	       soft / 2, tells,
	       vmap_waiting_pages() - atomic_long_read(&vmap_told.waiting));
	CHECK(tells < soft / 2 / 64);
	CHECK(vmap_waiting_pages() == soft / 2);
	CHECK(vmap_waiting_pages() > atomic_long_read(&vmap_told.waiting));
	/* Whoever asks for less to wait is obeyed at once. */
	shim_sysctl_write("vmap_lazy_max_pages", 64);
	CHECK(vmap_waiting_pages() == atomic_long_read(&vmap_told.waiting));
	CHECK(vmap_backlog.set);
	shim_sysctl_write("vmap_lazy_max_pages", 0);
	end();
}

static void one_node_tells_of_all(void)
{
	begin(1, 64UL << 30);
	CHECK(free_from_all_cpus(100) == 100);
	CHECK(vmap_waiting_pages() == atomic_long_read(&vmap_told.waiting));
	end();
}

static void run(const char *name, void (*test)(void))
{
	running = name;
	check_broken = false;
	warnings = 0;
	test();
	if (warnings) {
		fprintf(stderr, "%s: %u warnings\n", name, warnings);
		check_broken = true;
	}
	nr_kept = 0;
	printf("%s %s\n", check_broken ? "not ok" : "ok", name);
	if (check_broken)
		failed++;
	else
		passed++;
}

#define RUN(test)	run(#test, test)

int main(int argc, char **argv)
{
	unsigned long seed = 1, steps = 0;

	if (!input_args(argc, argv, &seed, &steps))
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("# seed %lu\n", seed);
	input_from_seed(&input, seed, 1);
	input_next(&input);

	RUN(chunks_are_leased_until_nine_tenths_are_used);
	RUN(one_cpu_may_lease_what_hashes_to_others);
	RUN(convoy_at_the_hard_limit_flushes_once);
	RUN(convoy_of_unaliasers_shares_a_drain);
	RUN(a_shared_reclaim_is_no_reason_to_fail);
	RUN(little_that_waits_next_to_free_is_no_reason_to_fail);
	RUN(room_in_another_node_spares_the_flush);
	RUN(who_may_not_wait_takes_what_is_free);
	RUN(who_may_not_wait_takes_what_is_flushed);
	RUN(who_may_not_wait_has_it_drained);
	RUN(who_may_not_wait_takes_few_locks);
	RUN(who_finds_no_room_gives_up);
	RUN(who_extends_an_area_drains);
	RUN(drain_of_a_page_takes_few_locks);
	RUN(requests_do_not_wait_for_the_client);
	RUN(what_waits_is_told_of_in_steps);
	RUN(one_node_tells_of_all);
	printf("%u passed, %u failed, 0 skipped\n", passed, failed);
	return failed ? 1 : 0;
}
