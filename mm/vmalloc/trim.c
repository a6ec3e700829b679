// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables that nothing uses are given back.
 *
 * A table is freed while all the addresses that it translates are withheld: they
 * were free, in the heap, and flushed, and are taken out of it so that nobody can
 * get them meanwhile. So there is no mapping in the table, and whoever may walk
 * there has no business with these addresses:
 *
 * - who maps, unmaps or reads an area owns it, or holds the lock under which it is
 *   busy; vmalloc_to_page() and apply_to_page_range() are for the like;
 * - ptdump, which reads all tables, is shut out by the mmap lock of init_mm;
 * - perf, which looks up the size of any page with interrupts off, is waited for;
 * - hardware may have cached the entry that a table hangs on, for any address space
 *   that it knows of: so everything is flushed before the table is freed, once for
 *   many of them;
 * - IOMMUs that share the tables are told by pte_free_kernel(), where there are such;
 * - where each process has a copy of the tables above, as on 32 bits, all of this is
 *   left out;
 * - shadow of KASAN and KMSAN is translated by other tables.
 *
 * Tables above those of entries stay: of 512 they are one.
 *
 * It is done by the worker of the drain, between drains, when nothing has been given
 * back to a region for a while, so that a steady load neither loses tables nor has to
 * make new ones; and by who reclaims memory, at once. Either has the spare descriptors
 * let go as well, once no region is left to look at.
 *
 * Where addresses are short none are withheld: who makes all of them free waits for
 * what is withheld now, and has peace for a while.
 */

#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/rtmutex.h>
#include <linux/sched.h>
#include <linux/shrinker.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "internal.h"

/*
 * How long a region has to be left alone, and at most twice that, in jiffies: a load
 * that goes on comes back to it sooner, and who looks at free memory sees it rise.
 */
#define TRIM_PERIOD		(2 * HZ)

/*
 * How long nothing is withheld after somebody has found no addresses, in jiffies: he
 * looks again at once, but may not get the CPU so soon.
 */
#define TRIM_PEACE		(HZ / 5)

/* Steps before a drain may come, each of which may be a flush of all TLBs. */
#define TRIM_STEPS		16

/*
 * How often who reclaims memory may have the nodes' spare chunks and descriptors, in
 * jiffies: each time all nodes are looked at, and lease again.
 */
#define TRIM_CHUNKS_PERIOD	HZ

/*
 * For descriptors. Who reclaims memory must not do so again, and the worker not wait
 * for it, since others wait for drains.
 */
#define TRIM_GFP		(GFP_NOWAIT | __GFP_NOWARN | __GFP_NOMEMALLOC)

/* Held while addresses are withheld. Who waits for it may be a real-time task. */
static DEFINE_RT_MUTEX(vmap_trim_lock);

static unsigned long peace_until = INITIAL_JIFFIES;

static struct workqueue_struct *trim_wq __read_mostly;

static void trim_worker(struct work_struct *work);
static DECLARE_DELAYED_WORK(trim_work, trim_worker);

/**
 * struct vmap_trim_walk - how far one who frees tables has come
 * @region: what is looked at
 * @rest: as much of it as has not been
 * @freed: tables freed so far
 * @spares: descriptors
 */
struct vmap_trim_walk {
	struct vmap_span region;
	struct vmap_span rest;
	unsigned long freed;
	struct list_head spares;
};

/* Free the tables of what can be withheld next; -ENOENT if that is nothing. */
static int trim_withheld(struct vmap_trim_walk *trim)
{
	unsigned long freed, end;
	struct vmap_area *va;
	int err;

	lockdep_assert_held(&vmap_trim_lock);
	/* Pairs with vmap_trim_give_way(): it waits for the lock, or is seen. */
	if (time_before(jiffies, READ_ONCE(peace_until)))
		return -EBUSY;
	va = list_first_entry(&trim->spares, struct vmap_area, list);
	list_del(&va->list);
	err = vmap_space_withhold(va, &trim->rest, VMAP_TABLES_BATCH * PMD_SIZE,
				  &trim->spares);
	if (err) {
		list_add(&va->list, &trim->spares);
		return err;
	}
	end = va->va_end;
	err = vmap_range_free_tables(va->va_start, end, &freed);
	vmap_space_restore(va);
	if (!err)
		trim->rest.start = end;
	trim->freed += freed;
	vmap_stat_add(VMAP_STAT_TABLES, freed);
	return err;
}

/*
 * Go on in the region by one step. Returns 0, -ENOENT if nothing is left there,
 * or why the rest of it has to be looked at another time.
 */
static int trim_step(struct vmap_trim_walk *trim)
{
	struct vmap_span *rest = &trim->rest;
	int err;

	rest->start = vmap_next_table(rest->start, rest->end);
	if (rest->start >= rest->end)
		return -ENOENT;
	if (vmap_spares_fill(&trim->spares, VMAP_MAX_SPARES + 1, TRIM_GFP))
		return -ENOMEM;
	/* Drains come next in the queue: the worker does not wait for who reclaims. */
	if (!rt_mutex_trylock(&vmap_trim_lock))
		return -EBUSY;
	err = trim_withheld(trim);
	rt_mutex_unlock(&vmap_trim_lock);
	cond_resched();
	return err;
}

