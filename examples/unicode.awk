# SPDX-License-Identifier: MIT
#
# Turns UnicodeData.txt (fifteen fields, separated by semicolons) into a CQL
# script: one INSERT for each line.  Plain POSIX awk.

function hexadecimal(text,    i, value) {
	value = 0
	for (i = 1; i <= length(text); i++)
		value = value * 16 + index("123456789ABCDEF", substr(text, i, 1))
	return value
}

function quoted(text) {
	gsub(/'/, "''", text)
	return "'" text "'"
}

# An empty field is a column that the INSERT doesn't name: null.
function add(column, value) {
	columns = columns ", " column
	values = values ", " value
}

function add_text(column, text) {
	if (text != "")
		add(column, quoted(text))
}

function add_number(column, text) {
	if (text != "")
		add(column, text)
}

function add_codepoint(column, text) {
	if (text != "")
		add(column, hexadecimal(text))
}

# "<compat> 0020 0308" is a kind and a list; without a kind it is canonical.
function add_decomposition(text,    parts, count, i, first, list) {
	if (text == "")
		return
	count = split(text, parts, " ")
	first = 1
	if (parts[1] ~ /^</) {
		add("decomposition_kind", quoted(substr(parts[1], 2, \
			length(parts[1]) - 2)))
		first = 2
	} else {
		add("decomposition_kind", "'canonical'")
	}
	for (i = first; i <= count; i++)
		list = list (i > first ? ", " : "") hexadecimal(parts[i])
	add("decomposition", "[" list "]")
}

# "3/4" is (3, 4), and "7" is (7, 1): exact, which a double wouldn't be.
function add_numeric(text,    parts) {
	if (text == "")
		return
	if (split(text, parts, "/") == 1)
		parts[2] = 1
	add("numeric_value", "(" parts[1] ", " parts[2] ")")
}

BEGIN {
	FS = ";"
	print "CREATE KEYSPACE unicode WITH replication ="
	print "    {'class': 'SimpleStrategy', 'replication_factor': 1};"
	print "USE unicode;"
	print "CREATE TABLE character ("
	print "    codepoint int PRIMARY KEY,"
	print "    name text,"
	print "    category ascii,"
	print "    combining_class smallint,"
	print "    bidi_class ascii,"
	print "    decomposition_kind ascii,"
	print "    decomposition frozen<list<int>>,"
	print "    decimal_digit tinyint,"
	print "    digit tinyint,"
	print "    numeric_value tuple<bigint, bigint>,"
	print "    mirrored boolean,"
	print "    former_name text,"
	print "    upper int,"
	print "    lower int,"
	print "    title int"
	print ") WITH storage_engine = 'logstor';"
}

NF == 15 {
	columns = "codepoint"
	values = hexadecimal($1)
	add_text("name", $2)
	add_text("category", $3)
	add_number("combining_class", $4)
	add_text("bidi_class", $5)
	add_decomposition($6)
	add_number("decimal_digit", $7)
	add_number("digit", $8)
	add_numeric($9)
	add("mirrored", $10 == "Y" ? "true" : "false")
	add_text("former_name", $11)
	add_codepoint("upper", $13)
	add_codepoint("lower", $14)
	add_codepoint("title", $15)
	print "INSERT INTO character (" columns ") VALUES (" values ");"
}
