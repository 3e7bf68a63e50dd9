/* SPDX-License-Identifier: MIT */
#include "tests/unit/parser/statements.h"

#include <stddef.h>

const char *const statements[] = {
	/* SELECT */
	"SELECT *",
	"SELECT 1",
	"SELECT * FROM t",
	"SELECT * FROM ks.t",
	"SELECT JSON * FROM t",
	"SELECT DISTINCT k FROM t",
	"SELECT JSON DISTINCT k, l FROM t",
	"SELECT a, b AS c, \"B\" AS \"C\" FROM t",
	"SELECT count(*), count(1), ks.f(a, b), f(), system.token(k) FROM t",
	"SELECT token(a, b), writetime(v), ttl(v), maxwritetime(v) FROM t",
	"SELECT CAST(x AS text), CAST(f(x) AS map<text, int>) FROM t",
	"SELECT m['a'], l[0], l[1..2], l[1..], l[..2], l[a..b], l[1. ..2] "
	"FROM t",
	"SELECT u.f, u.f.g, f(x).y, f(x).y.z, m[1].f, m[1][2] FROM t",
	"SELECT a + b * c - d / e % f, (a + b) * c, -a, -(a + b), - -a FROM t",
	"SELECT -1, -1.5, -1h30m, -NaN, -Infinity, - -1, a - -1, a - 1 FROM t",
	"SELECT (int) 5, (int) -5, (int) a + b, (int) (int) ?, (date) :d "
	"FROM t",
	"SELECT (list<int>) [1], (set<int>) {1}, (frozen<map<int, text>>) ?, "
	"(address) {street: 'x'}, (ks.address) ?, (address) f(x) FROM t",
	"SELECT (\"date\"), (a), (a, b), (\"date\") - 1, (date, time) FROM t",
	"SELECT [], [1, 2], {}, {1, 2}, {1: 2, 3: 4}, {a: 1}, (1, 'a', null) "
	"FROM t",
	"SELECT 'it''s', '', 0x, 0xCAFE, true, FALSE, 1e5, 1., 1.e5, 1.5E-3 "
	"FROM t",
	"SELECT 123e4567-e89b-12d3-a456-426655440000, P1Y2M3DT4H5M6S, P5W, "
	"PT1H, P0001-02-03T04:05:06, 12h30m, 1y2mo3w4d5h6m7s8ms9us10ns, "
	"5\xc2\xb5s FROM t",
	"SELECT \"json\", json FROM t",
	"SELECT \"distinct\" * 2 FROM t",
	"SELECT \"json\"(x) FROM t",
	"SELECT key, type, values, ttl, text, int, list, map FROM t",
	"SELECT 1 .a, ?, :name, :\"Name\" FROM t",
	"SELECT * FROM t WHERE k = 1",
	"SELECT * FROM t WHERE k IN (1, 2) AND l IN () AND m IN ? AND n IN :n",
	"SELECT * FROM t WHERE token(k, l) > -5 AND token(k, l) <= token(1, 2)",
	"SELECT * FROM t WHERE token(k) BETWEEN 1 AND 2",
	"SELECT * FROM t WHERE (a, b) = (1, 2) AND (a) > (3) AND "
	"(a, b) IN ((1, 2), ?) AND (a, b) IN ?",
	"SELECT * FROM t WHERE a < 1 AND b <= 2 AND c > 3 AND d >= 4 AND "
	"e != 5",
	"SELECT * FROM t WHERE a LIKE '%x' AND b CONTAINS 1 AND "
	"c CONTAINS KEY 'x' AND d NOT CONTAINS 1 AND "
	"e NOT CONTAINS KEY 2 AND f NOT IN (1) AND g IS NOT NULL AND "
	"h BETWEEN 1 AND 2 AND m['k'] = 'v' AND i CONTAINS \"key\"",
	"SELECT * FROM t WHERE k = {(x): 5, :a: :b}",
	"SELECT a FROM t WHERE k = 1 GROUP BY k, floor(ts, 1h) ORDER BY c, "
	"d DESC PER PARTITION LIMIT 2 LIMIT ? ALLOW FILTERING BYPASS CACHE "
	"USING TIMEOUT 5s",
	"SELECT * FROM t ORDER BY v ANN OF [1.0, 2] LIMIT 10",
	"SELECT * FROM t LIMIT -1",
	/* INSERT, UPDATE, DELETE, BATCH */
	"INSERT INTO t (a) VALUES (1)",
	"INSERT INTO ks.t (a, \"B\", key) VALUES (?, :b, null) IF NOT EXISTS "
	"USING TIMESTAMP 1 AND TTL -2 AND TIMEOUT 1s",
	"INSERT INTO t (a, b) VALUES ([{1: (2, {3})}], now())",
	"INSERT INTO t JSON '{\"a\": 1}'",
	"INSERT INTO t JSON ? DEFAULT UNSET IF NOT EXISTS USING TTL :t",
	"UPDATE t SET a = 1 WHERE k = 1",
	"UPDATE ks.t USING TTL 5 SET a = a + 1, l = [1] + l, m[1] = 2, "
	"u.f = 3, c += 4, d -= 5, s = s - {1} WHERE k IN (1, 2) IF EXISTS",
	"UPDATE t SET a = 1 WHERE k = 1 IF a = 1 AND m[2] IN (3) AND "
	"u.f != null AND exists > 1",
	"UPDATE t SET a = 1 WHERE k = 1 IF \"exists\" = 1",
	"DELETE FROM t WHERE k = 1",
	"DELETE a, m[1], u.f FROM ks.t USING TIMESTAMP 5 WHERE k IN () "
	"IF EXISTS",
	"DELETE FROM t WHERE k = 1 IF v CONTAINS 3",
	"BEGIN BATCH APPLY BATCH",
	"BEGIN BATCH USING TIMESTAMP 5 INSERT INTO t (a) VALUES (1); "
	"UPDATE t SET a = 1 WHERE k = 1; DELETE FROM t WHERE k = 1; "
	"APPLY BATCH",
	"BEGIN UNLOGGED BATCH DELETE FROM t WHERE k = 1; APPLY BATCH",
	"BEGIN COUNTER BATCH UPDATE t SET c = c + 1 WHERE k = 1; APPLY BATCH",
	/* schema */
	"CREATE KEYSPACE ks",
	"CREATE KEYSPACE IF NOT EXISTS \"Ks\" WITH replication = {'class': "
	"'SimpleStrategy', 'replication_factor': 1} AND durable_writes = true",
	"ALTER KEYSPACE IF EXISTS ks WITH durable_writes = false",
	"DROP KEYSPACE ks",
	"DROP KEYSPACE IF EXISTS ks",
	"USE ks",
	"USE \"Ks\"",
	"CREATE TABLE t (k int PRIMARY KEY)",
	"CREATE TABLE IF NOT EXISTS ks.t (key text, \"K\" int, s text STATIC, "
	"m map<text, frozen<list<int>>>, t frozen<tuple<int, text>>, "
	"v vector<float, 3>, u ks.address, date date, \"set\" set<int>, "
	"PRIMARY KEY ((key, \"K\"), c, d))",
	"CREATE TABLE t (a int, b int, PRIMARY KEY (a, b)) WITH COMPACT "
	"STORAGE AND CLUSTERING ORDER BY (b DESC, c) AND comment = 'x' AND "
	"compaction = {'class': 'y'} AND gc_grace_seconds = -1 AND id = "
	"123e4567-e89b-12d3-a456-426655440000 AND \"clustering\" = null",
	"CREATE TABLE t (PRIMARY KEY (a), PRIMARY KEY ((b, c)))",
	"ALTER TABLE t ADD (a int)",
	"ALTER TABLE IF EXISTS ks.t ADD IF NOT EXISTS (a int, b text STATIC)",
	"ALTER TABLE t DROP a",
	"ALTER TABLE t DROP \"compact\"",
	"ALTER TABLE t DROP IF EXISTS (a, b) USING TIMESTAMP 5",
	"ALTER TABLE t RENAME a TO b AND c TO d",
	"ALTER TABLE t RENAME IF EXISTS a TO b",
	"ALTER TABLE t WITH comment = 'x' AND default_time_to_live = 5",
	"ALTER TABLE t ALTER a TYPE list<int>",
	"ALTER TABLE t ALTER IF EXISTS a TYPE text",
	"DROP TABLE ks.t",
	"DROP TABLE IF EXISTS t",
	"TRUNCATE ks.t",
	"TRUNCATE t USING TIMEOUT 5s",
	"CREATE TYPE ks.address (street text, n int)",
	"CREATE TYPE IF NOT EXISTS address (street text)",
	"ALTER TYPE address ADD (zip int)",
	"ALTER TYPE IF EXISTS address RENAME a TO b",
	"ALTER TYPE address ALTER zip TYPE text",
	"DROP TYPE IF EXISTS ks.address",
	/* the rest */
	"DESCRIBE CLUSTER",
	"DESCRIBE SCHEMA",
	"DESCRIBE FULL SCHEMA WITH INTERNALS",
	"DESCRIBE KEYSPACES",
	"DESCRIBE KEYSPACE",
	"DESCRIBE KEYSPACE ks",
	"DESCRIBE ONLY KEYSPACE",
	"DESCRIBE ONLY KEYSPACE ks",
	"DESCRIBE TABLES",
	"DESCRIBE TABLE ks.t WITH INTERNALS",
	"DESCRIBE TYPES",
	"DESCRIBE TYPE ks.address",
	"DESCRIBE FUNCTIONS",
	"DESCRIBE AGGREGATES",
	"DESCRIBE t",
	"DESCRIBE ks.t",
	"DESCRIBE \"tables\"",
	"EXPLAIN SELECT * FROM t WHERE k = ?",
	"EXPLAIN ANALYZE SELECT * FROM t",
	"CHECK",
	"COMPACT",
	"SHOW STORAGE",
	"EXPLAIN BEGIN BATCH DELETE FROM t WHERE k = 1; APPLY BATCH",
	NULL
};
