/* SPDX-License-Identifier: MIT */
#include "tests/support/salvage_driver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

void
salvage_key(int number, char key[16])
{
	snprintf(key, 16, "key%d", number);
}

void
salvage_value(int number, int version, char value[600])
{
	int size = 20 + number * 7 % 500;

	memset(value, 'a' + version % 26, (size_t)size);
	snprintf(value + size, 32, "-%d", number);
}

static void
on_fault(void *context, const struct engine_fault *fault)
{
	struct salvage_told *told = context;

	assert_non_null(fault->file);
	assert_true(strlen(fault->what) > 0);
	snprintf(told->what, sizeof(told->what), "%s: %s", fault->file,
		 fault->what);
	told->faults++;
}

static void
on_note(void *context, const struct engine_fault *note)
{
	struct salvage_told *told = context;

	assert_non_null(note->file);
	assert_true(strlen(note->what) > 0);
	told->notes++;
}

static void
on_table(void *context, uint32_t table, uint64_t rows, uint64_t bytes)
{
	struct salvage_told *told = context;

	assert_true(bytes >= rows);
	if (rows > told->rows) {
		told->rows = rows;
		told->table = table;
	}
}

struct salvage_report
driver_salvage(struct fault_disk *damaged, struct fault_disk *fresh,
	       struct salvage_told *told)
{
	struct salvage_report report = { .on_fault = on_fault,
					 .on_note = on_note,
					 .on_table = on_table,
					 .context = told };
	struct error error = ERROR_INIT;
	uint64_t before = fault_disk_checksum(damaged);

	*told = (struct salvage_told){ 0 };
	if (salvage_run(fault_disk_open(damaged), fault_disk_open(fresh),
			&report, &error) < 0)
		fail_msg("%s", error.message);
	assert_int_equal(fault_disk_checksum(damaged), before);
	assert_int_equal(report.faults, told->faults);
	assert_int_equal(report.notes, told->notes);
	return report;
}