/*
 * Until @tables have been freed, in so many @steps. Returns 0 if all that was idle
 * has been looked at, or why not: @trim->rest is what is to be looked at next.
 */
static int trim_idle(struct vmap_trim_walk *trim, unsigned long tables,
		     unsigned int steps)
{
	int err = 0;

	INIT_LIST_HEAD(&trim->spares);
	trim->freed = 0;
	/* Since it was begun with, somebody has freed something there. */
	if (vmap_tables_noted_at(trim->rest.start))
		trim->rest.start = trim->rest.end;
	while (!err) {
		if (trim->rest.start >= trim->rest.end) {
			if (!vmap_tables_take(&trim->region))
				break;
			trim->rest = trim->region;
		}
		if (trim->freed >= tables || !steps--) {
			err = -EAGAIN;
			break;
		}
		err = trim_step(trim);
		if (err == -ENOENT) {
			trim->rest.start = trim->rest.end;
			err = 0;
		}
	}
	vmap_spares_free(&trim->spares);
	return err;
}

/* All of it is to be looked at another time, by whoever comes to it. */
static void trim_put_off(struct vmap_trim_walk *trim)
{
	vmap_tables_note(trim->rest.start, trim->region.end);
	trim->region = trim->rest = (struct vmap_span) { };
}

/*
 * In the same queue as drains, one of which comes next if there is one. It goes on
 * where it was: else it would withhold the same addresses again and again.
 */
static void trim_worker(struct work_struct *work)
{
	static struct vmap_trim_walk trim;
	int err = trim_idle(&trim, ULONG_MAX, TRIM_STEPS);

	if (err == -EAGAIN) {
		mod_delayed_work(trim_wq, &trim_work, 1);
		return;
	}
	if (err)
		trim_put_off(&trim);
	if (vmap_tables_age())
		queue_delayed_work(trim_wq, &trim_work, TRIM_PERIOD);
	else
		vmap_areas_trim_soon();
}

/**
 * vmap_trim_soon - have tables freed some time after addresses have come back
 *
 * Context: any.
 */
void vmap_trim_soon(void)
{
	/* Pairs with vmap_trim_init(). */
	struct workqueue_struct *wq = smp_load_acquire(&trim_wq);

	if (wq && vmap_tables_noted() && !delayed_work_pending(&trim_work))
		queue_delayed_work(wq, &trim_work, TRIM_PERIOD);
}

/**
 * vmap_trim - free tables that nothing uses, now
 * @tables: when so many have been freed it is enough
 * @freed: gets the number
 *
 * Not in the region that the worker is looking at.
 *
 * Context: process; may sleep, but not for memory.
 * Return: 0 if all regions have been looked at that were not in use right now; -EAGAIN
 * if @tables were freed before; -EBUSY if somebody has found no addresses, looks at
 * tables, or frees some; -ENOMEM.
 */
int vmap_trim(unsigned long tables, unsigned long *freed)
{
	struct vmap_trim_walk trim = { .freed = 0 };
	int err;

	vmap_tables_age();
	err = trim_idle(&trim, tables, UINT_MAX);
	if (err) {
		trim_put_off(&trim);
		vmap_trim_soon();
	}
	*freed = trim.freed;
	return err;
}

/**
 * vmap_trim_give_way - see to it that no addresses are withheld
 *
 * On return there are none, nor will be soon.
 *
 * Context: process; may sleep.
 */
void vmap_trim_give_way(void)
{
	WRITE_ONCE(peace_until, jiffies + TRIM_PEACE);
	rt_mutex_lock(&vmap_trim_lock);
	/* However long that took. */
	WRITE_ONCE(peace_until, jiffies + TRIM_PEACE);
	rt_mutex_unlock(&vmap_trim_lock);
}

/* === Boot, and who reclaims memory === */

static unsigned long trim_count(struct shrinker *shrinker,
				struct shrink_control *sc)
{
	/* The nodes may have some, too. */
	return 1 + vmap_tables_most();
}

static unsigned long trim_scan(struct shrinker *shrinker,
			       struct shrink_control *sc)
{
	static unsigned long chunks_at = INITIAL_JIFFIES;
	unsigned long at = READ_ONCE(chunks_at), freed;

	if (time_after_eq(jiffies, at) &&
	    cmpxchg(&chunks_at, at, jiffies + TRIM_CHUNKS_PERIOD) == at) {
		vmap_space_return_chunks(0);
		vmap_areas_trim_soon();
	}
	vmap_trim(sc->nr_to_scan, &freed);
	return freed ?: SHRINK_STOP;
}

/**
 * vmap_trim_init - get ready to free tables
 * @wq: where to do it
 *
 * Context: boot, once workqueues and shrinkers can be had.
 */
void __init vmap_trim_init(struct workqueue_struct *wq)
{
	struct shrinker *shrinker;

	/* Not under Xen, which has to be told of tables; nor where ptdump may walk unseen. */
	if (!arch_vmap_pmd_supported(PAGE_KERNEL))
		return;
	shrinker = shrinker_alloc(0, "vmalloc-tables");
	/* Without it, tables are freed all the same. */
	if (!WARN_ON(!shrinker)) {
		shrinker->count_objects = trim_count;
		shrinker->scan_objects = trim_scan;
		shrinker_register(shrinker);
	}
	/* Pairs with vmap_trim_soon(). */
	smp_store_release(&trim_wq, wq);
}
