// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors of address ranges, struct vmap_area: getting and giving back.
 *
 * No spinlock of vmalloc is held meanwhile: who may need some under one takes them
 * along on a list, and leaves those there that become spare.
 *
 * Spare ones come in batches. Each CPU has one or two at hand: a free makes the
 * descriptor spare that the next request needs, most often. What it has too many,
 * after a drain above all, goes to the depot, whence CPUs that run short take it.
 * What the depot has too many a worker gives back to the slab allocator, a batch at
 * a time: a drain may leave a million, and slabs and then pages would be freed in one
 * go, with preemption off.
 *
 * Spare descriptors are stacked: list.next is that of the one below, or NULL. In the
 * depot, list.prev of the top of a batch is that of the next batch, or NULL.
 */

#include <linux/cpuhotplug.h>
#include <linux/fault-inject.h>
#include <linux/init.h>
#include <linux/kmemleak.h>
#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "internal.h"

static struct kmem_cache *vmap_area_cachep __ro_after_init;

/**
 * struct vmap_hand - what a CPU has at hand
 * @nr: how many there are in the batch that is used, up to VMAP_SPARE_BATCH
 * @top: its top, or NULL
 * @full: another batch, which is full, or NULL
 *
 * With one batch alone, two requests and two frees in turn could move one from and
 * to the depot each time. Who takes one is a task, never an interrupt, so that to
 * stay on the CPU is enough.
 */
struct vmap_hand {
	unsigned int nr;
	struct list_head *top;
	struct list_head *full;
};

static DEFINE_PER_CPU(struct vmap_hand, vmap_hand);

/**
 * struct vmap_depot - what no CPU has at hand
 * @lock: guards all of it; a leaf
 * @top: top of the first batch, or NULL
 * @batches: how many there are
 */
static struct vmap_depot {
	spinlock_t lock;		/* see above */
	struct list_head *top;
	unsigned long batches;
} vmap_depot ____cacheline_aligned_in_smp;

/*
 * So many batches, half a megabyte, are taken from the depot for a grace period: who
 * needs some meanwhile finds the others there, and how fast others put more does not
 * matter. A million descriptors take 250 grace periods.
 */
#define VMAP_TRIM_BATCHES	256

/* Somebody wants all of it let go. A word: not every machine exchanges less. */
static unsigned int vmap_depot_unwanted;

static void depot_worker(struct work_struct *work)
{
	/* Not a grace period for each batch beyond. */
	vmap_areas_trim(xchg(&vmap_depot_unwanted, 0) ?
			0 : VMAP_DEPOT_BATCHES / 2);
}

static DECLARE_WORK(vmap_depot_work, depot_worker);

/* === The depot === */

static void depot_put(struct list_head *batch)
{
	bool full;

	spin_lock(&vmap_depot.lock);
	WRITE_ONCE(batch->prev, vmap_depot.top);
	WRITE_ONCE(vmap_depot.top, batch);
	WRITE_ONCE(vmap_depot.batches, vmap_depot.batches + 1);
	full = vmap_depot.batches > VMAP_DEPOT_BATCHES;
	spin_unlock(&vmap_depot.lock);
	/* Early in boot there is no queue yet, and nowhere near so many. */
	if (unlikely(full) && system_dfl_wq)
		queue_work(system_dfl_wq, &vmap_depot_work);
}

/* A batch, if there are more than @keep, or NULL. */
static struct list_head *depot_take(unsigned long keep)
{
	struct list_head *batch = NULL;

	spin_lock(&vmap_depot.lock);
	if (vmap_depot.batches > keep) {
		batch = vmap_depot.top;
		WRITE_ONCE(vmap_depot.top, batch->prev);
		WRITE_ONCE(vmap_depot.batches, vmap_depot.batches - 1);
	}
	spin_unlock(&vmap_depot.lock);
	return batch;
}

/*
 * Descriptors that are freed before the CPU is offered: each may be the last one of its
 * slab, whose page is freed then. Of 16 a task on a kernel without preemption saw 9 to
 * 17 us more.
 */
#define VMAP_SLAB_BATCH		4

/* Back to the slab allocator. */
static void batch_free(struct list_head *link)
{
	void *all[VMAP_SPARE_BATCH];
	size_t nr = 0, i;

	for (; link && nr < VMAP_SPARE_BATCH; link = link->next)
		all[nr++] = list_entry(link, struct vmap_area, list);
	/* One that was freed twice may be below itself. */
	if (WARN_ONCE(link, "vmalloc: a descriptor is freed twice\n"))
		return;
	for (i = 0; i < nr; i += VMAP_SLAB_BATCH) {
		/* Others may have freed much when they had the CPU. */
		if (!i || cond_resched())
			vmap_pace_frees(all[i]);
		kmem_cache_free_bulk(vmap_area_cachep,
				     min(nr - i, VMAP_SLAB_BATCH), all + i);
	}
	cond_resched();
}

