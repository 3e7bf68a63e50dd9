/* SPDX-License-Identifier: MIT
 *
 * Pages: all rows once, no empty page in between, and states that were
 * tampered with. */
#include "tests/support/unit.h"

#include "tests/api/api_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 57 };

static struct api api;

static void
open_table(void)
{
	api_open(&api);
	api_must(&api, "CREATE TABLE t (k int PRIMARY KEY, v int)");
	for (int i = 0; i < ROWS; i++) {
		char cql[64];

		snprintf(cql, sizeof(cql),
			 "INSERT INTO t (k, v) VALUES (%d, %d)", i, i);
		api_must(&api, cql);
	}
}

/* Runs page after page, each with a statement of its own, and returns how
 * many there were. */
static unsigned
run_pages(const char *cql, uint32_t rows, char *all, size_t all_size)
{
	uint8_t state[256];
	size_t state_size = 0;
	unsigned pages = 0;

	all[0] = '\0';
	do {
		logstor_statement *statement = api_prepare(&api, cql);
		const void *next;
		const char *page;

		assert_int_equal(logstor_set_page(statement, rows,
						  pages == 0 ? NULL : state,
						  state_size),
				 LOGSTOR_OK);
		page = api_run(&api, statement);
		next = logstor_paging_state(statement, &state_size);
		if (next != NULL && page[0] == '\0')
			fail_msg("an empty page with more behind it");
		assert_true(state_size <= sizeof(state));
		if (next != NULL)
			memcpy(state, next, state_size);
		if (pages > 0 && page[0] != '\0')
			strncat(all, ";", all_size - strlen(all) - 1);
		strncat(all, page, all_size - strlen(all) - 1);
		logstor_finalize(statement);
		pages++;
	} while (state_size > 0);
	return pages;
}

TEST(pages_together_are_the_whole)
{
	static const char *const queries[] = {
		"SELECT k, v FROM t",
		"SELECT k FROM t LIMIT 20",
		"SELECT k FROM t LIMIT 21",
		"SELECT k FROM t WHERE token(k) > 0",
		"SELECT k FROM t WHERE k IN (5, 900, 1, 3, 7, 901, 2, 902)",
		"SELECT k FROM t WHERE k IN (5, 900, 1, 3) LIMIT 2",
		"SELECT k FROM t WHERE k = 1",
		"SELECT k FROM t WHERE k = 1000",
		"SELECT count(*) FROM t",
		"SELECT count(*), v FROM t",
	};
	static char paged[API_RESULT_SIZE];
	static char whole[API_RESULT_SIZE];

	open_table();
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		strcpy(whole, api_query(&api, queries[i]));
		for (uint32_t rows = 1; rows < ROWS + 3; rows++) {
			run_pages(queries[i], rows, paged, sizeof(paged));
			if (strcmp(paged, whole) != 0)
				fail_msg("%s by %u: %s", queries[i], rows,
					 paged);
		}
	}
	api_close(&api);
}

TEST(a_last_page_that_is_full_has_no_successor)
{
	static char all[API_RESULT_SIZE];

	open_table();
	assert_int_equal(run_pages("SELECT k FROM t", ROWS, all,
				   sizeof(all)), 1);
	assert_int_equal(run_pages("SELECT k FROM t", ROWS - 1, all,
				   sizeof(all)), 2);
	assert_int_equal(run_pages("SELECT k FROM t LIMIT 20", 10, all,
				   sizeof(all)), 2);
	assert_int_equal(run_pages("SELECT k FROM t WHERE k IN (1, 2, 900)",
				   2, all, sizeof(all)), 1);
	api_close(&api);
}

/* A state goes on behind its row, also when that row is gone. */
TEST(rows_may_come_and_go_between_pages)
{
	logstor_statement *statement;
	const void *page_state;
	size_t size;
	char last[32];
	char cql[64];
	int rows = 0;

	open_table();
	statement = api_prepare(&api, "SELECT k FROM t");
	assert_int_equal(logstor_set_page(statement, 10, NULL, 0),
			 LOGSTOR_OK);
	while (logstor_step(statement) == LOGSTOR_ROW)
		snprintf(last, sizeof(last), "%s",
			 logstor_column_text(statement, 0, LOGSTOR_TEXT,
					     NULL));
	page_state = logstor_paging_state(statement, &size);
	assert_non_null(page_state);
	snprintf(cql, sizeof(cql), "DELETE FROM t WHERE k = %s", last);
	api_must(&api, cql);
	assert_int_equal(logstor_set_page(statement, 1000, page_state, size),
			 LOGSTOR_OK);
	while (logstor_step(statement) == LOGSTOR_ROW)
		rows++;
	assert_int_equal(rows, ROWS - 10);
	assert_null(logstor_paging_state(statement, NULL));
	logstor_finalize(statement);
	api_close(&api);
}

static const char *
run_with_state(const char *cql, const void *state, size_t size)
{
	logstor_statement *statement = api_prepare(&api, cql);
	const char *result;

	assert_int_equal(logstor_set_page(statement, 10, state, size),
			 LOGSTOR_OK);
	result = api_run(&api, statement);
	logstor_finalize(statement);
	return result;
}

TEST(a_foreign_or_damaged_state_is_refused)
{
	static const char refused[] =
		"InvalidRequest: Invalid value for the paging state";
	static const char query[] = "SELECT k FROM t";
	logstor_statement *statement;
	uint8_t bytes[256];
	size_t size;

	open_table();
	statement = api_prepare(&api, query);
	logstor_set_page(statement, 10, NULL, 0);
	api_run(&api, statement);
	assert_non_null(logstor_paging_state(statement, &size));
	memcpy(bytes, logstor_paging_state(statement, NULL), size);
	logstor_finalize(statement);

	assert_string_not_equal(run_with_state(query, bytes, size), refused);
	assert_string_equal(run_with_state("SELECT v FROM t", bytes, size),
			    refused);
	assert_string_equal(run_with_state("SELECT k FROM t WHERE k IN (1)",
					   bytes, size), refused);
	for (size_t i = 0; i < size; i++) {
		bytes[i] ^= 0x10;
		assert_string_equal(run_with_state(query, bytes, size),
				    refused);
		bytes[i] ^= 0x10;
		assert_string_equal(run_with_state(query, bytes, i == 0 ? 1 :
								      i),
				    refused);
	}
	api_must(&api, "DROP TABLE t;"
		       "CREATE TABLE t (k int PRIMARY KEY, v int)");
	assert_string_equal(run_with_state(query, bytes, size), refused);
	api_close(&api);
}

/* An aggregate gives no state, and so takes none. */
TEST(the_state_of_another_statement_is_refused)
{
	static const char *const others[] = {
		"SELECT count(*) FROM t", "SELECT v FROM t LIMIT 12",
		"SELECT k FROM t LIMIT 13",
		"SELECT k FROM t WHERE k IN (1, 2)",
	};
	logstor_statement *statement, *other;
	const void *given;
	size_t size;

	open_table();
	statement = api_prepare(&api, "SELECT k FROM t LIMIT 12");
	logstor_set_page(statement, 10, NULL, 0);
	(void)api_run(&api, statement);
	given = logstor_paging_state(statement, &size);
	assert_non_null(given);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		other = api_prepare(&api, others[i]);
		assert_int_equal(logstor_set_page(other, 10, given, size),
				 LOGSTOR_OK);
		assert_string_equal(api_run(&api, other),
				    "InvalidRequest: Invalid value for the "
				    "paging state");
		logstor_finalize(other);
	}
	logstor_finalize(statement);
	api_close(&api);
}

UNIT_MAIN()
