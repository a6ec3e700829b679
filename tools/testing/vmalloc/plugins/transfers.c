// SPDX-License-Identifier: GPL-2.0
/*
 * Which lines of memory move from one CPU's cache to another's while the guest
 * runs lib/vmalloc_scale.c, and which locks are held for how long.
 *
 *	-plugin transfers.so,out=PREFIX,cpus=N,ram=MIB,watch=A,begin=A,end=A,
 *		enter=A,leave=A[,interrupt=A...][,lock=FROM-TO...][,unlock=FROM-TO...]
 *
 * A is the address of a function of the guest, in hexadecimal: the five that
 * lib/vmalloc_scale.c has to be found by, and the entries of interrupts. The n-th
 * call of the one for "end" writes what was counted since "begin" to PREFIX.n.
 *
 * Each CPU has a cache without end, of lines of 64 bytes, and a directory says which
 * of them have a line. It is transferred if a CPU reads it that has it not, while
 * another one has; or writes it, while another one has it. Then nobody else has.
 * An instruction that locks reads in order to write: that is one transfer. What is
 * evicted or fetched ahead, and how far it is from one CPU to another, nobody knows
 * here. Only what an operation does is counted, interrupts of it are not.
 *
 * Until "watch" is reached, the guest runs as if there were no plugin, but for that
 * one instruction. Then all that was translated is thrown away. One CPU of the guest
 * runs at a time, in one thread: nothing is locked.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "plugin.h"

PLUGIN_EXPORT int qemu_plugin_version = PLUGIN_VERSION;

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

#define LINE_SHIFT	6
/* CPUs that one word of the directory has bits for. */
#define WORD_BITS	64
#define MAX_CPUS	512
/* Locks that a CPU holds at a time; of more, the ones above are not counted. */
#define MAX_HELD	8
#define MAX_RANGES	32
#define MAX_INTERRUPTS	64
/* The kernel's half of the addresses. */
#define KERNEL_BEGIN	0xffff800000000000ULL
/* Longest instruction of x86. */
#define MAX_INSN	15

struct range {
	uint64_t from;
	uint64_t to;
};

struct ranges {
	unsigned int nr;
	struct range range[MAX_RANGES];
};

/* What the command line says. */
static struct {
	const char *out;
	unsigned int cpus;
	uint64_t ram_mib;
	uint64_t watch, begin, end, enter, leave;
	uint64_t interrupt[MAX_INTERRUPTS];
	unsigned int nr_interrupts;
	struct ranges lock, unlock;
} opt;

/* An instruction that touches memory, as the callback is told of it. */
struct insn {
	uint64_t addr;
	bool locks;		/* the line, to read and write it as one */
	enum { PLAIN, TAKES, RELEASES } kind;
};

struct block {
	uint64_t addr;
	size_t nr;
	bool of_lock;		/* part of a function that takes or releases one */
	bool of_interrupt;	/* its entry, whose call is seen a moment later */
};

struct hold {
	uint64_t lock;
	uint64_t caller;
	uint64_t insns;		/* of this CPU when it was taken */
	uint64_t transfers;
};

static struct cpu {
	bool in_op;
	unsigned int interrupts;
	uint64_t insns;
	uint64_t transfers;
	uint64_t caller;	/* the last block that was not of a lock */
	unsigned int nr_held;
	struct hold held[MAX_HELD];
} cpus[MAX_CPUS];

/* The directory: so many words of bits for each line of the guest's memory. */
static uint64_t *directory;
static uint64_t nr_lines;
static unsigned int words;

/* === What was counted === */

enum kind { NONE, READ, WRITE, LOCKED, LOCK };

static const char * const kind_names[] = {
	[READ]		= "read",
	[WRITE]		= "write",
	[LOCKED]	= "locked",
	[LOCK]		= "lock",
};

/* Of one kind, at one place of the code and, but for LOCKED, in one line. */
struct entry {
	enum kind kind;
	uint64_t place;
	uint64_t line;		/* of a LOCK, its address */
	uint64_t addr;
	uint64_t nr;
	/* Of a LOCK: instructions held, the most of one hold, and transfers. */
	uint64_t insns;
	uint64_t most;
	uint64_t transfers;
};

#define TABLE_BITS	18
static struct entry table[1 << TABLE_BITS];
static uint64_t nr_ops;
static uint64_t nr_insns;
static unsigned int nr_files;

static void stop(const char *what, const char *why)
{
	fprintf(stderr, "transfers: %s: %s\n", what, why);
	exit(1);
}

static struct entry *find_entry(enum kind kind, uint64_t place, uint64_t line)
{
	uint64_t hash = (place ^ line << 20 ^ line ^ kind) * 0x9e3779b97f4a7c15ULL;
	unsigned int at = hash >> (64 - TABLE_BITS), tried;
	struct entry *entry;