/**
 * vmap_areas_trim - free spare descriptors
 * @keep: the depot keeps so many batches of them
 *
 * Nowhere else are descriptors freed for good: who looks areas up without a lock may
 * hold on to one that was spare by then, which goes on being a descriptor, if
 * another one's, until it is done.
 *
 * Context: process; may sleep.
 */
void vmap_areas_trim(unsigned long keep)
{
	struct list_head *batch, *batches;
	unsigned int nr;

	might_sleep();
	do {
		batches = NULL;
		for (nr = 0; nr < VMAP_TRIM_BATCHES; nr++) {
			batch = depot_take(keep);
			if (!batch)
				break;
			WRITE_ONCE(batch->prev, batches);
			batches = batch;
			cond_resched();
		}
		if (!batches)
			break;
		synchronize_rcu();
		while ((batch = batches)) {
			batches = batch->prev;
			batch_free(batch);
		}
	} while (nr == VMAP_TRIM_BATCHES);
}

/**
 * vmap_areas_trim_soon - have all spare descriptors freed that no CPU has at hand
 *
 * They are few, but may come from as many slabs, each of which they keep.
 *
 * Context: any, once there are workqueues; the worker does it.
 */
void vmap_areas_trim_soon(void)
{
	if (!READ_ONCE(vmap_depot.batches))
		return;
	WRITE_ONCE(vmap_depot_unwanted, 1);
	queue_work(system_dfl_wq, &vmap_depot_work);
}

/* === At hand === */

/* One that is spare is marked, so that who frees it twice is found. */
static bool spare_mark(struct vmap_area *va)
{
	if (!IS_ENABLED(CONFIG_DEBUG_VMALLOC))
		return true;
	if (WARN_ONCE(va->flags == VMAP_SPARE,
		      "vmalloc: a descriptor is freed twice\n"))
		return false;
	va->flags = VMAP_SPARE;
	return true;
}

static struct vmap_area *spare_unmark(struct list_head *link)
{
	struct vmap_area *va = list_entry(link, struct vmap_area, list);

	if (IS_ENABLED(CONFIG_DEBUG_VMALLOC)) {
		WARN_ONCE(va->flags != VMAP_SPARE,
			  "vmalloc: the flags of a spare descriptor were written\n");
		va->flags = 0;
	}
	return va;
}

/* Returns a full batch if there is one too many, which is the depot's then. */
static __always_inline struct list_head *hand_push(struct vmap_hand *hand,
						   struct vmap_area *va)
{
	struct list_head *surplus = NULL;

	if (unlikely(hand->nr == VMAP_SPARE_BATCH)) {
		surplus = hand->full;
		hand->full = hand->top;
		hand->top = NULL;
		hand->nr = 0;
	}
	/* A lookup may be at it. */
	WRITE_ONCE(va->list.next, hand->top);
	hand->top = &va->list;
	hand->nr++;
	return surplus;
}

/**
 * vmap_area_free - free a descriptor
 * @va: it, in no set and on no list
 *
 * Context: no spinlock of vmalloc is held.
 */
void vmap_area_free(struct vmap_area *va)
{
	struct list_head *surplus;

	if (!spare_mark(va))
		return;
	surplus = hand_push(get_cpu_ptr(&vmap_hand), va);
	put_cpu_ptr(&vmap_hand);
	if (unlikely(surplus))
		depot_put(surplus);
}

static struct list_head *hand_take(void)
{
	struct vmap_hand *hand = get_cpu_ptr(&vmap_hand);
	struct list_head *link;

	if (unlikely(!hand->nr && hand->full)) {
		hand->top = hand->full;
		hand->full = NULL;
		hand->nr = VMAP_SPARE_BATCH;
	}
	link = hand->top;
	if (likely(link)) {
		hand->top = link->next;
		hand->nr--;
	}
	put_cpu_ptr(&vmap_hand);
	return link;
}

/* One from the depot; this CPU, or the one that the task is on by then, gets more. */
static noinline struct list_head *refill(void)
{
	struct list_head *batch, *link, *next;

	if (!READ_ONCE(vmap_depot.top))
		return NULL;
	batch = depot_take(0);
	for (link = batch ? batch->next : NULL; link; link = next) {
		next = link->next;
		vmap_area_free(spare_unmark(link));
	}
	return batch;
}

/**
 * vmap_area_alloc - allocate a descriptor
 * @gfp: reclaim flags
 * @node: memory node to prefer, if one has to be allocated
 *
 * Context: may sleep, as @gfp says; no spinlock of vmalloc is held.
 * Return: the descriptor, not initialized, or NULL.
 */
struct vmap_area *vmap_area_alloc(gfp_t gfp, int node)
{
	struct list_head *link;
	struct vmap_area *va;

