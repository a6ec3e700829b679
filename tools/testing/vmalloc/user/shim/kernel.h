/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What mm/vmalloc/ needs of the kernel, in userspace: included before each file
 * of it, by the compiler's -include. Lists, rbtrees and arithmetic are the
 * kernel's own; the headers that are replaced by this one are listed in the
 * Makefile, which makes an empty file of each.
 *
 * Locks are mutexes of pthreads, which know their owner. Atomics and barriers
 * are sequentially consistent, so a barrier that is missing is not found here.
 */
#ifndef _VMALLOC_USER_SHIM_KERNEL_H
#define _VMALLOC_USER_SHIM_KERNEL_H

/* Nobody is interrupted here. */
#define preempt_count()		0
#define NMI_MASK		0
#define HARDIRQ_MASK		0
#define SOFTIRQ_OFFSET		0

/* In a kernel tree there are mm/internal.h and mm/vmalloc.h: without them. */
#define __MM_INTERNAL_H
#define __MM_VMALLOC_H

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/compiler.h>
#include <asm/barrier.h>
/* Those of tools/ are plain accesses to a race detector. */
#undef READ_ONCE
#undef WRITE_ONCE
#undef smp_load_acquire
#undef smp_store_release
/* Which of them race is in tsan.supp. */
#define data_race(expression)	(expression)
#ifdef SHIM_LOOKUPS
/*
 * Others may come before each read. And what is read may be stored by who does not mark
 * it, as it may for KCSAN with KCSAN_ASSUME_PLAIN_WRITES_ATOMIC: the kernel's lists and
 * trees do not.
 */
#define READ_ONCE(x)	((typeof((x) + 0))shim_read_once(&(x), sizeof(x)))
unsigned long shim_read_once(const void *word, unsigned long size);
#else
#define READ_ONCE(x)		__atomic_load_n(&(x), __ATOMIC_RELAXED)
#endif
#define WRITE_ONCE(x, value)	__atomic_store_n(&(x), value, __ATOMIC_RELAXED)
#define smp_load_acquire(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)

#include <linux/align.h>
#include <linux/bits.h>
#include <linux/bitops.h>
#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/kconfig.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/overflow.h>
#include <linux/rbtree_augmented.h>
#include <linux/sizes.h>
#include <linux/types.h>

/* <assert.h> has another one, which wants a message. */
#undef static_assert
#define static_assert(condition, ...) _Static_assert(condition, #condition)

/* tools/include says "unused". */
#undef __used
#define __used			__attribute__((__used__))
#undef noinline
#define noinline		__attribute__((__noinline__))
#define __init
#define __ro_after_init
#define ____cacheline_aligned_in_smp
#undef __release
#define __release(lock)
#define EXPORT_SYMBOL_GPL(symbol)
#define THIS_MODULE		NULL

/* min() and max() of tools/ are for operands of one type. */
#undef min
#undef max
#define min(x, y)		({ typeof(x) x_ = (x); typeof(y) y_ = (y); \
				   x_ < y_ ? x_ : y_; })
#define max(x, y)		({ typeof(x) x_ = (x); typeof(y) y_ = (y); \
				   x_ > y_ ? x_ : y_; })
#define min3(x, y, z)		({ typeof(x) z_ = min(x, y); min(z_, z); })
#define max3(x, y, z)		({ typeof(x) z_ = max(x, y); max(z_, z); })
#define DECLARE_BITMAP(name, bits) unsigned long name[BITS_TO_LONGS(bits)]
#define BITMAP_FIRST_WORD_MASK(start) (~0UL << ((start) & (BITS_PER_LONG - 1)))
#define is_power_of_2(n)	({ typeof(n) _n = (n); _n && !(_n & (_n - 1)); })

/* === Messages === */

/* How often the code under test has warned: cases that expect it reset it. */
extern unsigned int warnings;

#define pr_err(...)		fprintf(stderr, __VA_ARGS__)
#define pr_warn_ratelimited(...) do { } while (0)

