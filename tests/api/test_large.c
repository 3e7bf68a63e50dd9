/* SPDX-License-Identifier: MIT
 *
 * Rows of up to 16 MiB, key and stored columns together, whichever way they
 * come and go. */
#include "tests/support/unit.h"

#include "tests/api/api_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ROW_MAX = 16 << 20,
	/* Beside the blob: the key's int; version, flags, and the column's id
	 * and size. */
	OVERHEAD = 4 + 2 + 1 + 4,
	BLOB_MAX = ROW_MAX - OVERHEAD
};

static struct api api;
static uint8_t *bytes;

static void
open_table(const char *path)
{
	if (bytes == NULL) {
		bytes = malloc(ROW_MAX + 1);
		assert_non_null(bytes);
		for (size_t i = 0; i <= ROW_MAX; i++)
			bytes[i] = (uint8_t)(i * 2654435761u >> 13);
	}
	api_open_path(&api, path, NULL);
	api_must(&api, "CREATE KEYSPACE IF NOT EXISTS ks; USE ks;"
		       "CREATE TABLE IF NOT EXISTS t (k int PRIMARY KEY,"
		       " v blob)");
}

static void
finish(char *path)
{
	free(bytes);
	bytes = NULL;
	api_close(&api);
	api_remove_directory(path);
}

static int
insert(int key, size_t size)
{
	logstor_statement *statement =
		api_prepare(&api, "INSERT INTO t (k, v) VALUES (?, ?)");
	int result;

	assert_int_equal(logstor_bind_int64(statement, 0, key), LOGSTOR_OK);
	assert_int_equal(logstor_bind_blob(statement, 1, bytes, size),
			 LOGSTOR_OK);
	result = logstor_step(statement);
	logstor_finalize(statement);
	return result;
}

static void
must_insert(int key, size_t size)
{
	if (insert(key, size) != LOGSTOR_DONE)
		fail_msg("%zu bytes: %s", size,
			 logstor_error_message(api.session));
}

static void
check_row(logstor_statement *statement, uint32_t column, size_t size)
{
	size_t there;
	const void *value = logstor_column_raw(statement, column, &there);

	assert_int_equal(there, size);
	assert_memory_equal(value, bytes, size);
}

static void
check(int key, size_t size)
{
	logstor_statement *statement =
		api_prepare(&api, "SELECT v FROM t WHERE k = ?");

	assert_int_equal(logstor_bind_int64(statement, 0, key), LOGSTOR_OK);
	if (logstor_step(statement) != LOGSTOR_ROW)
		fail_msg("%s", logstor_error_message(api.session));
	check_row(statement, 0, size);
	assert_int_equal(logstor_step(statement), LOGSTOR_DONE);
	logstor_finalize(statement);
}

TEST(a_row_may_have_16_mib_and_no_more)
{
	char *path = api_make_directory();

	open_table(path);
	must_insert(1, BLOB_MAX - 1);
	must_insert(2, BLOB_MAX);
	assert_int_equal(insert(3, BLOB_MAX + 1), LOGSTOR_ERROR);
	assert_int_equal(logstor_error_code(api.session),
			 LOGSTOR_ERROR_INVALID);
	assert_non_null(strstr(logstor_error_message(api.session),
			       "16777216"));
	assert_non_null(strstr(logstor_error_message(api.session),
			       "16777217"));
	check(1, BLOB_MAX - 1);
	check(2, BLOB_MAX);
	assert_string_equal(api_query(&api, "SELECT k FROM t WHERE k = 3"),
			    "");
	/* What was refused didn't harm the row that is there. */
	assert_int_equal(insert(2, ROW_MAX), LOGSTOR_ERROR);
	check(2, BLOB_MAX);
	api_close(&api);
	open_table(path);
	check(1, BLOB_MAX - 1);
	check(2, BLOB_MAX);
	finish(path);
}

