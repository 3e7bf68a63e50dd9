/* SPDX-License-Identifier: MIT
 *
 * logstor inside a program: opens a database directory, makes a table, writes
 * rows one by one and many at once, reads them back whole and by the page,
 * and shows what an error looks like.
 *
 *     cc embed.c -o embed $(pkg-config --cflags --libs logstor)
 *     ./embed cities.db */
#include <logstor.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Every function that can fail returns a negative number then, and the
 * session has the message. */
static void
check(logstor_session *session, int result)
{
	if (result >= 0)
		return;
	fprintf(stderr, "%s: %s\n", logstor_error_name(session),
		logstor_error_message(session));
	exit(EXIT_FAILURE);
}

static void
check_database(logstor_database *database, int result)
{
	if (result >= 0)
		return;
	fprintf(stderr, "%s\n", database ? logstor_database_error(database)
					 : "out of memory");
	exit(EXIT_FAILURE);
}

static logstor_statement *
prepare(logstor_session *session, const char *text)
{
	logstor_statement *statement;

	check(session, logstor_prepare(session, text, -1, &statement, NULL));
	return statement;
}

static void
make_schema(logstor_session *session)
{
	check(session, logstor_execute(session,
		"CREATE KEYSPACE IF NOT EXISTS geo;"
		"USE geo;"
		"CREATE TABLE IF NOT EXISTS city ("
		"    id int PRIMARY KEY,"
		"    name text,"
		"    area_km2 double,"
		"    districts frozen<list<text>>"
		") WITH storage_engine = 'logstor';", NULL, NULL));
}

/* Each execution is durable when logstor_step() returns LOGSTOR_DONE. */
static void
insert_city(logstor_statement *insert, int64_t id, const char *name,
	    double area_km2)
{
	logstor_session *session = logstor_statement_session(insert);

	check(session, logstor_bind_int64(insert, 0, id));
	check(session, logstor_bind_text(insert, 1, name, -1));
	check(session, logstor_bind_double(insert, 2, area_km2));
	check(session, logstor_step(insert));
}

/* Many rows at the price of one sync: with commits deferred a step ends when
 * its row is visible, and logstor_commit() makes all of them durable. */
static void
insert_villages(logstor_session *session, logstor_statement *insert)
{
	logstor_database *database = logstor_session_database(session);
	char name[32];

	logstor_set_deferred_commit(database, true);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "village %d", i);
		insert_city(insert, 1000 + i, name, 0.5 * i);
	}
	check_database(database, logstor_commit(database));
	logstor_set_deferred_commit(database, false);
}

static void
print_city(logstor_session *session, int64_t id)
{
	logstor_statement *select = prepare(session,
		"SELECT name, area_km2 FROM city WHERE id = :id");
	int result;

	check(session, logstor_bind_int64(
		select, (uint32_t)logstor_marker_index(select, "id"), id));
	while ((result = logstor_step(select)) == LOGSTOR_ROW)
		printf("%s: %s has %.1f km2\n",
		       logstor_column_type_name(select, 0),
		       logstor_column_text(select, 0, LOGSTOR_TEXT, NULL),
		       logstor_column_double(select, 1));
	check(session, result);
	logstor_finalize(select);
}

/* A page at a time, as a server would answer: the state says where the next
 * page begins, and may travel to the client and back. */
static void
count_by_pages(logstor_session *session)
{
	logstor_statement *select = prepare(session,
		"SELECT id, name FROM city");
	const void *state = NULL;
	size_t size = 0;
	uint64_t rows = 0, pages = 0;
	int result;

	do {
		check(session, logstor_set_page(select, 300, state, size));
		while ((result = logstor_step(select)) == LOGSTOR_ROW)
			rows++;
		check(session, result);
		pages++;
		state = logstor_paging_state(select, &size);
	} while (state);
	printf("%" PRIu64 " rows in %" PRIu64 " pages\n", rows, pages);
	logstor_finalize(select);
}

static bool
print_row(void *context, logstor_statement *statement)
{
	(void)context;
	printf("%s = %s\n", logstor_column_name(statement, 0),
	       logstor_column_text(statement, 0, LOGSTOR_DISPLAY, NULL));
	return true;
}

static void
show_an_error(logstor_session *session)
{
	logstor_statement *statement;
	uint32_t line, column;

	if (logstor_prepare(session, "SELECT nam FROM city", -1, &statement,
			    NULL) >= 0) {
		fprintf(stderr, "a column that isn't there was found\n");
		exit(EXIT_FAILURE);
	}
	printf("%s [%04x]: %s", logstor_error_name(session),
	       (unsigned)logstor_error_code(session),
	       logstor_error_message(session));
	if (logstor_error_position(session, NULL, NULL, &line, &column))
		printf(", line %" PRIu32 " column %" PRIu32, line, column);
	printf("\n");
}

int
main(int argc, char **argv)
{
	struct logstor_options options = { .size = sizeof(options) };
	const char *path = argc > 1 ? argv[1] : NULL;
	logstor_database *database;
	logstor_session *session;
	logstor_statement *insert;
	char message[256];
	int result;

	result = logstor_open(path, &options, &database);
	check_database(database, result);
	check_database(database, logstor_session_open(database, &session));
	make_schema(session);
	insert = prepare(session,
		"INSERT INTO city (id, name, area_km2, districts)"
		" VALUES (?, ?, ?, ['centre', 'harbour'])");
	insert_city(insert, 1, "Hamburg", 755.1);
	insert_city(insert, 2, "Bremen", 326.7);
	insert_villages(session, insert);
	logstor_finalize(insert);

	print_city(session, 1);
	count_by_pages(session);
	check(session, logstor_execute(session, "SELECT count(*) FROM city",
				       print_row, NULL));
	show_an_error(session);

	logstor_session_close(session);
	if (logstor_close(database, message, sizeof(message)) < 0) {
		fprintf(stderr, "%s\n", message);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