#undef WARN_ON
#undef WARN_ON_ONCE
#undef WARN_ONCE
#define WARN_ONCE(condition, ...) ({					\
	bool warn_ = (condition);					\
									\
	if (warn_) {							\
		__atomic_add_fetch(&warnings, 1, __ATOMIC_RELAXED);	\
		fprintf(stderr, __VA_ARGS__);				\
	}								\
	warn_;								\
})
#define WARN_ON(condition)	WARN_ONCE(condition, "%s\n", #condition)
#define WARN_ON_ONCE(condition)	WARN_ON(condition)

/* The first thing that is wrong ends the process. */
void __noreturn __printf(1, 2) shim_die(const char *format, ...);

/* === Trace events, which say nothing === */

#define TP_PROTO(...)		__VA_ARGS__
#define TRACE_EVENT(name, proto, ...)					\
	static inline void trace_##name(proto) { }			\
	static inline bool trace_##name##_enabled(void) { return true; }

/* === Atomics === */

#define ATOMIC_LONG_INIT(value)	{ value }
#define atomic_long_read(v)	__atomic_load_n(&(v)->counter, __ATOMIC_SEQ_CST)
#define atomic_long_set(v, n)	\
	__atomic_store_n(&(v)->counter, n, __ATOMIC_SEQ_CST)
#define atomic_long_add_return(n, v)	\
	__atomic_add_fetch(&(v)->counter, n, __ATOMIC_SEQ_CST)
#define atomic_long_add(n, v)	((void)atomic_long_add_return(n, v))
#define atomic_long_sub(n, v)	\
	((void)__atomic_sub_fetch(&(v)->counter, n, __ATOMIC_SEQ_CST))
#define atomic_long_inc(v)	atomic_long_add(1, v)
#define atomic_long_try_cmpxchg_relaxed(v, old, new)			\
	__atomic_compare_exchange_n(&(v)->counter, old, new, false,	\
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)

#define xchg(at, new)		__atomic_exchange_n(at, new, __ATOMIC_SEQ_CST)

/* Those of tools/ are plain accesses, too. */
#undef set_bit
#undef clear_bit
#undef test_bit
#undef test_and_clear_bit
#define set_bit(nr, map)	((void)__atomic_fetch_or(&(map)[BIT_WORD(nr)], \
							 BIT_MASK(nr),	\
							 __ATOMIC_SEQ_CST))
#define clear_bit(nr, map)	((void)__atomic_fetch_and(&(map)[BIT_WORD(nr)], \
							  ~BIT_MASK(nr), \
							  __ATOMIC_SEQ_CST))
#define test_bit(nr, map)	(!!(READ_ONCE((map)[BIT_WORD(nr)]) & BIT_MASK(nr)))
#define hweight_long(word)	__builtin_popcountl(word)
#undef for_each_set_bit
#define for_each_set_bit(bit, map, bits)				\
	for ((bit) = shim_next_bit(map, bits, 0); (bit) < (bits);	\
	     (bit) = shim_next_bit(map, bits, (bit) + 1))
#define test_and_clear_bit(nr, map)					\
	(!!(__atomic_fetch_and(&(map)[BIT_WORD(nr)], ~BIT_MASK(nr),	\
			       __ATOMIC_SEQ_CST) & BIT_MASK(nr)))

/* The first bit from @bit on that is set, or @bits. */
static inline unsigned int shim_next_bit(const unsigned long *map,
					 unsigned int bits, unsigned int bit)
{
	while (bit < bits && !test_bit(bit, map))
		bit++;
	return bit;
}

#undef smp_mb
#undef smp_rmb
#define smp_mb()		__sync_synchronize()
#define smp_rmb()		smp_mb()
#define smp_mb__after_atomic()	do { } while (0)
#define smp_mb__before_atomic()	do { } while (0)

/* === Locks and the scheduler === */

struct shim_lock {
	pthread_mutex_t mutex;
	pthread_t owner;
};

typedef struct shim_lock spinlock_t;

#define SHIM_LOCK		{ PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP, 0 }
#define DEFINE_RT_MUTEX(name)	struct shim_lock name = SHIM_LOCK
#define DEFINE_SPINLOCK(name)	spinlock_t name = SHIM_LOCK

