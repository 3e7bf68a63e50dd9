/* SPDX-License-Identifier: MIT
 *
 * Replaces the manifest, whole and durably: written aside, synced, exchanged
 * with the old one, the directory synced.  The old one's file is then the room
 * for the next, so that a full disk can't be in the way, and no file is made,
 * grown or freed, which would hold up other writes in the file system's
 * journal.
 *
 * Before anything is written aside, names are made durable: until then a power
 * failure may bring back the name "manifest" for the very file that is being
 * written. */
#ifndef STORAGE_FORMAT_MANIFEST_STORE_H
#define STORAGE_FORMAT_MANIFEST_STORE_H

#include "storage/format/manifest.h"

enum manifest_store_state {
	MANIFEST_STORE_IDLE,
	MANIFEST_STORE_NAMES, /* of the last time are being synced */
	MANIFEST_STORE_WRITING,
	MANIFEST_STORE_SYNCING,
	MANIFEST_STORE_RENAMING,
	MANIFEST_STORE_NAMING, /* the new name is being synced */
	MANIFEST_STORE_DONE
};

/* One that is being stored.  Valid when zeroed: none is. */
struct manifest_store {
	struct io *io;
	enum manifest_store_state state;
	struct manifest *manifest; /* the caller's */
	struct io_file *file;      /* aside, or NULL */
	uint8_t *data;             /* aligned */
	size_t size;
	bool is_in_flight;
	bool is_renamed; /* the new one is what anybody reads from now on */
	bool is_uncertain; /* it may be: renaming has failed somehow */
	int status;      /* negative errno: it has failed */
	struct io_operation operation;
};

/* Starts to store a manifest, which the caller leaves alone until it is done.
 * It becomes one of the newest version, and its generation is raised. */
void manifest_store_begin(struct manifest_store *store, struct io *io,
			  struct manifest *manifest);
/* After each poll of the io: goes on without blocking. */
void manifest_store_step(struct manifest_store *store);
/* Begun, and its outcome wasn't looked at yet. */
bool manifest_store_is_busy(const struct manifest_store *store);
bool manifest_store_is_done(const struct manifest_store *store);
/* Of one that is done; it is idle then.  When it has failed, the old manifest
 * is still there, or the new one is: the generation, which is raised only then,
 * tells which.  A manifest that isn't clean was stored without its tail, and
 * has none afterwards. */
MUST_CHECK int manifest_store_end(struct manifest_store *store,
				  struct error *error);
/* Polls until it is done, or the io is broken. */
void manifest_store_wait(struct manifest_store *store);

/* All of it at once; blocks for three syncs. */
MUST_CHECK int manifest_store(struct io *io, struct manifest *manifest,
			      struct error *error);

#endif
