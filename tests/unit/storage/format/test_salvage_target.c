/* SPDX-License-Identifier: MIT
 *
 * What a salvage makes is a database when it is done, and nothing before. */
#include "storage/format/salvage_target.h"
#include "tests/support/salvage_driver.h"
#include "tests/support/unit.h"

#include <errno.h>
#include <string.h>

enum { ROWS = 40 };

static const struct engine_options small = {
	.segment_size = 4096,
	.file_segments = 16,
};

static struct fault_disk *
make(uint32_t *table)
{
	struct fault_disk *disk = fault_disk_create(3);
	struct engine *engine = driver_open(fault_disk_open(disk), &small);

	*table = driver_create_table(engine);
	for (int i = 0; i < ROWS; i++) {
		char key[16], value[600];

		salvage_key(i, key);
		salvage_value(i, 0, value);
		driver_put(engine, *table, key, value);
	}
	driver_close(engine);
	return disk;
}

static int
mark(struct fault_disk *disk, struct error *error)
{
	struct io *io = fault_disk_open(disk);
	int status = salvage_target_begin(io, error);

	io->methods->destroy(io);
	return status;
}

static int
unmark(struct fault_disk *disk, struct error *error)
{
	struct io *io = fault_disk_open(disk);
	int status = salvage_target_end(io, error);

	io->methods->destroy(io);
	return status;
}

static void
check_refused(struct fault_disk *disk)
{
	const struct engine_options *all[] = {
		&small,
		&(struct engine_options){ .is_read_only = true },
		&(struct engine_options){ .must_exist = true },
	};
	uint64_t before = fault_disk_checksum(disk);

	for (size_t i = 0; i < ARRAY_COUNT(all); i++) {
		struct error error =
			driver_open_error(fault_disk_open(disk), all[i]);

		assert_int_equal(error.code, ERROR_CONFIG);
		assert_non_null(strstr(error.message,
				       "holds a salvage that was "
				       "interrupted"));
		assert_non_null(strstr(error.hint, "remove "));
	}
	assert_true(fault_disk_checksum(disk) == before);
}

TEST(an_unfinished_salvage_is_no_database)
{
	uint32_t table;
	struct fault_disk *damaged = make(&table);
	struct fault_disk *fresh = fault_disk_create(4);
	struct fault_disk *third = fault_disk_create(5);
	struct salvage_report report = { 0 };
	struct error error = ERROR_INIT;
	struct salvage_told told;
	struct engine *engine;

	assert_int_equal(mark(fresh, &error), 0);
	check_refused(fresh);
	driver_salvage(damaged, fresh, &told);
	check_refused(fresh);
	/* Nobody takes it for all there was either. */
	assert_int_equal(salvage_run(fault_disk_open(fresh),
				     fault_disk_open(third), &report, &error),
			 -(int)ERROR_CONFIG);
	assert_int_equal(fault_disk_count(third), 0);
	assert_int_equal(unmark(fresh, &error), 0);
	engine = driver_open(fault_disk_open(fresh), &small);
	assert_int_equal(driver_count(engine, table), ROWS);
	driver_close(engine);
	fault_disk_destroy(damaged);
	fault_disk_destroy(fresh);
	fault_disk_destroy(third);
}

TEST(the_mark_outlives_what_may_come_back)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct error error = ERROR_INIT;

	assert_int_equal(mark(disk, &error), 0);
	disk->fail_kinds = 1u << IO_SYNC;
	disk->fail_errno = EIO;
	disk->fails_once = true;
	assert_int_equal(unmark(disk, &error), -(int)ERROR_IO);
	disk->fail_errno = 0;
	check_refused(disk);
	assert_int_equal(unmark(disk, &error), 0);
	assert_int_equal(fault_disk_count(disk), 0);
	fault_disk_destroy(disk);
}

/* Where files can't be opened, nobody can tell that the mark isn't there. */
TEST(a_database_that_cannot_be_looked_into_is_not_called_unfinished)
{
	uint32_t table;
	struct fault_disk *disk = make(&table);
	struct error error;

	disk->is_dead = true;
	error = driver_open_error(fault_disk_open(disk), &small);
	assert_int_equal(error.code, ERROR_IO);
	assert_non_null(strstr(error.message, "cannot open "));
	assert_string_equal(error.hint, "");
	fault_disk_destroy(disk);
}

TEST(of_two_salvages_one_gets_the_directory)
{
	struct fault_disk *fresh = fault_disk_create(4);
	struct error error = ERROR_INIT;
	uint64_t before;

	assert_int_equal(mark(fresh, &error), 0);
	before = fault_disk_checksum(fresh);
	assert_int_equal(mark(fresh, &error), -(int)ERROR_CONFIG);
	assert_non_null(strstr(error.message, "is still at work"));
	assert_true(fault_disk_checksum(fresh) == before);
	assert_int_equal(unmark(fresh, &error), 0);
	assert_int_equal(fault_disk_count(fresh), 0);
	fault_disk_add(fresh, "mine", "x", 1);
	before = fault_disk_checksum(fresh);
	assert_int_equal(mark(fresh, &error), -(int)ERROR_CONFIG);
	assert_non_null(strstr(error.message, "found 'mine'"));
	assert_true(fault_disk_checksum(fresh) == before);
	fault_disk_destroy(fresh);
}

/* All of a salvage as the planner does it; 0 or a negative error. */
static int
salvage_whole(struct fault_disk *damaged, struct fault_disk *fresh)
{
	struct salvage_report report = { 0 };
	struct error error = ERROR_INIT;
	int status = mark(fresh, &error);

	if (status == 0)
		status = salvage_run(fault_disk_open(damaged),
				     fault_disk_open(fresh), &report, &error);
	return status == 0 ? unmark(fresh, &error) : status;
}

/* Whether it opens; then all must be in it. */
static bool
is_whole(struct fault_disk *disk, uint32_t table)
{
	struct error error = ERROR_INIT;
	struct engine *engine = NULL;

	if (engine_open(fault_disk_open(disk),
			&(struct engine_options){ .must_exist = true }, &engine,
			&error) < 0)
		return false;
	assert_int_equal(driver_count(engine, table), ROWS);
	driver_close(engine);
	return true;
}

TEST(what_a_kill_or_a_power_failure_leaves_is_whole_or_does_not_open)
{
	uint32_t table;
	struct fault_disk *damaged = make(&table);
	int status = -1;
	int opened = 0;

	for (uint64_t i = 0; status < 0; i++) {
		struct fault_disk *fresh = fault_disk_create(i);

		assert_true(i < 10000);
		fresh->fail_kinds = UINT32_MAX;
		fresh->fail_errno = EIO;
		fresh->fail_after = i;
		status = salvage_whole(damaged, fresh);
		fresh->fail_errno = 0;
		for (uint64_t seed = 0; seed < 10; seed++) {
			struct fault_disk *left =
				seed == 0 ? fault_disk_copy(fresh) :
					    fault_disk_crash(fresh, seed);
			bool opens = is_whole(left, table);

			assert_true(opens || status < 0);
			opened += opens && status < 0;
			fault_disk_destroy(left);
		}
		fault_disk_destroy(fresh);
	}
	/* The last sync fails, and it is whole all the same. */
	assert_in_range(opened, 1, 30);
	fault_disk_destroy(damaged);
}

UNIT_MAIN()
