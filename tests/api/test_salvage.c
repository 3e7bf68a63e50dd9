/* SPDX-License-Identifier: MIT
 *
 * Salvage: what is left of a damaged database, in a new one, and what is told
 * about the rest. */
#include "tests/support/unit.h"

#include "tests/api/api_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROWS = 300, FILE_MAX = 4 << 20 };

static struct api api;

static const struct logstor_options small = {
	.size = sizeof(small),
	.segment_size = 8192,
	.file_segments = 64,
};

/* What was told. */
struct told {
	char tables[1024]; /* "ks.t=300 " */
	char faults[4096];
	char notes[512];
	int fault_count;
	bool stops;
};

static void
on_fault(void *context, const char *file, uint64_t offset, const char *fault)
{
	struct told *told = context;
	size_t size = strlen(told->faults);

	(void)offset;
	snprintf(told->faults + size, sizeof(told->faults) - size, "%s: %s\n",
		 file == NULL ? "schema" : file, fault);
	told->fault_count++;
}

static void
on_note(void *context, const char *file, uint64_t offset, const char *note)
{
	struct told *told = context;
	size_t size = strlen(told->notes);

	(void)offset;
	snprintf(told->notes + size, sizeof(told->notes) - size, "%s: %s\n",
		 file, note);
}

static void
on_table(void *context, const char *keyspace, const char *table,
	 uint64_t rows)
{
	struct told *told = context;
	size_t size = strlen(told->tables);

	snprintf(told->tables + size, sizeof(told->tables) - size,
		 "%s.%s=%llu ", keyspace, table, (unsigned long long)rows);
}

static bool
on_progress(void *context, uint64_t done, uint64_t total)
{
	const struct told *told = context;

	assert_true(done <= total);
	return told->stops;
}

static struct logstor_salvage
listen(struct told *told)
{
	memset(told, 0, sizeof(*told));
	return (struct logstor_salvage){
		.size = sizeof(struct logstor_salvage),
		.context = told,
		.on_fault = on_fault,
		.on_note = on_note,
		.on_table = on_table,
		.on_progress = on_progress,
	};
}

/* A closed database: t with ROWS rows but those deleted, u with one, and none
 * of what was dropped. */
static void
make(const char *path)
{
	char cql[128];

	api_open_path(&api, path, &small);
	api_must(&api, "CREATE KEYSPACE ks; USE ks;"
		       "CREATE TABLE t (k int PRIMARY KEY, v text);"
		       "CREATE TABLE u (k text PRIMARY KEY, v int);"
		       "CREATE TABLE gone (k int PRIMARY KEY);"
		       "INSERT INTO gone (k) VALUES (1)");
	logstor_set_deferred_commit(api.database, true);
	for (int i = 0; i < ROWS; i++) {
		snprintf(cql, sizeof(cql),
			 "INSERT INTO t (k, v) VALUES (%d, 'old %d')", i, i);
		assert_string_equal(api_query(&api, cql), "");
		snprintf(cql, sizeof(cql),
			 "INSERT INTO t (k, v) VALUES (%d, 'value %d.')", i,
			 i);
		assert_string_equal(api_query(&api, cql), "");
	}
	assert_int_equal(logstor_commit(api.database), LOGSTOR_OK);
	logstor_set_deferred_commit(api.database, false);
	api_must(&api, "DELETE FROM t WHERE k IN (0, 1, 2, 3, 4, 5, 6, 7, 8,"
		       " 9);"
		       "INSERT INTO u (k, v) VALUES ('a', 1)"
		       " USING TIMESTAMP 12345 AND TTL 100000;"
		       "DROP TABLE gone");
	api_close(&api);
}

/* A file of the database. */
static char *
read_file(const char *path, const char *name, size_t *size)
{
	char whole[512];
	char *bytes = malloc(FILE_MAX);
	ssize_t there;
	int fd;

	assert_non_null(bytes);
	snprintf(whole, sizeof(whole), "%s/%s", path, name);
	fd = open(whole, O_RDONLY);
	assert_true(fd >= 0);
	there = read(fd, bytes, FILE_MAX);
	assert_true(there > 0);
	close(fd);
	*size = (size_t)there;
	return bytes;
}

/* Flips a bit in every copy of ${text} in the first file. */
static void
damage(const char *path, const char *text, size_t text_size)
{
	char name[512];
	size_t size;
	char *bytes = read_file(path, "00-000000.segments", &size);
	char *at = bytes;
	int count = 0;
	int fd;

	snprintf(name, sizeof(name), "%s/00-000000.segments", path);
	fd = open(name, O_WRONLY);
	assert_true(fd >= 0);
	while ((at = memmem(at, size - (size_t)(at - bytes), text,
			    text_size)) != NULL) {
		*at ^= 1;
		assert_int_equal(pwrite(fd, at, 1, at - bytes), 1);
		count++;
	}
	assert_true(count > 0);
	close(fd);
	free(bytes);
}

