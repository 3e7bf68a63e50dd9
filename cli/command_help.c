/* SPDX-License-Identifier: MIT
 *
 * HELP: the commands from their table, and the shape of each statement. */
#include "cli/command.h"

struct topic {
	const char *name;
	const char *summary;
	const char *text;
};

static const struct topic topics[] = {
	{ "SELECT", "read rows",
	  "SELECT * | column [AS name], … FROM [keyspace.]table\n"
	  "  [WHERE key = value | key IN (value, …) | token(key) > number …]\n"
	  "  [LIMIT count];\n"
	  "\n"
	  "Columns may be count(*), token(key), writetime(column) and\n"
	  "ttl(column).  Without WHERE all rows come, in the order of their\n"
	  "keys' tokens.\n" },
	{ "INSERT", "write a row",
	  "INSERT INTO table (column, …) VALUES (value, …) [IF NOT EXISTS]\n"
	  "  [USING TTL seconds AND TIMESTAMP microseconds];\n"
	  "\n"
	  "Writes the whole row: a column that isn't named becomes null.\n" },
	{ "DELETE", "remove a row",
	  "DELETE FROM table [USING TIMESTAMP microseconds]\n"
	  "  WHERE key = value [IF EXISTS];\n" },
	{ "CREATE KEYSPACE", "make a place for tables",
	  "CREATE KEYSPACE [IF NOT EXISTS] name\n"
	  "  [WITH replication = {'class': …}];\n"
	  "\n"
	  "Then USE name; or write name.table.\n" },
	{ "CREATE TABLE", "make a table",
	  "CREATE TABLE [IF NOT EXISTS] table (\n"
	  "  column type PRIMARY KEY, column type, …)\n"
	  "  [WITH default_time_to_live = seconds AND comment = 'text' …];\n"
	  "\n"
	  "A key of several columns is written PRIMARY KEY ((a, b)) at the\n"
	  "end.  Tables have no clustering columns.\n" },
	{ "USE", "choose a keyspace", "USE keyspace;\n" },
	{ "DROP", "remove a table or keyspace",
	  "DROP TABLE [IF EXISTS] table;\n"
	  "DROP KEYSPACE [IF EXISTS] keyspace;\n" },
	{ "TRUNCATE", "remove all rows of a table",
	  "TRUNCATE [TABLE] table;\n" },
	{ "DESCRIBE", "show what is there",
	  "DESCRIBE KEYSPACES;  DESCRIBE KEYSPACE name;\n"
	  "DESCRIBE TABLES;     DESCRIBE TABLE name;\n"
	  "\n"
	  "DESC is short for it.\n" },
	{ "EXPLAIN", "how a statement would run",
	  "EXPLAIN SELECT …;\n" },
	{ "TYPES", "the types of columns",
	  "tinyint smallint int bigint         whole numbers\n"
	  "float double                        numbers with a fraction\n"
	  "boolean                             true, false\n"
	  "text varchar ascii                  'it''s text'\n"
	  "blob                                0x00ff\n"
	  "uuid timeuuid                       uuid(), now()\n"
	  "timestamp date time                 '2024-02-29 12:00:00'\n"
	  "inet                                '127.0.0.1'\n"
	  "list<t> set<t> map<k, v> tuple<…>   [1, 2] {1, 2} {1: 'a'} (1, 'a')"
	  "\n" },
};

static void
append_topic(struct buffer *out, const char *name, const char *summary)
{
	buffer_printf(out, "  %-16s %s\n", name, summary);
}

static bool
is_listed(const struct command *command)
{
	return command->run != command_unsupported;
}

static void
answer_list(struct command_call *call)
{
	struct buffer *out = output_begin(&call->shell->output,
					  OUTPUT_RESULTS);
	const struct command *commands;
	size_t count;

	commands = command_table(&count);
	buffer_append_string(out, "\nCommands of the shell:\n");
	for (size_t i = 0; i < count; i++)
		if (is_listed(&commands[i]))
			append_topic(out, commands[i].name,
				     commands[i].summary);
	buffer_append_string(out, "\nStatements of CQL:\n");
	for (size_t i = 0; i < ARRAY_COUNT(topics); i++)
		append_topic(out, topics[i].name, topics[i].summary);
	buffer_append_string(out,
			     "\nA statement ends with a semicolon and may "
			     "have several lines.  Tab completes\n"
			     "names.  HELP followed by one of these tells "
			     "more.\n\n");
}

static void
answer_command(struct command_call *call, const struct command *command)
{
	struct buffer *out = output_begin(&call->shell->output,
					  OUTPUT_RESULTS);

	buffer_printf(out, "\n%s: %s\n", command->usage, command->summary);
	if (command->help[0] != '\0')
		buffer_printf(out, "\n%s", command->help);
	buffer_append_byte(out, '\n');
}

/* The words joined by single blanks begin the topic's name. */
static bool
is_topic(const struct command_call *call, const struct topic *topic)
{
	const char *rest = topic->name;

	for (size_t i = 0; i < call->word_count; i++) {
		size_t size = strcspn(rest, " ");

		if (!slice_is_equal_ignoring_case(call->words[i],
						  slice_make(rest, size)))
			return false;
		rest += size;
		rest += strspn(rest, " ");
	}
	return true;
}

void
command_help(struct command_call *call)
{
	const struct command *command;
	bool is_found = false;

	if (call->word_count == 0) {
		answer_list(call);
		return;
	}
	command = command_find(call->words[0]);
	if (command != NULL) {
		answer_command(call, command);
		return;
	}
	for (size_t i = 0; i < ARRAY_COUNT(topics); i++) {
		if (!is_topic(call, &topics[i]))
			continue;
		buffer_printf(output_begin(&call->shell->output,
					   OUTPUT_RESULTS),
			      "%s%s\n", is_found ? "" : "\n", topics[i].text);
		is_found = true;
	}
	if (!is_found)
		command_fail(call, "HELP alone lists the topics",
			     "there is no help about %.*s",
			     SLICE_ARGUMENTS(call->words[0]));
}