	/* What is at hand must not hide what becomes of who gets none. */
	if (should_failslab(vmap_area_cachep, gfp))
		return NULL;
	link = hand_take();
	if (likely(link))
		return spare_unmark(link);
	link = refill();
	if (link)
		return spare_unmark(link);
	va = kmem_cache_alloc_node(vmap_area_cachep, gfp, node);
	if (va) {
		/* What is found by chance in the addresses would hide leaks. */
		kmemleak_scan_area(&va->rb_node, SIZE_MAX, gfp);
		if (IS_ENABLED(CONFIG_DEBUG_VMALLOC))
			va->flags = 0;
	}
	return va;
}

/**
 * vmap_spares_fill - see to it that there are enough descriptors
 * @spares: the list to fill
 * @nr: how many are wanted
 * @gfp: reclaim flags
 *
 * Context: may sleep, as @gfp says; no spinlock of vmalloc is held.
 * Return: 0 or -ENOMEM; what is on the list is the caller's to free either way.
 */
int vmap_spares_fill(struct list_head *spares, unsigned int nr, gfp_t gfp)
{
	unsigned int have = list_count_nodes(spares);

	for (; have < nr; have++) {
		struct vmap_area *va = vmap_area_alloc(gfp, NUMA_NO_NODE);

		if (!va)
			return -ENOMEM;
		list_add(&va->list, spares);
	}
	return 0;
}

/**
 * vmap_spares_free - free a list of descriptors
 * @spares: the list, left empty
 *
 * Context: no spinlock of vmalloc is held.
 */
void vmap_spares_free(struct list_head *spares)
{
	struct vmap_area *va, *next;
	struct list_head *surplus;
	struct vmap_hand *hand;

	if (list_empty(spares))
		return;
	/* After two batches at the most, the CPU may be given up. */
	hand = get_cpu_ptr(&vmap_hand);
	list_for_each_entry_safe(va, next, spares, list) {
		surplus = spare_mark(va) ? hand_push(hand, va) : NULL;
		if (unlikely(surplus)) {
			put_cpu_ptr(&vmap_hand);
			depot_put(surplus);
			hand = get_cpu_ptr(&vmap_hand);
		}
	}
	put_cpu_ptr(&vmap_hand);
	INIT_LIST_HEAD(spares);
}

/**
 * vmap_areas_at_hand - tell how many spare descriptors a CPU has at hand
 * @cpu: the CPU
 *
 * Return: their number, which may be another one at once.
 */
unsigned int vmap_areas_at_hand(unsigned int cpu)
{
	const struct vmap_hand *hand = per_cpu_ptr(&vmap_hand, cpu);
	/* Told of as it is read: the CPU goes on. */
	unsigned int nr = data_race(hand->nr);

	/* As above. */
	return data_race(hand->full) ? nr + VMAP_SPARE_BATCH : nr;
}

/**
 * vmap_areas_in_depot - tell how many spare descriptors no CPU has at hand
 *
 * Return: their number, or somewhat more where a dead CPU's are among them. Those that
 * vmap_areas_trim() has taken are in it no more.
 */
unsigned long vmap_areas_in_depot(void)
{
	return READ_ONCE(vmap_depot.batches) * VMAP_SPARE_BATCH;
}

/* === Boot and hotplug === */

/**
 * vmap_areas_cpu_dead - let the depot have the descriptors that a CPU has at hand
 * @cpu: the CPU, which is offline, or is this one and preemption is off
 *
 * Context: process.
 * Return: 0.
 */
int vmap_areas_cpu_dead(unsigned int cpu)
{
	struct vmap_hand *hand = per_cpu_ptr(&vmap_hand, cpu);
	struct vmap_hand had = *hand;

	*hand = (struct vmap_hand){};
	if (had.top)
		depot_put(had.top);
	if (had.full)
		depot_put(had.full);
	return 0;
}

static int __init vmap_areas_hotplug_init(void)
{
	int err = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN,
					    "mm/vmalloc:dead", NULL,
					    vmap_areas_cpu_dead);

	/* Without it, a CPU that is gone keeps what it has until it comes back. */
	WARN_ON(err < 0);
	return 0;
}
core_initcall(vmap_areas_hotplug_init);

/**
 * vmap_areas_init - get ready to allocate descriptors
 *
 * Context: boot, one CPU, once the slab allocator is there.
 */
void __init vmap_areas_init(void)
{
	/*
	 * No two share a line, since a CPU writes those that it has at hand all the
	 * time, and where a drain has freed them, they come from anywhere.
	 */
	vmap_area_cachep = KMEM_CACHE(vmap_area,
				      SLAB_PANIC | SLAB_HWCACHE_ALIGN);
	spin_lock_init(&vmap_depot.lock);
}