	for (tried = 0; tried < ARRAY_SIZE(table); tried++) {
		entry = &table[at];
		if (!entry->kind) {
			entry->kind = kind;
			entry->place = place;
			entry->line = line;
			return entry;
		}
		if (entry->kind == kind && entry->place == place &&
		    entry->line == line)
			return entry;
		at = (at + 1) % ARRAY_SIZE(table);
	}
	stop("table", "full");
	return NULL;
}

static void write_counts(void)
{
	char name[4096];
	size_t i;
	FILE *file;

	snprintf(name, sizeof(name), "%s.%u", opt.out, ++nr_files);
	file = fopen(name, "w");
	if (!file) {
		perror(name);
		exit(1);
	}
	fprintf(file, "ops %" PRIu64 "\ninsns %" PRIu64 "\n", nr_ops, nr_insns);
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		const struct entry *entry = &table[i];

		if (!entry->kind)
			continue;
		fprintf(file, "%s %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIu64,
			kind_names[entry->kind], entry->place, entry->line,
			entry->addr, entry->nr);
		if (entry->kind == LOCK)
			fprintf(file, " %" PRIu64 " %" PRIu64 " %" PRIu64,
				entry->insns, entry->most, entry->transfers);
		fputc('\n', file);
	}
	if (fclose(file)) {
		perror(name);
		exit(1);
	}
}

/* === Marks === */

static void at_begin(unsigned int vcpu, void *unused)
{
	memset(table, 0, sizeof(table));
	nr_ops = 0;
	nr_insns = 0;
}

static void at_end(unsigned int vcpu, void *unused)
{
	write_counts();
}

static void at_enter(unsigned int vcpu, void *unused)
{
	struct cpu *cpu = &cpus[vcpu];

	/* No interrupt is left half-way where an operation begins. */
	cpu->interrupts = 0;
	cpu->nr_held = 0;
	cpu->in_op = true;
	nr_ops++;
}

static void at_leave(unsigned int vcpu, void *unused)
{
	cpus[vcpu].in_op = false;
}

static void at_interrupt(unsigned int vcpu, void *unused)
{
	cpus[vcpu].interrupts++;
}

/* What returns to user space has not come here by an entry that is known. */
static void at_iret(unsigned int vcpu, void *unused)
{
	if (cpus[vcpu].interrupts)
		cpus[vcpu].interrupts--;
}

/* === What is executed === */

static bool counts(const struct cpu *cpu)
{
	return cpu->in_op && !cpu->interrupts;
}

static void at_block(unsigned int vcpu, void *data)
{
	const struct block *block = data;
	struct cpu *cpu = &cpus[vcpu];

	if (!counts(cpu) || block->of_interrupt)
		return;
	cpu->insns += block->nr;
	nr_insns += block->nr;
	if (!block->of_lock)
		cpu->caller = block->addr;
}

/* Note in the directory that CPU @vcpu touches @line: was that a transfer? */
static bool touch(unsigned int vcpu, uint64_t line, bool writes)
{
	uint64_t *bits = &directory[line * words];
	uint64_t mine = 1ULL << (vcpu % WORD_BITS);
	unsigned int word = vcpu / WORD_BITS, i;
	bool has = bits[word] & mine, others = false;

	for (i = 0; i < words; i++)
		others |= bits[i] & ~(i == word ? mine : 0);
	if (writes)
		memset(bits, 0, words * sizeof(*bits));
	bits[word] |= mine;
	return others && (writes || !has);
}

static void take(struct cpu *cpu, uint64_t lock)
{
	struct hold *hold = &cpu->held[cpu->nr_held];

	if (cpu->nr_held == MAX_HELD)
		return;
	hold->lock = lock;
	hold->caller = cpu->caller;
	hold->insns = cpu->insns;
	hold->transfers = cpu->transfers;
	cpu->nr_held++;
}

/* Whoever releases a lock writes more than that, on its own stack. */
static void release(struct cpu *cpu, uint64_t lock)
{
	struct hold *hold = cpu->held + cpu->nr_held;
	struct entry *entry;
	uint64_t insns;

	while (hold-- > cpu->held) {
		if (hold->lock != lock)
			continue;
		insns = cpu->insns - hold->insns;
		entry = find_entry(LOCK, hold->caller, lock);
		entry->addr = lock;
		entry->nr++;
		entry->insns += insns;
		entry->transfers += cpu->transfers - hold->transfers;
		if (insns > entry->most)
			entry->most = insns;
		cpu->nr_held--;
		memmove(hold, hold + 1,
			(cpu->held + cpu->nr_held - hold) * sizeof(*hold));
		return;
	}
}

