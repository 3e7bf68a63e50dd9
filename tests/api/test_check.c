/* SPDX-License-Identifier: MIT
 *
 * CHECK as a statement: what it finds, how far it is, how it ends early. */
#include "tests/support/unit.h"

#include "tests/api/api_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct api api;

TEST(check_of_a_sound_database_has_no_rows)
{
	char *path = api_make_directory();
	logstor_statement *check;

	api_open_table(&api, path, &api_small);
	assert_string_equal(api_query(&api, "CHECK"), "");
	api_fill(&api, 100, 3);
	check = api_prepare(&api, "CHECK");
	assert_int_equal(logstor_statement_kind(check),
			 LOGSTOR_STATEMENT_CHECK);
	assert_int_equal(logstor_column_count(check), 3);
	assert_string_equal(logstor_column_name(check, 0), "file");
	assert_string_equal(logstor_column_name(check, 1), "offset");
	assert_string_equal(logstor_column_name(check, 2), "fault");
	assert_int_equal(logstor_step(check), LOGSTOR_DONE);
	logstor_finalize(check);
	api_close(&api);
	api_open_table(&api, path, &api_small);
	assert_string_equal(api_query(&api, "CHECK"), "");
	api_close(&api);
	api_remove_directory(path);
}

TEST(a_database_in_memory_has_no_checkpoint_to_miss)
{
	struct logstor_options options = api_small;
	struct logstor_statistics stats = { .size = sizeof(stats) };

	options.checkpoint_size = 64 << 10;
	api_open_table(&api, NULL, &options);
	api_fill(&api, 300, 30);
	assert_int_equal(logstor_stats(api.database, &stats), LOGSTOR_OK);
	assert_true(stats.checkpoints > 0);
	assert_string_equal(api_query(&api, "CHECK"), "");
	api_close(&api);
}

struct watch {
	uint64_t calls;
	uint64_t done, total;
	bool stops;
};

static bool
watch(void *context, uint64_t rows_done)
{
	struct watch *seen = context;

	(void)rows_done;
	seen->calls++;
	logstor_progress_bytes(api.database, &seen->done, &seen->total);
	return seen->stops;
}

TEST(progress_of_long_work_is_told_in_bytes)
{
	struct watch seen = { 0 };
	char *path = api_make_directory();

	api_open_table(&api, path, &api_small);
	api_fill(&api, 2000, 1);
	logstor_set_progress(api.database, watch, &seen);
	assert_string_equal(api_query(&api, "CHECK"), "");
	assert_true(seen.calls > 0);
	assert_true(seen.total > 0);
	assert_true(seen.done <= seen.total);
	/* Other statements have none. */
	seen = (struct watch){ 0 };
	for (int i = 0; i < 300; i++)
		assert_string_equal(api_query(&api,
					      "SELECT k FROM t WHERE k = 1"),
				    "1");
	assert_int_equal(seen.total, 0);
	seen = (struct watch){ .stops = true };
	assert_string_equal(api_query(&api, "CHECK"),
			    "ServerError: the statement was interrupted");
	assert_int_equal(seen.calls, 1);
	/* Nothing is left behind. */
	logstor_set_progress(api.database, NULL, NULL);
	assert_string_equal(api_query(&api, "CHECK"), "");
	api_close(&api);
	api_remove_directory(path);
}

TEST(check_does_not_wait_where_nothing_may)
{
	char *path = api_make_directory();
	logstor_statement *check;
	int result;

	api_open_table(&api, path, &api_small);
	api_fill(&api, 500, 2);
	logstor_set_blocking(api.database, false);
	check = api_prepare(&api, "CHECK");
	while ((result = logstor_step(check)) != LOGSTOR_DONE) {
		assert_int_equal(result, LOGSTOR_PENDING);
		assert_int_equal(logstor_poll(api.database, 1000),
				 LOGSTOR_OK);
	}
	/* Interrupted in the middle, and given up there. */
	if (logstor_step(check) == LOGSTOR_PENDING) {
		logstor_interrupt(api.database);
		assert_int_equal(logstor_step(check), LOGSTOR_ERROR);
	}
	assert_true(logstor_step(check) >= 0);
	logstor_finalize(check);
	logstor_set_blocking(api.database, true);
	assert_string_equal(api_query(&api, "SELECT count(*) FROM t"), "500");
	api_close(&api);
	api_remove_directory(path);
}