void spin_lock_init(spinlock_t *lock);
void spin_lock(spinlock_t *lock);
void spin_unlock(spinlock_t *lock);
void rt_mutex_lock(struct shim_lock *lock);
void rt_mutex_unlock(struct shim_lock *lock);
bool shim_lock_is_mine(const struct shim_lock *lock);
/* Whether this thread holds a lock that sleeps. */
bool shim_holds_mutex(void);

#define lockdep_assert_held(lock) do {					\
	if (!shim_lock_is_mine(lock))					\
		shim_die("%s: %s is not held\n", __func__, #lock);	\
} while (0)
#define lockdep_assert_not_held(lock) do {				\
	if (shim_lock_is_mine(lock))					\
		shim_die("%s: %s is held\n", __func__, #lock);		\
} while (0)

void might_sleep(void);
#define might_sleep_if(may)	((may) ? might_sleep() : (void)0)
int cond_resched(void);
int cond_resched_lock(spinlock_t *lock);
bool need_resched(void);
#define spin_needbreak(lock)	need_resched()

extern unsigned int shim_cpus;
extern __thread unsigned int shim_cpu;

#define num_possible_cpus()	shim_cpus
#define num_online_cpus()	shim_cpus
#define raw_smp_processor_id()	shim_cpu

/* === Sequence counts, and RCU === */

struct shim_seqcount {
	unsigned int sequence;
};

typedef struct shim_seqcount seqcount_t;

#define seqcount_init(s)	((s)->sequence = 0)

/* The builtin's order is that of all others: see above. */
static inline void raw_write_seqcount_begin(seqcount_t *s)
{
	__atomic_fetch_add(&s->sequence, 1, __ATOMIC_SEQ_CST);
	__sync_synchronize();
}

static inline void raw_write_seqcount_end(seqcount_t *s)
{
	__sync_synchronize();
	__atomic_fetch_add(&s->sequence, 1, __ATOMIC_SEQ_CST);
}

static inline unsigned int raw_seqcount_begin(const seqcount_t *s)
{
	return __atomic_load_n(&s->sequence, __ATOMIC_SEQ_CST) & ~1;
}

static inline bool read_seqcount_retry(const seqcount_t *s, unsigned int seq)
{
	__sync_synchronize();
	return __atomic_load_n(&s->sequence, __ATOMIC_SEQ_CST) != seq;
}

void rcu_read_lock_sched(void);
void rcu_read_unlock_sched(void);
#undef synchronize_rcu
void synchronize_rcu(void);

/* A thread's own, whatever CPU it says that it is on: nobody else may come between. */
#define DEFINE_PER_CPU(type, name) __thread type name
#define get_cpu_ptr(ptr)	(ptr)
#define put_cpu_ptr(ptr)	do { } while (0)
#define per_cpu_ptr(ptr, cpu)	((void)(cpu), (ptr))
#define this_cpu_read(variable)	(variable)
#define cpuhp_setup_state_nocalls(state, name, up, down) ((void)(down), 0)

static inline u64 local_clock(void)
{
	return 0;
}

/* === Memory === */

#define PAGE_SIZE		(1UL << PAGE_SHIFT)
#define offset_in_page(addr)	((addr) & (PAGE_SIZE - 1))
#define SHIM_BASE		(1UL << 40)
#define PMD_SIZE		(1UL << PMD_SHIFT)

/* There are no tables; who frees them is in space_random.c. */
typedef struct { unsigned long entry; } pmd_t;

#ifdef SHIM_REAL_SIZES
/* As on most machines, and as much space as the harness says. */
#define PAGE_SHIFT		12
#define PMD_SHIFT		21
#define SHIM_PAGES		(shim_space_bytes >> PAGE_SHIFT)
#define VMALLOC_START		SHIM_BASE
#define VMALLOC_END		(SHIM_BASE + shim_space_bytes)
#else
/* Large pages, so that there are few in a chunk, and in all. */
#define PAGE_SHIFT		20
#define PMD_SHIFT		25	/* and so that of a chunk */

