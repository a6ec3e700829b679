// SPDX-License-Identifier: GPL-2.0-only
/*
 * What mm/vmalloc/ calls of the kernel. Rules that the kernel only checks with
 * debug options are checked here at each call: no two spinlocks of these layers
 * are held at a time, and none where one may sleep.
 */

#include "kernel.h"

#include <stdarg.h>
#include <unistd.h>

unsigned int shim_cpus = 1;
__thread unsigned int shim_cpu;
__thread unsigned int shim_fail_at;
__thread bool shim_crowded;
__thread unsigned long shim_spins;
__thread bool shim_atomic;
unsigned long shim_space_bytes;

void shim_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	abort();
}

/* === Locks and the scheduler === */

static __thread unsigned int spins_held, mutexes_held;

bool shim_lock_is_mine(const struct shim_lock *lock)
{
	return READ_ONCE(lock->owner) == pthread_self();
}

bool shim_holds_mutex(void)
{
	return mutexes_held;
}

static void shim_lock_take(struct shim_lock *lock)
{
	int err = pthread_mutex_lock(&lock->mutex);

	if (err)
		shim_die("a lock is taken: %s\n", strerror(err));
	WRITE_ONCE(lock->owner, pthread_self());
}

static void shim_lock_drop(struct shim_lock *lock)
{
	int err;

	WRITE_ONCE(lock->owner, 0);
	err = pthread_mutex_unlock(&lock->mutex);
	if (err)
		shim_die("a lock is given up: %s\n", strerror(err));
}

void spin_lock_init(spinlock_t *lock)
{
	*lock = (spinlock_t)SHIM_LOCK;
}

void spin_lock(spinlock_t *lock)
{
	if (spins_held)
		shim_die("two spinlocks are held together\n");
	shim_others();
	spins_held++;
	shim_spins++;
	shim_lock_take(lock);
}

void spin_unlock(spinlock_t *lock)
{
	shim_lock_drop(lock);
	spins_held--;
	shim_others();
}

static unsigned int waiting;

unsigned int shim_waiting(void)
{
	return READ_ONCE(waiting);
}

void rt_mutex_lock(struct shim_lock *lock)
{
	might_sleep();
	__atomic_add_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
	shim_lock_take(lock);
	__atomic_sub_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
	mutexes_held++;
}

void rt_mutex_unlock(struct shim_lock *lock)
{
	mutexes_held--;
	shim_lock_drop(lock);
	shim_others();
}

static void no_spinlock_held(void)
{
	if (spins_held)
		shim_die("sleeping, or freeing, with a spinlock held\n");
}

void might_sleep(void)
{
	no_spinlock_held();
	if (shim_atomic)
		shim_die("sleeping where preemption is off\n");
}

int cond_resched(void)
{
	might_sleep();
	shim_others();
	return 1;
}

bool need_resched(void)
{
	return shim_crowded;
}

int cond_resched_lock(spinlock_t *lock)
{
	if (!shim_crowded)
		return 0;
	spin_unlock(lock);
	spin_lock(lock);
	return 1;
}

/* === Memory === */

static long descriptors, objects;

long shim_descriptors(void)
{
	return READ_ONCE(descriptors);
}

long shim_objects(void)
{
	return READ_ONCE(objects);
}

static void *shim_alloc(size_t size, gfp_t gfp, long *counter)
{
	void *object;

	if (gfp & GFP_KERNEL) {
		might_sleep();
		shim_others();
	}
	if (shim_fail_at && !--shim_fail_at)
		return NULL;
	object = malloc(size);
	if (!object)
		shim_die("out of memory\n");
	/* So that nobody relies on zeros. */
	memset(object, 0x6b, size);
	__atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
	return object;
}

static void shim_free(void *object, long *counter)
{
	no_spinlock_held();
	__atomic_sub_fetch(counter, 1, __ATOMIC_RELAXED);
	free(object);
}

void *kmem_cache_alloc_node(struct kmem_cache *cache, gfp_t gfp, int node)
{
	return shim_alloc((size_t)cache, gfp, &descriptors);
}

void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp)
{
	void *object = kmem_cache_alloc_node(cache, gfp, NUMA_NO_NODE);

	return object ? memset(object, 0, (size_t)cache) : NULL;
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	shim_free(object, &descriptors);
}

void kmem_cache_free_bulk(struct kmem_cache *cache, size_t nr, void **all)
{
	while (nr--)
		kmem_cache_free(cache, all[nr]);
}

void *kcalloc(size_t nr, size_t size, gfp_t gfp)
{
	void *object = shim_alloc(nr * size, gfp, &objects);

	return object ? memset(object, 0, nr * size) : NULL;
}

void kfree(void *object)
{
	if (object)
		shim_free(object, &objects);
}

