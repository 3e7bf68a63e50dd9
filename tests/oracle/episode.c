/* SPDX-License-Identifier: MIT */
#include "tests/oracle/episode.h"

#include "base/compiler.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- making one ---- */

struct maker {
	struct random random;
	struct episode *episode;
	struct schema *schemas[MODEL_TABLES_MAX];
	unsigned table_count;
};

/* Small geometries reach the edges of segments and files; each way to run a
 * statement gets its share. */
static void
make_options(struct random *random, struct subject_options *options)
{
	static const uint32_t segments[] = { 16384, 32768, 131072 };
	uint32_t dice = random_below(random, 10);

	options->is_in_memory = dice < 4;
	options->sync = dice < 6   ? LOGSTOR_SYNC_FULL
			: dice < 8 ? LOGSTOR_SYNC_GROUP
				   : LOGSTOR_SYNC_OFF;
	options->is_deferred = random_percent(random, 50);
	options->is_non_blocking = random_percent(random, 20);
	options->is_without_uring = random_percent(random, 30);
	options->segment_size = segments[random_below(random,
						      ARRAY_COUNT(segments))];
	options->file_segments = 8U << random_below(random, 4);
}

static void
add(struct maker *maker, enum operation_kind kind, unsigned slot)
{
	struct episode *episode = maker->episode;

	if (episode->count == EPISODE_OPERATIONS)
		return;
	episode->operations[episode->count++] =
		operation_random(&maker->random, kind, maker->schemas[slot],
				 &episode->arena);
}

static void
add_table(struct maker *maker, unsigned slot)
{
	maker->schemas[slot] = schema_random(&maker->random, slot,
					     &maker->episode->arena);
	add(maker, OPERATION_CREATE, slot);
}

static void
add_any(struct maker *maker)
{
	unsigned slot = random_below(&maker->random, maker->table_count);
	uint32_t dice = random_below(&maker->random, 1000);

	if (dice < 450) {
		add(maker, OPERATION_INSERT, slot);
	} else if (dice < 540) {
		add(maker, OPERATION_DELETE, slot);
	} else if (dice < 860) {
		add(maker, OPERATION_SELECT, slot);
	} else if (dice < 985) {
		add(maker, OPERATION_INVALID, slot);
	} else if (dice < 988) {
		add(maker, OPERATION_TRUNCATE, slot);
	} else if (dice < 992) {
		add(maker, OPERATION_DROP, slot);
		add_table(maker, slot);
	} else if (dice < 995) {
		add(maker, OPERATION_RESTART, slot);
	} else {
		add(maker, OPERATION_COMMIT, slot);
	}
}

void
episode_make(struct episode *episode, uint64_t seed)
{
	struct maker maker = { .random = { seed }, .episode = episode };

	*episode = (struct episode){ .seed = seed };
	make_options(&maker.random, &episode->options);
	maker.table_count = 1 + random_below(&maker.random, MODEL_TABLES_MAX);
	for (unsigned i = 0; i < maker.table_count; i++)
		add_table(&maker, i);
	while (episode->count < EPISODE_OPERATIONS)
		add_any(&maker);
}

void
episode_finish(struct episode *episode)
{
	arena_finish(&episode->arena);
}

/* ---- running it ---- */

void
failure_finish(struct failure *failure)
{
	buffer_finish(&failure->why);
	result_finish(&failure->expected);
	result_finish(&failure->actual);
}

static int64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
remove_database(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	char name[1024];

	if (!directory)
		return;
	while ((entry = readdir(directory))) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		(void)unlink(name);
	}
	closedir(directory);
	(void)rmdir(path);
}

static bool
is_left_out(const struct model *model, const struct operation *operation)
{
	const struct schema *schema = operation->schema;
	const struct schema *there = model_schema(model, schema->slot);

	if (operation->kind == OPERATION_RESTART ||
	    operation->kind == OPERATION_COMMIT)
		return false;
	return operation->kind == OPERATION_CREATE ? there != NULL
						   : there != schema;
}

/* Both sides on one operation.  The subject goes first, and the model is told
 * its second; false when there was more than one, and nobody can tell which
 * of them counted. */
static bool
run_both(struct model *model, struct subject *subject,
	 const struct operation *operation, struct failure *failure,
	 struct result_clock *clock)
{
	int64_t before_s = now_us() / 1000000;

	subject_run(subject, operation, &failure->actual);
	clock->now_us = now_us();
	if (clock->now_us / 1000000 != before_s &&
	    (operation->kind == OPERATION_INSERT ||
	     operation->kind == OPERATION_DELETE ||
	     operation->kind == OPERATION_SELECT))
		return false;
	model_set_time(model, before_s);
	model_run(model, operation, &failure->expected);
	return true;
}

bool
episode_run(const struct episode *episode, struct model *model,
	    const char *path, struct failure *failure)
{
	struct result_clock clock = { .start_us = now_us() };
	struct subject *subject;
	bool is_same = true;

	remove_database(path);
	model_reset(model);
	subject = subject_create(&episode->options, path);
	for (size_t i = 0; i < episode->count && is_same; i++) {
		if (is_left_out(model, episode->operations[i]))
			continue;
		failure->index = i;
		if (!run_both(model, subject, episode->operations[i], failure,
			      &clock))
			break;
		is_same = result_match(&failure->expected, &failure->actual,
				       &clock, &failure->why);
		if (is_same)
			failure_finish(failure);
	}
	if (is_same)
		failure_finish(failure);
	subject_destroy(subject);
	remove_database(path);
	return !is_same;
}

/* ---- printing it ---- */

static void
print_options(const struct subject_options *options, struct buffer *out)
{
	buffer_printf(out, "-- %s, sync %d%s%s%s, segments of %u, %u a file\n",
		      options->is_in_memory ? "in memory" : "in a directory",
		      (int)options->sync,
		      options->is_deferred ? ", deferred commits" : "",
		      options->is_non_blocking ? ", non-blocking" : "",
		      options->is_without_uring ? ", pread" : "",
		      options->segment_size, options->file_segments);
}

static void
print_operation(const struct operation *operation, struct buffer *out)
{
	if (operation->kind == OPERATION_RESTART) {
		buffer_append_string(out, "-- closed and opened again\n");
		return;
	}
	if (operation->kind == OPERATION_COMMIT) {
		buffer_append_string(out, "-- committed\n");
		return;
	}
	if (operation->is_bound)
		buffer_append_string(out, "-- (with markers)\n");
	if (operation->page != 0)
		buffer_printf(out, "-- (in pages of %u)\n", operation->page);
	buffer_append_slice(out, operation->text);
	buffer_append_string(out, ";\n");
}

void
episode_print(const struct episode *episode, const struct failure *failure,
	      struct buffer *out)
{
	print_options(&episode->options, out);
	buffer_append_string(out, "CREATE KEYSPACE oracle;\nUSE oracle;\n");
	for (size_t i = 0; i <= failure->index && i < episode->count; i++)
		print_operation(episode->operations[i], out);
	buffer_printf(out, "-- %.*s\n-- expected:\n",
		      (int)failure->why.size,
		      (const char *)failure->why.data);
	result_print(&failure->expected, out);
	buffer_append_string(out, "-- answered:\n");
	result_print(&failure->actual, out);
}