/* Where a record stops to fit a segment, and then each further one. */
TEST(sizes_around_segments_are_no_different)
{
	enum { SEGMENT = 128 << 10 };
	char *path = api_make_directory();
	int key = 0;

	open_table(path);
	for (int segments = 1; segments <= 3; segments++)
		for (int delta = -300; delta <= 60; delta += 15)
			must_insert(key++,
				    (size_t)(segments * SEGMENT + delta));
	for (int round = 0; round < 2; round++) {
		int next = 0;

		for (int segments = 1; segments <= 3; segments++)
			for (int delta = -300; delta <= 60; delta += 15)
				check(next++, (size_t)(segments * SEGMENT +
						       delta));
		assert_int_equal(next, key);
		api_close(&api);
		open_table(path);
	}
	finish(path);
}

/* As text it is twice as long: the limit on statements leaves room. */
TEST(a_literal_may_be_as_large)
{
	static const char digits[] = "0123456789abcdef";
	static const char head[] = "INSERT INTO t (k, v) VALUES (1, 0x";
	char *path = api_make_directory();
	size_t size = sizeof(head) - 1 + 2 * (size_t)BLOB_MAX + 1;
	char *text = malloc(size);
	logstor_statement *statement;
	size_t there;
	const char *shown;

	assert_non_null(text);
	open_table(path);
	memcpy(text, head, sizeof(head) - 1);
	for (size_t i = 0; i < BLOB_MAX; i++) {
		text[sizeof(head) - 1 + 2 * i] = digits[bytes[i] >> 4];
		text[sizeof(head) + 2 * i] = digits[bytes[i] & 15];
	}
	text[size - 1] = ')';
	if (logstor_prepare(api.session, text, (ptrdiff_t)size, &statement,
			    NULL) != LOGSTOR_OK ||
	    logstor_step(statement) != LOGSTOR_DONE)
		fail_msg("%s", logstor_error_message(api.session));
	logstor_finalize(statement);
	check(1, BLOB_MAX);
	statement = api_prepare(&api, "SELECT v FROM t");
	assert_int_equal(logstor_step(statement), LOGSTOR_ROW);
	shown = logstor_column_text(statement, 0, LOGSTOR_LITERAL, &there);
	assert_int_equal(there, 2 * (size_t)BLOB_MAX + 2);
	assert_memory_equal(shown, text + sizeof(head) - 3, there);
	logstor_finalize(statement);
	free(text);
	finish(path);
}

TEST(large_rows_are_read_many_at_a_time_and_scanned)
{
	char *path = api_make_directory();
	logstor_statement *statement;
	int rows = 0;

	open_table(path);
	for (int key = 0; key < 12; key++)
		must_insert(key, (4 << 20) + (size_t)key);
	must_insert(5, 10); /* a small one in its place */
	statement = api_prepare(&api, "SELECT k, v FROM t WHERE k IN (0, 1, 2,"
				      " 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)");
	for (; logstor_step(statement) == LOGSTOR_ROW; rows++) {
		int64_t key = logstor_column_int64(statement, 0);

		assert_int_equal(key, rows);
		check_row(statement, 1,
			  key == 5 ? 10 : (4 << 20) + (size_t)key);
	}
	assert_int_equal(rows, 12);
	logstor_finalize(statement);
	statement = api_prepare(&api, "SELECT k, v FROM t");
	for (rows = 0; logstor_step(statement) == LOGSTOR_ROW; rows++) {
		int64_t key = logstor_column_int64(statement, 0);

		check_row(statement, 1,
			  key == 5 ? 10 : (4 << 20) + (size_t)key);
	}
	assert_int_equal(rows, 12);
	logstor_finalize(statement);
	finish(path);
}

/* Their space comes back: many times as much is written as there is room. */
TEST(large_rows_make_room_for_others)
{
	struct logstor_options options = {
		.size = sizeof(options),
		.size_max = 128 << 20,
	};
	char *path = api_make_directory();

	open_table(path);
	api_close(&api);
	api_open_path(&api, path, &options);
	api_must(&api, "USE ks");
	for (int i = 0; i < 40; i++)
		must_insert(i % 2, 12 << 20);
	check(0, 12 << 20);
	check(1, 12 << 20);
	api_must(&api, "DELETE FROM t WHERE k = 0");
	assert_string_equal(api_query(&api, "SELECT k FROM t"), "1");
	finish(path);
}

UNIT_MAIN()