static void at_access(unsigned int vcpu, qemu_plugin_meminfo_t info,
		      uint64_t addr, void *data)
{
	struct qemu_plugin_hwaddr *hwaddr = qemu_plugin_get_hwaddr(info, addr);
	bool stores = qemu_plugin_mem_is_store(info);
	const struct insn *insn = data;
	struct cpu *cpu = &cpus[vcpu];
	struct entry *entry;
	uint64_t line, place;
	bool moved;

	if (!hwaddr || qemu_plugin_hwaddr_is_io(hwaddr))
		return;
	line = qemu_plugin_hwaddr_phys_addr(hwaddr) >> LINE_SHIFT;
	if (line >= nr_lines)
		return;
	moved = touch(vcpu, line, stores || insn->locks);
	if (!counts(cpu))
		return;
	place = insn->kind == PLAIN ? insn->addr : cpu->caller;
	if (moved) {
		cpu->transfers++;
		entry = find_entry(stores || insn->locks ? WRITE : READ, place,
				   line);
		entry->addr = addr;
		entry->nr++;
	}
	if (insn->locks && stores)
		find_entry(LOCKED, place, 0)->nr++;
	if (insn->kind == TAKES && insn->locks && stores)
		take(cpu, addr);
	else if (insn->kind == RELEASES && stores)
		release(cpu, addr);
}

/* === What is translated === */

static bool within(const struct ranges *ranges, uint64_t addr)
{
	unsigned int i;

	for (i = 0; i < ranges->nr; i++) {
		if (addr >= ranges->range[i].from && addr < ranges->range[i].to)
			return true;
	}
	return false;
}

/* Does an instruction of x86 lock the line that it writes? */
static bool locks(const uint8_t *code, size_t size)
{
	size_t at = 0;

	while (at < size && strchr("\x26\x2e\x36\x3e\x64\x65\x66\x67\xf2\xf3",
				   code[at]) && code[at])
		at++;
	if (at < size && code[at] == 0xf0)
		return true;
	/* REX, and then XCHG with memory, which takes no prefix. */
	if (at < size && (code[at] & 0xf0) == 0x40)
		at++;
	return at + 1 < size && (code[at] & 0xfe) == 0x86 && code[at + 1] < 0xc0;
}

/* Of 64 bits, as kernels return by; no compiler makes one. */
static bool is_iret(const uint8_t *code, size_t size)
{
	return size == 2 && code[0] == 0x48 && code[1] == 0xcf;
}

static bool is_interrupt(uint64_t addr)
{
	unsigned int i;

	for (i = 0; i < opt.nr_interrupts; i++) {
		if (addr == opt.interrupt[i])
			return true;
	}
	return false;
}

static void call_at(struct qemu_plugin_insn *insn, plugin_vcpu_fn fn)
{
	qemu_plugin_register_vcpu_insn_exec_cb(insn, fn, QEMU_PLUGIN_CB_NO_REGS,
					       NULL);
}

static void mark_insn(struct qemu_plugin_insn *insn, const uint8_t *code,
		      size_t size)
{
	const struct {
		uint64_t addr;
		plugin_vcpu_fn fn;
	} marks[] = {
		{ opt.begin,	at_begin },
		{ opt.end,	at_end },
		{ opt.enter,	at_enter },
		{ opt.leave,	at_leave },
	};
	uint64_t addr = qemu_plugin_insn_vaddr(insn);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(marks); i++) {
		if (addr == marks[i].addr)
			call_at(insn, marks[i].fn);
	}
	if (is_interrupt(addr))
		call_at(insn, at_interrupt);
	if (is_iret(code, size))
		call_at(insn, at_iret);
}

static void *need(size_t size)
{
	void *p = malloc(size);

	if (!p)
		stop("memory", "none left");
	return p;
}

static void watch_insn(struct qemu_plugin_insn *qemu_insn)
{
	struct insn *insn = need(sizeof(*insn));
	uint8_t code[MAX_INSN + 1];
	size_t size;

	size = plugin_insn_code(qemu_insn, code, sizeof(code));
	insn->addr = qemu_plugin_insn_vaddr(qemu_insn);
	insn->locks = locks(code, size);
	insn->kind = within(&opt.lock, insn->addr) ? TAKES :
		     within(&opt.unlock, insn->addr) ? RELEASES : PLAIN;
	mark_insn(qemu_insn, code, size);
	qemu_plugin_register_vcpu_mem_cb(qemu_insn, at_access,
					 QEMU_PLUGIN_CB_NO_REGS,
					 QEMU_PLUGIN_MEM_RW, insn);
}