static void
salvage(const char *from, const char *to, struct logstor_salvage *salvage)
{
	char message[512];

	if (logstor_salvage(from, to, salvage, message, sizeof(message)) !=
	    LOGSTOR_OK)
		fail_msg("%s", message);
}

TEST(all_of_a_sound_database_is_saved)
{
	char *from = api_make_directory();
	char *to = api_make_directory();
	struct told told;
	struct logstor_salvage result = listen(&told);

	make(from);
	assert_int_equal(rmdir(to), 0); /* it may be missing */
	salvage(from, to, &result);
	assert_string_equal(told.faults, "");
	assert_string_equal(told.tables, "ks.t=290 ks.u=1 ");
	assert_int_equal(result.tables, 2);
	assert_int_equal(result.rows, ROWS - 10 + 1);
	assert_int_equal(result.faults, 0);
	assert_false(result.deleted_may_return);
	api_open_path(&api, to, NULL);
	assert_string_equal(api_query(&api, "CHECK"), "");
	assert_string_equal(api_query(&api, "SELECT count(*) FROM ks.t"),
			    "290");
	assert_string_equal(api_query(&api, "SELECT v FROM ks.t WHERE k IN "
					    "(9, 10, 299)"),
			    "'value 10.';'value 299.'");
	assert_string_equal(api_query(&api, "SELECT k, v, writetime(v) FROM "
					    "ks.u"), "'a'|1|12345");
	assert_non_null(strstr(api_query(&api, "SELECT k FROM ks.gone"),
			       "unconfigured table gone"));
	/* It goes on like any other. */
	api_must(&api, "INSERT INTO ks.t (k, v) VALUES (9, 'new');"
		       "CREATE TABLE ks.w (k int PRIMARY KEY);"
		       "INSERT INTO ks.w (k) VALUES (1)");
	api_close(&api);
	api_open_path(&api, to, NULL);
	assert_string_equal(api_query(&api, "SELECT v FROM ks.t WHERE k = 9"),
			    "'new'");
	assert_string_equal(api_query(&api, "SELECT k FROM ks.w"), "1");
	api_close(&api);
	api_remove_directory(from);
	api_remove_directory(to);
}

TEST(a_damaged_row_is_lost_and_no_other)
{
	char *from = api_make_directory();
	char *to = api_make_directory();
	struct told told;
	struct logstor_salvage result = listen(&told);
	char *before, *after;
	size_t before_size, after_size;

	make(from);
	damage(from, "value 77.", 9);
	before = read_file(from, "00-000000.segments", &before_size);
	salvage(from, to, &result);
	assert_true(result.faults > 0);
	assert_int_equal(result.faults, told.fault_count);
	assert_non_null(strstr(told.faults, "00-000000.segments"));
	/* What it was before: the newest intact version. */
	assert_string_equal(told.tables, "ks.t=290 ks.u=1 ");
	api_open_path(&api, to, NULL);
	assert_string_equal(api_query(&api, "SELECT v FROM ks.t WHERE k IN "
					    "(5, 76, 77, 78)"),
			    "'value 76.';'old 77';'value 78.'");
	api_close(&api);
	/* Nothing was written to the damaged one. */
	after = read_file(from, "00-000000.segments", &after_size);
	assert_int_equal(before_size, after_size);
	assert_memory_equal(before, after, before_size);
	free(before);
	free(after);
	api_remove_directory(from);
	api_remove_directory(to);
}

TEST(a_keyspace_that_is_lost_is_made_again)
{
	char *from = api_make_directory();
	char *to = api_make_directory();
	struct told told;
	struct logstor_salvage result = listen(&told);

	make(from);
	damage(from, "kks\0", 4);
	salvage(from, to, &result);
	assert_non_null(strstr(told.faults, "schema: the definition of "
					    "keyspace ks is lost"));
	assert_string_equal(told.tables, "ks.t=290 ks.u=1 ");
	assert_int_equal(result.rows, 291);
	for (int i = 0; i < 2; i++) {
		api_open_path(&api, to, NULL);
		assert_string_equal(api_query(&api,
					      "SELECT count(*) FROM ks.t"),
				    "290");
		assert_non_null(strstr(api_query(&api, "DESCRIBE KEYSPACE ks"),
				       "CREATE KEYSPACE ks"));
		assert_string_equal(api_query(&api, "CHECK"), "");
		api_close(&api);
	}
	api_remove_directory(from);
	api_remove_directory(to);
}

