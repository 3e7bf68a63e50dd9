/* SPDX-License-Identifier: MIT
 *
 * Statements that must be refused, each with the class of its error.  The
 * table is written from the language's rules, not from the product. */
#include "tests/oracle/operation.h"

#include "base/compiler.h"

#include <inttypes.h>
#include <string.h>

enum { SYNTAX = 0x2000, INVALID = 0x2200, CONFIG = 0x2300, EXISTS = 0x2400 };

enum need {
	ANY_TABLE = 0,
	COMPOSITE_KEY = 1, /* of the partition key */
	REGULAR_COLUMN = 2
};

/* In the text: @t the table, @k its first key column, @K all key columns,
 * @v a literal for the first key column, @w a WHERE of a whole key, @n the
 * key columns' values, @x a literal of a kind that the first key column's
 * type doesn't take, @r a regular column. */
struct mistake {
	int code;
	enum need need;
	const char *text;
};

static const struct mistake mistakes[] = {
	{ SYNTAX, ANY_TABLE, "SELEC * FROM @t" },
	{ SYNTAX, ANY_TABLE, "SELECT * FROM" },
	{ SYNTAX, ANY_TABLE, "SELECT * FROM @t WHERE" },
	{ SYNTAX, ANY_TABLE, "INSERT INTO @t (@K) VALUES (@n" },
	{ SYNTAX, ANY_TABLE, "SELECT FROM @t" },
	{ SYNTAX, ANY_TABLE, "DELETE @t @w" },
	{ SYNTAX, ANY_TABLE, "SELECT * FROM @t @w OR @k = @v" },
	{ SYNTAX, ANY_TABLE, "CREATE TABLE nova (a int PRIMARY KEY)"
			     " WITH nonsense = 1" },
	{ SYNTAX, ANY_TABLE, "CREATE TABLE nova (a int, 1b int)" },
	{ INVALID, ANY_TABLE, "SELECT * FROM nope" },
	{ INVALID, ANY_TABLE, "SELECT * FROM nope.t0" },
	{ INVALID, ANY_TABLE, "SELECT nope FROM @t" },
	{ INVALID, ANY_TABLE, "SELECT * FROM @t WHERE nope = 1" },
	{ INVALID, ANY_TABLE, "INSERT INTO @t (@K, nope) VALUES (@n, 1)" },
	{ INVALID, ANY_TABLE, "INSERT INTO @t (@K) VALUES (@n, 1)" },
	{ INVALID, ANY_TABLE, "INSERT INTO @t (@K, @k) VALUES (@n, @v)" },
	{ INVALID, ANY_TABLE, "INSERT INTO nope (@K) VALUES (@n)" },
	{ INVALID, REGULAR_COLUMN, "INSERT INTO @t (@r) VALUES (null)" },
	{ INVALID, ANY_TABLE, "SELECT * FROM @t WHERE @k = @x" },
	{ INVALID, ANY_TABLE, "SELECT * FROM @t WHERE @k > @v" },
	{ INVALID, ANY_TABLE, "SELECT * FROM @t WHERE @k != @v" },
	{ INVALID, ANY_TABLE, "SELECT * FROM @t @w LIMIT 0" },
	{ INVALID, ANY_TABLE, "SELECT * FROM @t @w LIMIT -1" },
	{ INVALID, ANY_TABLE, "SELECT * FROM @t @w ORDER BY @k" },
	{ INVALID, ANY_TABLE, "SELECT * FROM @t @w AND @k = @v" },
	{ INVALID, ANY_TABLE, "SELECT * FROM @t @w AND token(@K) > 0" },
	{ INVALID, ANY_TABLE, "SELECT * FROM @t WHERE token(@K, @k) > 0" },
	{ INVALID, ANY_TABLE, "SELECT * FROM @t WHERE token(@K) > 0"
			      " AND token(@K) > 1" },
	{ INVALID, ANY_TABLE, "SELECT writetime(@k) FROM @t" },
	{ INVALID, ANY_TABLE, "SELECT ttl(@k) FROM @t" },
	{ INVALID, ANY_TABLE, "SELECT frobnicate(@k) FROM @t" },
	{ INVALID, ANY_TABLE, "DELETE FROM @t WHERE @k > @v" },
	{ INVALID, ANY_TABLE, "DELETE FROM nope @w" },
	{ INVALID, ANY_TABLE, "DELETE FROM @t USING TIMESTAMP 1 @w IF EXISTS" },
	{ INVALID, ANY_TABLE, "INSERT INTO @t (@K) VALUES (@n)"
			      " IF NOT EXISTS USING TIMESTAMP 1" },
	{ INVALID, ANY_TABLE, "INSERT INTO @t (@K) VALUES (@n) USING TTL -1" },
	{ INVALID, ANY_TABLE, "INSERT INTO @t (@K) VALUES (@n)"
			      " USING TTL 630720001" },
	{ INVALID, ANY_TABLE, "USE nope" },
	{ INVALID, ANY_TABLE, "TRUNCATE nope" },
	{ INVALID, ANY_TABLE, "CREATE TABLE nova (a int)" },
	{ INVALID, ANY_TABLE, "CREATE TABLE nova (a nope PRIMARY KEY)" },
	{ INVALID, ANY_TABLE, "CREATE TABLE nova (a int PRIMARY KEY,"
			      " b int PRIMARY KEY)" },
	{ INVALID, ANY_TABLE, "CREATE TABLE nova (a int, PRIMARY KEY (b))" },
	{ INVALID, ANY_TABLE, "CREATE TABLE nova (a int PRIMARY KEY,"
			      " b list<list<int>>)" },
	{ INVALID, ANY_TABLE, "CREATE TABLE nova (a int PRIMARY KEY, a int)" },
	{ INVALID, ANY_TABLE, "CREATE TABLE nova (a list<int> PRIMARY KEY)" },
	{ CONFIG, ANY_TABLE, "CREATE TABLE nova (a int PRIMARY KEY)"
			     " WITH storage_engine = 'lsm'" },
	{ CONFIG, ANY_TABLE, "CREATE TABLE nova (a int, b int,"
			     " PRIMARY KEY (a, b))"
			     " WITH storage_engine = 'logstor'" },
	{ EXISTS, ANY_TABLE, "CREATE TABLE @t (a int PRIMARY KEY)" },
	{ EXISTS, ANY_TABLE, "CREATE KEYSPACE oracle" },
	{ INVALID, COMPOSITE_KEY, "SELECT * FROM @t WHERE @k = @v" },
	{ INVALID, COMPOSITE_KEY, "DELETE FROM @t WHERE @k = @v" },
	{ INVALID, COMPOSITE_KEY, "INSERT INTO @t (@k) VALUES (@v)" },
	{ INVALID, COMPOSITE_KEY, "SELECT * FROM @t WHERE token(@k) > 0" },
	{ INVALID, REGULAR_COLUMN, "SELECT * FROM @t WHERE @r = null" },
	{ INVALID, REGULAR_COLUMN, "DELETE FROM @t WHERE @r = null" },
	{ INVALID, ANY_TABLE, "INSERT INTO @t (@k) VALUES (null)" },
	{ INVALID, ANY_TABLE, "SELECT * FROM @t WHERE @k = null" },
};