/* === Mappings, TLBs and shadow === */

void vunmap_range_noflush(unsigned long start, unsigned long end)
{
	might_sleep();
	shim_others();
	shim_unmapped(start, end);
}

void flush_tlb_kernel_range(unsigned long start, unsigned long end)
{
	might_sleep();
	/* Before: whoever gets such an address now has it unflushed. */
	shim_others();
	shim_flushed(start, end);
	shim_others();
}

int kasan_populate_vmalloc(unsigned long addr, unsigned long size, gfp_t gfp)
{
	if (gfp & GFP_KERNEL)
		might_sleep();
	shim_others();
	if (shim_fail_at && !--shim_fail_at)
		return -ENOMEM;
	return 0;
}

void kasan_release_vmalloc(unsigned long start, unsigned long end,
			   unsigned long region_start, unsigned long region_end,
			   unsigned long flags)
{
	might_sleep();
	if (!(flags & KASAN_VMALLOC_PAGE_RANGE))
		return;
	shim_shadow_begin(start, end);
	shim_others();
	shim_shadow_end(start, end);
}

/* === Page tables, which space_random.c frees when it likes === */

void vmap_trim_init(struct workqueue_struct *wq)
{
}

void vmap_trim_soon(void)
{
}

/* === RCU: who waits for readers lets no new one begin === */

static pthread_rwlock_t readers =
	PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
static __thread bool reading;

void rcu_read_lock_sched(void)
{
	if (pthread_rwlock_rdlock(&readers))
		shim_die("no more readers\n");
	reading = true;
}

void rcu_read_unlock_sched(void)
{
	reading = false;
	pthread_rwlock_unlock(&readers);
}

__attribute__((no_sanitize("thread"))) noinline
unsigned long shim_read_once(const void *word, unsigned long size)
{
	static __thread unsigned int reads;

	if (reading && !(++reads % 256))
		usleep(500);
	switch (size) {
	case 1:
		return __atomic_load_n((const u8 *)word, __ATOMIC_RELAXED);
	case 2:
		return __atomic_load_n((const u16 *)word, __ATOMIC_RELAXED);
	case 4:
		return __atomic_load_n((const u32 *)word, __ATOMIC_RELAXED);
	default:
		return __atomic_load_n((const u64 *)word, __ATOMIC_RELAXED);
	}
}

void synchronize_rcu(void)
{
	no_spinlock_held();
	if (reading)
		shim_die("a reader waits for itself\n");
	pthread_rwlock_wrlock(&readers);
	pthread_rwlock_unlock(&readers);
}

/* === Work, sysctls === */

/* Of the queue of drains, and of that for all. */
static struct work_struct *queued[2];

static struct work_struct **queue_of(const struct workqueue_struct *wq)
{
	return &queued[wq == system_dfl_wq];
}

void queue_work(struct workqueue_struct *wq, struct work_struct *work)
{
	__atomic_store_n(queue_of(wq), work, __ATOMIC_SEQ_CST);
}

bool shim_drain_pending(void)
{
	return __atomic_load_n(&queued[0], __ATOMIC_SEQ_CST);
}

bool shim_work_run(void)
{
	struct work_struct *work = NULL;
	unsigned int i;

	for (i = 0; !work && i < ARRAY_SIZE(queued); i++)
		work = __atomic_exchange_n(&queued[i], NULL, __ATOMIC_SEQ_CST);
	if (work)
		work->func(work);
	return work;
}

static const struct ctl_table *sysctls;
static size_t nr_sysctls;

void shim_sysctl_register(const struct ctl_table *table, size_t nr)
{
	sysctls = table;
	nr_sysctls = nr;
}

int kstrtoint(const char *text, unsigned int base, int *value)
{
	char *end;
	long number = strtol(text, &end, base);

	if (end == text || *end)
		return -EINVAL;
	*value = number;
	return *value == number ? 0 : -ERANGE;
}

int proc_dointvec_minmax(const struct ctl_table *table, int write, void *text,
			 size_t *len, loff_t *pos)
{
	int value;

	if (!write || kstrtoint(text, 0, &value) || value < *table->extra1 ||
	    value > *table->extra2)
		return -EINVAL;
	WRITE_ONCE(*(int *)table->data, value);
	return 0;
}

int shim_sysctl_write(const char *name, long value)
{
	char text[32];
	size_t i, len;
	loff_t pos = 0;

	for (i = 0; i < nr_sysctls; i++) {
		if (strcmp(sysctls[i].procname, name))
			continue;
		len = snprintf(text, sizeof(text), "%ld", value);
		return sysctls[i].proc_handler(&sysctls[i], 1, text, &len,
					       &pos);
	}
	shim_die("there is no sysctl %s\n", name);
}