/* Flips a bit of the record that holds ${text}, and tells where. */
static uint64_t
damage(const char *path, const char *text)
{
	char name[512];
	char *bytes = malloc(1 << 20);
	char *found;
	ssize_t size;
	uint64_t offset;
	int fd;

	assert_non_null(bytes);
	snprintf(name, sizeof(name), "%s/00-000000.segments", path);
	fd = open(name, O_RDWR);
	assert_true(fd >= 0);
	size = pread(fd, bytes, 1 << 20, 0);
	assert_true(size > 0);
	found = memmem(bytes, (size_t)size, text, strlen(text));
	assert_non_null(found);
	offset = (uint64_t)(found - bytes);
	*found ^= 1;
	assert_int_equal(pwrite(fd, found, 1, (off_t)offset), 1);
	close(fd);
	free(bytes);
	return offset;
}

TEST(check_names_the_file_and_the_place_of_a_fault)
{
	char *path = api_make_directory();
	logstor_statement *check;
	uint64_t offset;
	int faults = 0;

	api_open_table(&api, path, &api_small);
	api_must(&api, "INSERT INTO t (k, v) VALUES (1000, 'to be damaged')");
	api_fill(&api, 100, 1);
	offset = damage(path, "to be damaged");
	check = api_prepare(&api, "CHECK");
	while (logstor_step(check) == LOGSTOR_ROW) {
		uint64_t there = (uint64_t)logstor_column_int64(check, 1);

		assert_string_equal(logstor_column_text(check, 0,
							LOGSTOR_TEXT, NULL),
				    "00-000000.segments");
		/* Where its record or its buffer begins. */
		assert_true(there <= offset);
		assert_true(offset - there < api_small.segment_size);
		assert_string_not_equal(
			logstor_column_text(check, 2, LOGSTOR_TEXT, NULL), "");
		faults++;
	}
	assert_int_equal(logstor_error_code(api.session),
			 LOGSTOR_ERROR_NONE);
	/* Not the next buffer as well, for its sequence. */
	assert_int_equal(faults, 1);
	logstor_finalize(check);
	/* The other rows are there. */
	assert_string_equal(api_query(&api, "SELECT k FROM t WHERE k = 5"),
			    "5");
	api_close(&api);
	api_remove_directory(path);
}

TEST(readers_may_check)
{
	struct logstor_options options = api_small;
	char *path = api_make_directory();

	api_open_table(&api, path, &api_small);
	api_fill(&api, 20, 2);
	api_close(&api);
	options.read_only = true;
	api_open_path(&api, path, &options);
	assert_string_equal(api_query(&api, "CHECK"), "");
	api_close(&api);
	api_remove_directory(path);
}

/* Faults of files that don't belong to the database. */
static void
put_strangers(const char *path, int count)
{
	for (int i = 0; i < count; i++) {
		char name[512];
		int fd;

		snprintf(name, sizeof(name), "%s/00-%06d.segments", path,
			 7000 + i);
		fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
		assert_true(fd >= 0);
		close(fd);
	}
}

/* Pages of three, each with the state of the one before. */
static int
read_pages(const char *cql, char *all, size_t size)
{
	logstor_statement *statement = api_prepare(&api, cql);
	int pages = 0;

	all[0] = '\0';
	assert_int_equal(logstor_set_page(statement, 3, NULL, 0), LOGSTOR_OK);
	for (;;) {
		const char *page = api_run(&api, statement);
		const void *state;
		size_t state_size;

		pages++;
		if (pages > 1)
			strncat(all, ";", size - strlen(all) - 1);
		strncat(all, page, size - strlen(all) - 1);
		state = logstor_paging_state(statement, &state_size);
		if (state == NULL)
			break;
		assert_true(page[0] != '\0');
		assert_int_equal(logstor_set_page(statement, 3, state,
						  state_size), LOGSTOR_OK);
	}
	logstor_finalize(statement);
	return pages;
}

