/* SPDX-License-Identifier: MIT
 *
 * Rows for a disk to be salvaged, salvaging it, and counting what was told. */
#ifndef TESTS_SUPPORT_SALVAGE_DRIVER_H
#define TESTS_SUPPORT_SALVAGE_DRIVER_H

#include "storage/salvage/salvage.h"
#include "tests/support/engine_driver.h"

/* The rows that are saved: values of 20 to 550 bytes, told apart by version. */
void salvage_key(int number, char key[16]);
void salvage_value(int number, int version, char value[600]);

struct salvage_told {
	uint64_t faults;
	uint64_t notes;
	char what[256]; /* file and words of the last fault */
	/* Of the largest table. */
	uint64_t rows;
	uint32_t table;
};

/* Must succeed, and leave the damaged disk alone. */
struct salvage_report driver_salvage(struct fault_disk *damaged,
				     struct fault_disk *fresh,
				     struct salvage_told *told);

#endif