/* The vmalloc space neither begins or ends with a chunk. Below and above there is room, too. */
#define SHIM_PAGES		(260UL << (PMD_SHIFT - PAGE_SHIFT))
#define VMALLOC_START		(SHIM_BASE + 35 * PAGE_SIZE)
#define VMALLOC_END		(VMALLOC_START + (256UL << PMD_SHIFT) + \
				 5 * PAGE_SIZE)
#endif

#undef GFP_KERNEL
#define GFP_KERNEL		((gfp_t)1)
#define GFP_NOWAIT		((gfp_t)0)
#define __GFP_NOWARN		((gfp_t)2)
#define __GFP_NOMEMALLOC	((gfp_t)0)
#define GFP_RECLAIM_MASK	GFP_KERNEL
#define gfpflags_allow_blocking(gfp)	((gfp) & GFP_KERNEL)
#define NUMA_NO_NODE		(-1)
#define SLAB_PANIC		0

struct kmem_cache;

/* The only cache there is; it says how large its objects are. */
#define KMEM_CACHE(type, flags)	((struct kmem_cache *)sizeof(struct type))

/* There are no pages to be had: only who frees others asks for some. */
#define virt_to_page(addr)	((struct page *)(addr))
#define page_to_nid(page)	((void)(page), 0)

static inline struct page *alloc_pages_node(int nid, gfp_t gfp,
					    unsigned int order)
{
	return NULL;
}

static inline void __free_page(struct page *page)
{
}

void *kmem_cache_alloc_node(struct kmem_cache *cache, gfp_t gfp, int node);
void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp);
void kmem_cache_free(struct kmem_cache *cache, void *object);
void kmem_cache_free_bulk(struct kmem_cache *cache, size_t nr, void **objects);
void *kcalloc(size_t nr, size_t size, gfp_t gfp);
#define kzalloc(size, gfp)	kcalloc(1, size, gfp)
void kfree(void *object);

#define should_failslab(cache, gfp)	0
#define kmemleak_scan_area(ptr, size, gfp) do { } while (0)

/* === Mappings, TLBs and shadow === */

typedef unsigned long pgprot_t;

static inline void flush_cache_vunmap(unsigned long start, unsigned long end)
{
}

static inline bool debug_pagealloc_enabled_static(void)
{
	return false;
}

#define is_vmalloc_or_module_addr(ptr)					\
	((unsigned long)(ptr) >= SHIM_BASE &&				\
	 (unsigned long)(ptr) < SHIM_BASE + SHIM_PAGES * PAGE_SIZE)

#define KASAN_VMALLOC_PAGE_RANGE	1
#define KASAN_VMALLOC_TLB_FLUSH		2
#define KASAN_VMALLOC_PROT_NORMAL	4

void vunmap_range_noflush(unsigned long start, unsigned long end);
void flush_tlb_kernel_range(unsigned long start, unsigned long end);
int kasan_populate_vmalloc(unsigned long addr, unsigned long size, gfp_t gfp);
void kasan_release_vmalloc(unsigned long start, unsigned long end,
			   unsigned long region_start, unsigned long region_end,
			   unsigned long flags);
#define kasan_reset_tag(ptr)	(ptr)
#define kasan_unpoison_vmap_areas(vms, nr, flags) do { } while (0)

/* === As in include/linux/vmalloc.h === */

#define VM_ALLOC		2
#define VM_UNINITIALIZED	0x20

struct vm_struct {
	struct vm_struct *next;
	void *addr;
	unsigned long size;
	unsigned long flags;
	struct page **pages;
	unsigned long nr_pages;
	unsigned long requested_size;
	const void *caller;
};

struct vmap_area {
	unsigned long va_start;
	unsigned long va_end;
	struct rb_node rb_node;
	struct list_head list;
	union {
		unsigned long subtree_max_size;
		struct vm_struct *vm;
	};
	unsigned long flags;
};

struct notifier_block;

int register_vmap_purge_notifier(struct notifier_block *nb);
int unregister_vmap_purge_notifier(struct notifier_block *nb);
struct vmap_area *find_vmap_area(unsigned long addr);
void vm_unmap_aliases(void);
struct vm_struct **pcpu_get_vm_areas(const unsigned long *offsets,
				     const size_t *sizes, int nr_vms,
				     size_t align, gfp_t gfp);