TEST(faults_come_in_pages)
{
	static char whole[API_RESULT_SIZE], paged[API_RESULT_SIZE];
	char *path = api_make_directory();
	logstor_statement *check;

	api_open_table(&api, path, &api_small);
	assert_int_equal(read_pages("CHECK", paged, sizeof(paged)), 1);
	assert_string_equal(paged, "");
	put_strangers(path, 7);
	snprintf(whole, sizeof(whole), "%s", api_query(&api, "CHECK"));
	assert_int_equal(read_pages("CHECK", paged, sizeof(paged)), 3);
	assert_string_equal(paged, whole);
	/* So do other rows without keys. */
	snprintf(whole, sizeof(whole), "%s",
		 api_query(&api, "EXPLAIN SELECT k FROM t LIMIT 5"));
	read_pages("EXPLAIN SELECT k FROM t LIMIT 5", paged, sizeof(paged));
	assert_string_equal(paged, whole);
	assert_int_equal(read_pages("SHOW STORAGE", paged, sizeof(paged)), 1);
	/* Another statement's state isn't this one's. */
	check = api_prepare(&api, "CHECK");
	assert_int_equal(logstor_set_page(check, 1, "no state", 8),
			 LOGSTOR_OK);
	assert_int_equal(logstor_step(check), LOGSTOR_ERROR);
	logstor_finalize(check);
	api_close(&api);
	api_remove_directory(path);
}

static void
flip(const char *path, const char *name, long offset)
{
	char whole[512];
	unsigned char byte;
	int fd;

	snprintf(whole, sizeof(whole), "%s/%s", path, name);
	fd = open(whole, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, offset), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
	close(fd);
}

/* The file of the newest checkpoint, as the manifest names it. */
static void
newest_checkpoint(const char *path, char name[32])
{
	unsigned char number[8];
	char manifest[512];
	int fd;

	snprintf(manifest, sizeof(manifest), "%s/manifest", path);
	fd = open(manifest, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, number, 8, 152), 8);
	close(fd);
	assert_true(number[0] > 1);
	snprintf(name, 32, "00-%u.checkpoint", number[0] % 3);
}

TEST(a_damaged_checkpoint_is_told_by_readers_and_once_by_writers)
{
	struct logstor_options options = api_small;
	struct logstor_statistics stats = { .size = sizeof(stats) };
	char *path = api_make_directory();
	char name[32];

	options.checkpoint_size = 64 << 10;
	api_open_table(&api, path, &options);
	do { /* how soon there are two depends on the disk */
		api_fill(&api, 400, 5);
		assert_int_equal(logstor_stats(api.database, &stats),
				 LOGSTOR_OK);
	} while (stats.checkpoints < 2);
	assert_null(logstor_open_warning(api.database));
	api_close(&api);
	newest_checkpoint(path, name);
	flip(path, name, 100);
	options.read_only = true;
	for (int i = 0; i < 2; i++) {
		api_open_path(&api, path, &options);
		assert_non_null(logstor_open_warning(api.database));
		assert_non_null(strstr(logstor_open_warning(api.database),
				       name));
		assert_non_null(strstr(api_query(&api, "CHECK"), name));
		api_close(&api);
	}
	options.read_only = false;
	api_open_path(&api, path, &options);
	assert_non_null(strstr(logstor_open_warning(api.database),
			       "nothing is lost"));
	assert_string_equal(api_query(&api, "SELECT count(*) FROM ks.t"),
			    "400");
	api_close(&api);
	api_open_path(&api, path, &options);
	assert_null(logstor_open_warning(api.database));
	assert_string_equal(api_query(&api, "CHECK"), "");
	api_close(&api);
	api_remove_directory(path);
}

UNIT_MAIN()