TEST(rows_whose_table_is_lost_are_told_of)
{
	char *from = api_make_directory();
	char *to = api_make_directory();
	struct told told;
	struct logstor_salvage result = listen(&told);

	make(from);
	damage(from, "tks\0t", 5);
	salvage(from, to, &result);
	assert_non_null(strstr(told.faults, "is lost, and its 290 rows with "
					    "it"));
	assert_string_equal(told.tables, "ks.u=1 ");
	assert_int_equal(result.rows, 1);
	assert_in_range(result.bytes, 1, 30);
	api_open_path(&api, to, NULL);
	assert_string_equal(api_query(&api, "SELECT k FROM ks.u"), "'a'");
	/* Its name is free, and its rows don't come back under it. */
	api_must(&api, "CREATE TABLE ks.t (k int PRIMARY KEY)");
	assert_string_equal(api_query(&api, "SELECT count(*) FROM ks.t"),
			    "0");
	api_close(&api);
	api_remove_directory(from);
	api_remove_directory(to);
}

TEST(what_cannot_be_salvaged_is_told_and_changes_nothing)
{
	char *from = api_make_directory();
	char *to = api_make_directory();
	struct told told;
	struct logstor_salvage result = listen(&told);
	char name[512], message[512];
	struct stat status;

	make(from);
	/* Where there is something, nothing is put beside it. */
	snprintf(name, sizeof(name), "%s/mine.txt", to);
	close(open(name, O_WRONLY | O_CREAT, 0600));
	assert_int_equal(logstor_salvage(from, to, &result, message,
					 sizeof(message)), LOGSTOR_ERROR);
	assert_non_null(strstr(message, "is not empty: found 'mine.txt'"));
	assert_int_equal(logstor_salvage(from, from, &result, message,
					 sizeof(message)), LOGSTOR_ERROR);
	assert_int_equal(unlink(name), 0);
	/* What is damaged stays as it is. */
	snprintf(name, sizeof(name), "%s/new", from);
	assert_int_equal(logstor_salvage(from, name, &result, message,
					 sizeof(message)), LOGSTOR_ERROR);
	assert_non_null(strstr(message, "is inside of"));
	assert_int_equal(stat(name, &status), -1);
	/* No database. */
	snprintf(name, sizeof(name), "%s/none", to);
	assert_int_equal(logstor_salvage(name, "/tmp/logstor-no-such", &result,
					 message, sizeof(message)),
			 LOGSTOR_ERROR);
	assert_int_equal(stat("/tmp/logstor-no-such", &status), -1);
	/* One that is open. */
	api_open_path(&api, from, NULL);
	assert_int_equal(logstor_salvage(from, to, &result, message,
					 sizeof(message)), LOGSTOR_ERROR);
	assert_non_null(strstr(message, "in use"));
	api_close(&api);
	api_remove_directory(to);
	/* Interrupted. */
	to = api_make_directory();
	told.stops = true;
	assert_int_equal(logstor_salvage(from, to, &result, message,
					 sizeof(message)), LOGSTOR_ERROR);
	assert_non_null(strstr(message, "interrupt"));
	api_remove_directory(from);
	assert_int_equal(rmdir(to), 0); /* it is empty again */
	free(to);
}

TEST(a_salvage_that_fails_leaves_no_directory_behind)
{
	char *from = api_make_directory();
	char *empty = api_make_directory();
	struct told told;
	struct logstor_salvage result = listen(&told);
	char to[512], message[512];
	struct stat status;

	make(from);
	snprintf(to, sizeof(to), "%s-new", from);
	assert_int_equal(logstor_salvage(empty, to, &result, message,
					 sizeof(message)), LOGSTOR_ERROR);
	assert_non_null(strstr(message, "holds nothing of a logstor"));
	assert_int_equal(stat(to, &status), -1);
	told.stops = true;
	assert_int_equal(logstor_salvage(from, to, &result, message,
					 sizeof(message)), LOGSTOR_ERROR);
	assert_int_equal(stat(to, &status), -1);
	api_remove_directory(from);
	api_remove_directory(empty);
}

TEST(what_holds_no_rows_is_noted_and_nothing_is_lost)
{
	char *from = api_make_directory();
	char *to = api_make_directory();
	struct told told;
	struct logstor_salvage result = listen(&told);
	char name[512];

	make(from);
	snprintf(name, sizeof(name), "%s/manifest", from);
	assert_int_equal(unlink(name), 0);
	salvage(from, to, &result);
	assert_int_equal(result.faults, 0);
	assert_int_equal(result.notes, 1);
	assert_string_equal(told.notes, "manifest: it is missing\n");
	assert_int_equal(result.rows, ROWS - 10 + 1);
	/* A key of 4 bytes, and a value of a few more. */
	assert_in_range(result.bytes, 10 * result.rows, 30 * result.rows);
	api_remove_directory(from);
	api_remove_directory(to);
}

UNIT_MAIN()
