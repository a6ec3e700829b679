/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Batches of folios have a header of their own in later kernels.
 */
#include <linux/pagevec.h>