void pcpu_free_vm_areas(struct vm_struct **vms, int nr_vms);
void free_vm_area(struct vm_struct *area);

/* === Work, notifiers, sysctls: one of each === */

/* Boot: before main(). */
#define SHIM_INITCALL(fn)						\
	static void __attribute__((constructor)) shim_##fn(void)	\
	{								\
		fn();							\
	}
#define core_initcall(fn)	SHIM_INITCALL(fn)
#define device_initcall(fn)	SHIM_INITCALL(fn)
#define __setup(text, fn)						\
	static int (*const shim_##fn)(char *option) __used = fn

struct workqueue_struct;

struct work_struct {
	void (*func)(struct work_struct *work);
};

#define WQ_UNBOUND		1
#define WQ_MEM_RECLAIM		2
#define system_dfl_wq	((struct workqueue_struct *)2)
#define alloc_workqueue(name, flags, most) ((struct workqueue_struct *)1)
#define DECLARE_WORK(name, fn)	struct work_struct name = { .func = fn }

void queue_work(struct workqueue_struct *wq, struct work_struct *work);

struct notifier_block {
	int (*notifier_call)(struct notifier_block *nb, unsigned long action,
			     void *data);
};

#define BLOCKING_NOTIFIER_HEAD(name) struct notifier_block *name

static inline int blocking_notifier_chain_register(struct notifier_block **head,
						   struct notifier_block *nb)
{
	*head = nb;
	return 0;
}

static inline int
blocking_notifier_chain_unregister(struct notifier_block **head,
				   struct notifier_block *nb)
{
	*head = NULL;
	return 0;
}

static inline void blocking_notifier_call_chain(struct notifier_block **head,
						unsigned long action,
						void *data)
{
	if (*head)
		(*head)->notifier_call(*head, action, data);
}

struct ctl_table {
	const char *procname;
	void *data;
	int maxlen;
	unsigned int mode;
	int (*proc_handler)(const struct ctl_table *table, int write,
			    void *text, size_t *len, loff_t *pos);
	const int *extra1;
	const int *extra2;
};

#define SYSCTL_ZERO		(&(const int){ 0 })
#define SYSCTL_INT_MAX		(&(const int){ INT_MAX })
#define register_sysctl_init(path, table)				\
	shim_sysctl_register(table, ARRAY_SIZE(table))

void shim_sysctl_register(const struct ctl_table *table, size_t nr);
int proc_dointvec_minmax(const struct ctl_table *table, int write, void *text,
			 size_t *len, loff_t *pos);
int kstrtoint(const char *text, unsigned int base, int *value);

/* === For the harness === */

/* Set by it: which of the allocations of this thread fails next, 0 for none. */
extern __thread unsigned int shim_fail_at;
/* Set by it: whether another task waits for this CPU or this lock. */
extern __thread bool shim_crowded;
/* Set by it: preemption is off in what this thread calls. */
extern __thread bool shim_atomic;
/* Set by it, where sizes are real: bytes of the vmalloc space. */
extern unsigned long shim_space_bytes;

/* How many spinlocks this thread has taken. */
extern __thread unsigned long shim_spins;
/* How many threads wait for a lock that sleeps. */
unsigned int shim_waiting(void);

/* Descriptors, and other objects, that have been allocated and not freed. */
long shim_descriptors(void);
long shim_objects(void);
/* Whether a drain is queued; and run what is, or return false if nothing is. */
bool shim_drain_pending(void);
bool shim_work_run(void);
/* As a write to /proc/sys/vm/@name. Returns 0 or an errno. */
int shim_sysctl_write(const char *name, long value);

/*
 * Provided by it: what is unmapped, flushed, and losing its shadow; and a point
 * at which any other task may run, with no spinlock held.
 */
void shim_unmapped(unsigned long start, unsigned long end);
void shim_flushed(unsigned long start, unsigned long end);
void shim_shadow_begin(unsigned long start, unsigned long end);
void shim_shadow_end(unsigned long start, unsigned long end);
void shim_others(void);

#endif /* _VMALLOC_USER_SHIM_KERNEL_H */
