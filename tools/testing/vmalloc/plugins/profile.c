// SPDX-License-Identifier: GPL-2.0
/*
 * How often each instruction is executed between two calls of a function that is
 * there to be such a mark: lib/vmalloc_bench.c has it before and behind its loops.
 *
 *	-plugin profile.so,mark=ADDRESS,out=FILE
 *
 * Each second call writes FILE anew, a line "ADDRESS COUNT" for each instruction
 * that was executed, addresses in hexadecimal. So the last of several loops is
 * what is left there. One CPU of the guest at a time: nothing is locked.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

PLUGIN_EXPORT int qemu_plugin_version = PLUGIN_VERSION;

/* Instructions that are executed one after the other, as QEMU translates them. */
struct block {
	struct block *next;
	uint64_t count;
	size_t nr;
	uint64_t addr[];
};

static struct block *blocks;
static bool counting;
static uint64_t mark;
static const char *out;

static void write_counts(void)
{
	const struct block *block;
	FILE *file = fopen(out, "w");
	size_t i;

	if (!file) {
		perror(out);
		exit(1);
	}
	for (block = blocks; block; block = block->next) {
		for (i = 0; block->count && i < block->nr; i++)
			fprintf(file, "%" PRIx64 " %" PRIu64 "\n",
				block->addr[i], block->count);
	}
	if (fclose(file)) {
		perror(out);
		exit(1);
	}
}

static void at_mark(unsigned int vcpu, void *unused)
{
	struct block *block;

	counting = !counting;
	if (!counting) {
		write_counts();
		return;
	}
	for (block = blocks; block; block = block->next)
		block->count = 0;
}

static void at_block(unsigned int vcpu, void *data)
{
	struct block *block = data;

	block->count += counting;
}

static void at_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t nr = qemu_plugin_tb_n_insns(tb), i;
	struct block *block = malloc(sizeof(*block) + nr * sizeof(*block->addr));

	if (!block) {
		perror("profile");
		exit(1);
	}
	block->count = 0;
	block->nr = nr;
	for (i = 0; i < nr; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		block->addr[i] = qemu_plugin_insn_vaddr(insn);
		if (block->addr[i] == mark)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, at_mark,
					QEMU_PLUGIN_CB_NO_REGS, NULL);
	}
	block->next = blocks;
	blocks = block;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, at_block, QEMU_PLUGIN_CB_NO_REGS,
					     block);
}

/* QEMU's list of what it is, which comes second, is not looked at. */
PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info,
				      int argc, char **argv)
{
	char *end = "";
	int i;

	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "mark=", 5))
			mark = strtoull(argv[i] + 5, &end, 16);
		else if (!strncmp(argv[i], "out=", 4))
			out = strdup(argv[i] + 4);
		else
			mark = 0, end = argv[i];
		if (*end)
			break;
	}
	if (!mark || !out || *end) {
		fprintf(stderr, "profile: not mark=ADDRESS,out=FILE\n");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, at_translation);
	return 0;
}
