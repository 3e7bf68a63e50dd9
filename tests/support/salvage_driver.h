/* SPDX-License-Identifier: MIT
 *
 * Salvages a disk, and counts what was told. */
#ifndef TESTS_SUPPORT_SALVAGE_DRIVER_H
#define TESTS_SUPPORT_SALVAGE_DRIVER_H

#include "storage/salvage.h"
#include "tests/support/engine_driver.h"

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
