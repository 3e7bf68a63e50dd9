/* SPDX-License-Identifier: MIT
 *
 * A damaged database as far as it can be made out: who it is and its geometry,
 * from the manifest or, where that is lost, from what intact buffers say of
 * themselves; and its segments, in whatever files there are. */
#ifndef STORAGE_SALVAGE_SALVAGE_SOURCE_H
#define STORAGE_SALVAGE_SALVAGE_SOURCE_H

#include "storage/engine_state.h"
#include "storage/salvage/salvage.h"

/* How often everything is looked at, saving the rows included: for progress. */
enum { SALVAGE_LOOKS = 3 };

struct salvage_file {
	bool is_there;      /* one that isn't has no io_file */
	const char *reason; /* why it isn't; NULL: nobody expects it to be */
	uint64_t size;
	bool is_cut; /* more stood there, as what is left shows */
	/* About what should stand behind its end. */
	bool has_loss;
	uint64_t rows; /* that are known */
};

/* The worse the earlier. */
enum salvage_loss_kind {
	LOSS_UNREADABLE,
	LOSS_CHECKSUM,
	LOSS_NONSENSE,
	LOSS_REPLACED /* by another life of the place */
};

/* A stretch of a file. */
struct salvage_loss {
	uint32_t file;
	enum salvage_loss_kind kind;
	uint64_t start;
	uint64_t end;  /* a multiple of FORMAT_BLOCK_SIZE */
	uint64_t rows; /* that are known */
};

/* Write sequences of a stream that should be there; some between the first and
 * the last may be. */
struct salvage_gap {
	uint64_t count;
	uint64_t first;
	uint64_t last;
	uint32_t segment; /* where the one before the first ends */
	uint32_t offset;
};

struct salvage_losses {
	struct salvage_loss *losses;
	size_t count;
	size_t capacity;
	struct salvage_gap gaps[2]; /* STREAM_USER - 1, STREAM_MOVING - 1 */
};

struct salvage_source {
	struct engine engine; /* io, manifest, segments and tables; never
				 written */
	struct salvage_report *report;
	bool has_manifest;
	bool is_certain; /* whatever is missing was seen to be missing… */
	bool has_end;    /* …at the end of the log, too: it was closed */
	struct salvage_file *files;
	struct salvage_losses losses;
	uint8_t *data; /* room for a segment, aligned */
	uint64_t done_bytes;
	uint64_t total_bytes;
};

/* Takes ${io} over, also when it fails. */
MUST_CHECK int salvage_source_open(struct salvage_source *source,
				   struct io *io,
				   struct salvage_report *report,
				   struct error *error);
void salvage_source_close(struct salvage_source *source);

/* Takes segments into account that a checkpoint knows, though their files are
 * gone; ${count} is doubted. */
MUST_CHECK int salvage_source_extend(struct salvage_source *source,
				     uint32_t count, struct error *error);

/* Reads into ${to}; what can't be read is zeros, and a loss if
 * ${is_told}. */
void salvage_read(struct salvage_source *source, uint32_t segment,
		  uint32_t offset, uint8_t *to, size_t size, bool is_told);

/* Without a manifest: what it would say of who this is and of its geometry. */
MUST_CHECK int salvage_deduce(struct salvage_source *source,
			      struct error *error);

/* Tells progress; negative when the caller wants no more. */
MUST_CHECK int salvage_go_on(struct salvage_source *source, uint64_t bytes,
			     struct error *error);

#endif
