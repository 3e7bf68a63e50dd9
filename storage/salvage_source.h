/* SPDX-License-Identifier: MIT
 *
 * A damaged database as far as it can be made out: who it is and its geometry,
 * from the manifest or, where that is lost, from what intact buffers say of
 * themselves; and its segments, in whatever files there are. */
#ifndef STORAGE_SALVAGE_SOURCE_H
#define STORAGE_SALVAGE_SOURCE_H

#include "storage/engine_state.h"
#include "storage/salvage.h"

struct salvage_source {
	struct engine engine; /* io, manifest, segments and tables; never
				 written */
	struct salvage_report *report;
	bool has_manifest;
	bool *is_there; /* for each file; one that isn't has no io_file */
	uint8_t *data;  /* room for a segment, aligned */
	uint64_t done_bytes;
	uint64_t total_bytes;
};

/* Takes ${io} over, also when it fails. */
MUST_CHECK int salvage_source_open(struct salvage_source *source,
				   struct io *io,
				   struct salvage_report *report,
				   struct error *error);
void salvage_source_close(struct salvage_source *source);

/* Tells a fault at a place in a segment; or in a file, at an offset. */
void salvage_tell(struct salvage_source *source, uint32_t segment,
		  uint32_t offset, const char *what);
void salvage_tell_file(struct salvage_source *source, const char *name,
		       uint64_t offset, const char *what);

/* Reads into ${to}; what can't be read is zeros, and told if ${is_told}. */
void salvage_read(struct salvage_source *source, uint32_t segment,
		  uint32_t offset, uint8_t *to, size_t size, bool is_told);

/* Tells progress; negative when the caller wants no more. */
MUST_CHECK int salvage_go_on(struct salvage_source *source, uint64_t bytes,
			     struct error *error);

#endif
