/* SPDX-License-Identifier: MIT
 *
 * Rows in the order of their places on the disk: a sort that is linear, since
 * a scan sorts a hundred thousand rows at a time. */
#ifndef STORAGE_READING_SCAN_ORDER_H
#define STORAGE_READING_SCAN_ORDER_H

#include <stddef.h>
#include <stdint.h>

struct scan_place {
	uint64_t place; /* what is sorted by */
	uint32_t row;
};

/* Sorts; rows of one place keep their order.  ${scratch} is as large.  Likely
 * those that differ in the lowest ${run_bits} bits only are in order already:
 * separated segments are sorted by token, as the rows are. */
void scan_order_sort(struct scan_place *places, struct scan_place *scratch,
		     size_t count, unsigned run_bits);

#endif
