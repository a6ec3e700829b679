// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors of address ranges, struct vmap_area: getting and giving back.
 *
 * No spinlock of vmalloc is held meanwhile: who may need some under one takes them
 * along on a list, and leaves those there that become spare.
 */

#include <linux/cpuhotplug.h>
#include <linux/init.h>
#include <linux/kasan.h>
#include <linux/kmemleak.h>
#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/slab.h>

#include "internal.h"

static struct kmem_cache *vmap_area_cachep __ro_after_init;

/* They are freed in bulk, as many at a time as fit on the stack. */
#define VMAP_FREE_BULK		32

/*
 * A free makes the descriptor spare that the next request needs, most often: so
 * many each CPU keeps at hand, two kilobytes of them. Who takes one is a task,
 * never an interrupt, so that to stay on the CPU is enough.
 */
#define VMAP_AREAS_AT_HAND	16

struct vmap_at_hand {
	unsigned int nr;
	struct vmap_area *va[VMAP_AREAS_AT_HAND];
};

static DEFINE_PER_CPU(struct vmap_at_hand, vmap_at_hand);

static struct vmap_area *at_hand_take(void)
{
	struct vmap_at_hand *hand = get_cpu_ptr(&vmap_at_hand);
	struct vmap_area *va = NULL;

	if (likely(hand->nr))
		va = hand->va[--hand->nr];
	put_cpu_ptr(&vmap_at_hand);
	return va;
}

static bool at_hand_keep(struct vmap_area *va)
{
	struct vmap_at_hand *hand = get_cpu_ptr(&vmap_at_hand);
	bool room = hand->nr < VMAP_AREAS_AT_HAND;

	if (likely(room))
		hand->va[hand->nr++] = va;
	put_cpu_ptr(&vmap_at_hand);
	return room;
}

/**
 * vmap_area_alloc - allocate a descriptor
 * @gfp: reclaim flags
 * @node: memory node to prefer, if one has to be allocated
 *
 * Context: may sleep, as @gfp says.
 * Return: the descriptor, not initialized, or NULL.
 */
struct vmap_area *vmap_area_alloc(gfp_t gfp, int node)
{
	struct vmap_area *va = at_hand_take();

	if (likely(va)) {
		kasan_mempool_unpoison_object(va, sizeof(*va));
		return va;
	}
	va = kmem_cache_alloc_node(vmap_area_cachep, gfp, node);
	/* What is found by chance in the addresses would hide leaks. */
	if (va)
		kmemleak_scan_area(&va->rb_node, SIZE_MAX, gfp);
	return va;
}

/* One that was to be kept at hand. */
static void descriptor_free(struct vmap_area *va)
{
	kasan_mempool_unpoison_object(va, sizeof(*va));
	kmem_cache_free(vmap_area_cachep, va);
}

/**
 * vmap_area_free - free a descriptor
 * @va: it, in no set and on no list
 */
void vmap_area_free(struct vmap_area *va)
{
	/* A hint, so that KASAN does not note for nothing who has freed it. */
	if (this_cpu_read(vmap_at_hand.nr) == VMAP_AREAS_AT_HAND) {
		kmem_cache_free(vmap_area_cachep, va);
		return;
	}
	/* Who frees it twice is told so; it is free already. */
	if (!kasan_mempool_poison_object(va))
		return;
	if (unlikely(!at_hand_keep(va)))
		descriptor_free(va);
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

/* Out of line, so that only who needs it pays for the array. */
static noinline void spares_free_bulk(struct list_head *spares)
{
	void *bulk[VMAP_FREE_BULK];
	struct vmap_area *va;
	size_t nr = 0;

	list_for_each_entry(va, spares, list) {
		/* Those in the array may be gone once it is full: not this. */
		if (nr == VMAP_FREE_BULK) {
			kmem_cache_free_bulk(vmap_area_cachep, nr, bulk);
			nr = 0;
		}
		bulk[nr++] = va;
	}
	kmem_cache_free_bulk(vmap_area_cachep, nr, bulk);
}

/**
 * vmap_spares_free - free a list of descriptors
 * @spares: the list, left empty
 *
 * Context: no spinlock of vmalloc is held.
 */
void vmap_spares_free(struct list_head *spares)
{
	unsigned int few = VMAP_MAX_SPARES;
	struct vmap_area *va;

	/* Those of a request; a drain has more. */
	while (!list_empty(spares) && few--) {
		va = list_first_entry(spares, struct vmap_area, list);
		list_del(&va->list);
		vmap_area_free(va);
	}
	if (unlikely(!list_empty(spares))) {
		spares_free_bulk(spares);
		INIT_LIST_HEAD(spares);
	}
}

/* === Boot and hotplug === */

/**
 * vmap_areas_cpu_dead - free the descriptors that a CPU has at hand
 * @cpu: the CPU, which is offline, or is this one and preemption is off
 *
 * Context: process.
 * Return: 0.
 */
int vmap_areas_cpu_dead(unsigned int cpu)
{
	struct vmap_at_hand *hand = per_cpu_ptr(&vmap_at_hand, cpu);

	while (hand->nr)
		descriptor_free(hand->va[--hand->nr]);
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
}
