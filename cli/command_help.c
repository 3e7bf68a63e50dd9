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
	  "DESCRIBE KEYSPACES   DESCRIBE KEYSPACE [name]\n"
	  "DESCRIBE TABLES      DESCRIBE TABLE name\n"
	  "DESCRIBE SCHEMA      DESCRIBE CLUSTER\n"
	  "DESCRIBE name\n"
	  "\n"
	  "DESC is short for it.  It ends with its line, or a semicolon.\n" },
	{ "EXPLAIN", "how a statement would run",
	  "EXPLAIN statement;\n"
	  "\n"
	  "The statement is a SELECT, INSERT or DELETE, and isn't run.\n" },
	{ "CHECK", "read everything and look for damage",
	  "CHECK;\n"
	  "\n"
	  "A row for each fault, with its file and offset; none when the\n"
	  "database is sound.  The shell's exit status is 2 when there were\n"
	  "faults.\n" },
	{ "COMPACT", "put rows in order and free dead space",
	  "COMPACT;\n"
	  "\n"
	  "Not needed for the space: that comes back by itself.  Afterwards\n"
	  "scans read in order.\n" },
};

static const struct topic other_topics[] = {
	{ "FUNCTIONS", "functions in statements",
	  "now() uuid()                        new ids\n"
	  "toTimestamp(timeuuid or date)       when that is\n"
	  "token(key)                          where a key is placed\n"
	  "writetime(column) ttl(column)       of the row\n"
	  "count(*)                            of the rows\n" },
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
					  OUTPUT_ANSWERS);
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
	buffer_append_string(out, "\nAlso:\n");
	for (size_t i = 0; i < ARRAY_COUNT(other_topics); i++)
		append_topic(out, other_topics[i].name,
			     other_topics[i].summary);
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
					  OUTPUT_ANSWERS);

	buffer_printf(out, "\n%s: %s\n", command->usage, command->summary);
	if (command->help[0] != '\0')
		buffer_printf(out, "\n%s", command->help);
	buffer_append_byte(out, '\n');
}

static bool
is_word(struct slice word, const char *name, size_t size)
{
	return slice_is_equal_ignoring_case(word, slice_make(name, size));
}

/* Other names for what has one. */
static struct slice
topic_word(struct slice word)
{
	static const char *const names[][2] = {
		{ "DESC", "DESCRIBE" },
		{ "FUNCTION", "FUNCTIONS" },
		{ "TYPE", "TYPES" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		if (is_word(word, names[i][0], strlen(names[i][0])))
			return slice_from_string(names[i][1]);
	return word;
}

/* One begins with the other, word by word: HELP CREATE is about all that is
 * created, HELP DROP TABLE about DROP. */
static bool
is_topic(const struct command_call *call, const struct topic *topic)
{
	const char *rest = topic->name;

	for (size_t i = 0; i < call->word_count; i++) {
		size_t size = strcspn(rest, " ");

		if (size == 0)
			return true;
		if (!is_word(i == 0 ? topic_word(call->words[0])
				    : call->words[i],
			     rest, size))
			return false;
		rest += size;
		rest += strspn(rest, " ");
	}
	return true;
}

/* How many of them the call is about. */
static size_t
answer_topics(struct command_call *call, const struct topic *from,
	      size_t count)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		if (!is_topic(call, &from[i]))
			continue;
		buffer_printf(output_begin(&call->shell->output,
					   OUTPUT_ANSWERS),
			      "\n%s", from[i].text);
		found++;
	}
	return found;
}

static void
fail_topic(struct command_call *call)
{
	struct buffer words = { 0 };

	for (size_t i = 0; i < call->word_count; i++) {
		buffer_append_byte(&words, ' ');
		buffer_append_slice(&words, call->words[i]);
	}
	command_fail(call, "HELP alone lists the topics",
		     "there is no help about%.*s",
		     SLICE_ARGUMENTS(buffer_slice(&words)));
	buffer_finish(&words);
}

void
command_help(struct command_call *call)
{
	const struct command *command;

	if (call->word_count == 0) {
		answer_list(call);
		return;
	}
	command = command_find(call->words[0]);
	if (command != NULL) {
		answer_command(call, command);
		return;
	}
	if (answer_topics(call, topics, ARRAY_COUNT(topics)) +
		    answer_topics(call, other_topics,
				  ARRAY_COUNT(other_topics)) ==
	    0)
		fail_topic(call);
	else
		buffer_append_byte(output_begin(&call->shell->output,
						OUTPUT_ANSWERS),
				   '\n');
}