static bool
is_possible(const struct mistake *mistake, const struct schema *schema)
{
	if (mistake->need == COMPOSITE_KEY)
		return schema->key_part_count > 1;
	if (mistake->need == REGULAR_COLUMN)
		return schema->column_count > schema->key_part_count;
	return true;
}

/* No type takes both. */
static const char *
wrong_literal(enum value_kind kind)
{
	return kind == VALUE_BOOLEAN ? "1.5" : "true";
}

static void
print_names(const struct schema *schema, struct buffer *out)
{
	for (unsigned i = 0; i < schema->key_part_count; i++)
		buffer_printf(out, "%s%s", i > 0 ? ", " : "",
			      schema->columns[i].name);
}

static void
print_values(const struct schema *schema, const struct schema_key *key,
	     bool is_where, struct buffer *out)
{
	for (unsigned i = 0; i < schema->key_part_count; i++) {
		if (is_where)
			buffer_printf(out, "%s %s = ", i > 0 ? " AND" : "WHERE",
				      schema->columns[i].name);
		else if (i > 0)
			buffer_append_string(out, ", ");
		buffer_append_slice(out, key->parts[i].literal);
	}
}

static void
print_placeholder(char what, const struct schema *schema,
		  const struct schema_key *key, struct buffer *out)
{
	switch (what) {
	case 't':
		buffer_printf(out, "t%u", schema->slot);
		break;
	case 'k':
		buffer_append_string(out, schema->columns[0].name);
		break;
	case 'K':
		print_names(schema, out);
		break;
	case 'v':
		buffer_append_slice(out, key->parts[0].literal);
		break;
	case 'x':
		buffer_append_string(
			out, wrong_literal(schema->columns[0].type->kind));
		break;
	case 'r':
		buffer_append_string(
			out, schema->columns[schema->key_part_count].name);
		break;
	default:
		print_values(schema, key, what == 'w', out);
		break;
	}
}

void
operation_make_invalid(struct random *random, struct operation *operation,
		       struct buffer *out)
{
	const struct schema *schema = operation->schema;
	const struct schema_key *key =
		&schema->keys[random_below(random, schema->key_count)];
	const struct mistake *mistake;

	do {
		mistake = &mistakes[random_below(random,
						 ARRAY_COUNT(mistakes))];
	} while (!is_possible(mistake, schema));
	operation->error_code = mistake->code;
	for (const char *at = mistake->text; *at; at++) {
		if (*at != '@')
			buffer_append_byte(out, (uint8_t)*at);
		else
			print_placeholder(*++at, schema, key, out);
	}
}
