/* SPDX-License-Identifier: MIT
 *
 * The part of CHECK that reads the checkpoints that the manifest names. */
#include "storage/verify/verify_state.h"

#include <stdlib.h>

enum { ENTRIES_STEP = 1024 };

/* ---- checkpoints ---- */

static void
next_checkpoint(struct engine_check *check)
{
	checkpoint_close(check->reader);
	check->reader = NULL;
	check->checkpoint_number = 0;
	check->checkpoint++;
	if (check->checkpoint == 2)
		check->phase = CHECK_ENDED;
}

/* A file that isn't named any more is written again. */
static bool
is_still_named(const struct engine_check *check)
{
	const struct manifest *manifest = &check->engine->manifest;

	return manifest->generation == check->generation ||
	       manifest->checkpoints[0].number == check->checkpoint_number ||
	       manifest->checkpoints[1].number == check->checkpoint_number;
}

static void
judge_checkpoint(struct engine_check *check, const struct error *failure)
{
	char name[CHECKPOINT_NAME_SIZE];

	checkpoint_name(check->checkpoint_number, name);
	if (is_still_named(check))
		verify_add_message(check, name, failure->message);
	next_checkpoint(check);
}

static int
open_checkpoint(struct engine_check *check, struct error *error)
{
	const struct manifest *manifest = &check->engine->manifest;
	const struct manifest_checkpoint *which =
		&check->checkpoints[check->checkpoint];
	struct checkpoint checkpoint = { 0 };
	struct error failure = ERROR_INIT;
	int status;

	check->checkpoint_number = which->number;
	/* A database in memory counts them, but has no files of them. */
	if (which->number == 0 || check->engine->io->methods->is_volatile) {
		next_checkpoint(check);
		return 0;
	}
	status = checkpoint_open(check->engine->io, manifest, which,
				 &checkpoint, &check->reader, &failure);
	checkpoint_finish(&checkpoint);
	if (status < 0) {
		*error = failure;
		return status;
	}
	if (status == CHECKPOINT_UNUSABLE)
		judge_checkpoint(check, &failure);
	return 0;
}

int
verify_step_checkpoints(struct engine_check *check, struct error *error)
{
	struct index_entry *entries;
	struct error failure = ERROR_INIT;
	uint32_t table;
	int count;

	if (check->reader == NULL)
		return open_checkpoint(check, error);
	entries = malloc(ENTRIES_STEP * sizeof(*entries));
	if (entries == NULL)
		return error_no_memory(error);
	count = checkpoint_next(check->reader, &table, entries, ENTRIES_STEP,
				&failure);
	free(entries);
	if (count > 0)
		return ENGINE_PENDING;
	if (count == 0)
		next_checkpoint(check);
	else if (failure.code == ERROR_FULL)
		*error = failure;
	else
		judge_checkpoint(check, &failure);
	return count < 0 && failure.code == ERROR_FULL ? count : 0;
}