/* Of user space, nothing is counted: it is not what an operation calls. */
static void at_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t nr = qemu_plugin_tb_n_insns(tb), i;
	uint64_t addr = qemu_plugin_tb_vaddr(tb);
	struct block *block;

	if (addr < KERNEL_BEGIN)
		return;
	block = need(sizeof(*block));
	block->addr = addr;
	block->nr = nr;
	block->of_lock = within(&opt.lock, addr) || within(&opt.unlock, addr);
	block->of_interrupt = is_interrupt(addr);
	qemu_plugin_register_vcpu_tb_exec_cb(tb, at_block, QEMU_PLUGIN_CB_NO_REGS,
					     block);
	for (i = 0; i < nr; i++)
		watch_insn(qemu_plugin_tb_get_insn(tb, i));
}

static void watch(qemu_plugin_id_t id)
{
	qemu_plugin_register_vcpu_tb_trans_cb(id, at_translation);
}

/* === Before "watch" === */

static qemu_plugin_id_t plugin_id;

static void at_watch(unsigned int vcpu, void *unused)
{
	static bool reached;

	if (!reached)
		qemu_plugin_reset(plugin_id, watch);
	reached = true;
}

static void at_boot_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t nr = qemu_plugin_tb_n_insns(tb), i;

	for (i = 0; i < nr; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		if (qemu_plugin_insn_vaddr(insn) == opt.watch)
			call_at(insn, at_watch);
	}
}

/* === The command line === */

static bool parse_number(const char *text, int base, uint64_t *number)
{
	char *end;

	*number = strtoull(text, &end, base);
	return *number && !*end;
}

static bool parse_range(const char *text, struct ranges *ranges)
{
	struct range *range = &ranges->range[ranges->nr];
	char *end;

	if (ranges->nr == MAX_RANGES)
		return false;
	range->from = strtoull(text, &end, 16);
	ranges->nr++;
	return *end == '-' && parse_number(end + 1, 16, &range->to) &&
	       range->from < range->to;
}

static bool parse_cpus(const char *text)
{
	uint64_t nr;

	if (!parse_number(text, 10, &nr) || nr > MAX_CPUS)
		return false;
	opt.cpus = nr;
	return true;
}

static bool parse_interrupt(const char *text)
{
	return opt.nr_interrupts < MAX_INTERRUPTS &&
	       parse_number(text, 16, &opt.interrupt[opt.nr_interrupts++]);
}

static bool parse_word(const char *word)
{
	const struct {
		const char *name;
		uint64_t *addr;
	} marks[] = {
		{ "watch", &opt.watch },
		{ "begin", &opt.begin },
		{ "end", &opt.end },
		{ "enter", &opt.enter },
		{ "leave", &opt.leave },
	};
	const char *value = strchr(word, '=');
	size_t len, i;

	if (!value)
		return false;
	len = value++ - word;
	for (i = 0; i < ARRAY_SIZE(marks); i++) {
		if (!strncmp(marks[i].name, word, len) && !marks[i].name[len])
			return parse_number(value, 16, marks[i].addr);
	}
	if (!strncmp(word, "out=", 4))
		return (opt.out = strdup(value));
	if (!strncmp(word, "cpus=", 5))
		return parse_cpus(value);
	if (!strncmp(word, "ram=", 4))
		return parse_number(value, 10, &opt.ram_mib);
	if (!strncmp(word, "interrupt=", 10))
		return parse_interrupt(value);
	if (!strncmp(word, "lock=", 5))
		return parse_range(value, &opt.lock);
	if (!strncmp(word, "unlock=", 7))
		return parse_range(value, &opt.unlock);
	return false;
}

/* QEMU's list of what it is, which comes second, is not looked at. */
PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info,
				      int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++) {
		if (!parse_word(argv[i])) {
			fprintf(stderr, "transfers: %s: not an option\n", argv[i]);
			return -1;
		}
	}
	if (!opt.out || !opt.cpus || !opt.ram_mib || !opt.watch || !opt.begin ||
	    !opt.end || !opt.enter || !opt.leave) {
		fprintf(stderr, "transfers: an option is missing\n");
		return -1;
	}
	words = (opt.cpus + WORD_BITS - 1) / WORD_BITS;
	nr_lines = opt.ram_mib << (20 - LINE_SHIFT);
	/* As the guest's memory: what is not touched takes none of the host's. */
	directory = mmap(NULL, nr_lines * words * sizeof(*directory),
			 PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (directory == MAP_FAILED) {
		perror("transfers: directory");
		return -1;
	}
	plugin_id = id;
	qemu_plugin_register_vcpu_tb_trans_cb(id, at_boot_translation);
	return 0;
}
