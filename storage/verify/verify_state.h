/* SPDX-License-Identifier: MIT
 *
 * What CHECK knows while it runs, for its parts: verify.c (the story),
 * verify_files.c (names, sizes, the manifest), verify_segments.c (reads and
 * judges what segments hold), verify_checkpoint.c. */
#ifndef STORAGE_VERIFY_VERIFY_STATE_H
#define STORAGE_VERIFY_VERIFY_STATE_H

#include "storage/checkpoint/checkpoint.h"
#include "storage/verify/check_place.h"

enum {
	CHECK_READ_SIZE = 1 << 20, /* at most, but for a single segment or a
				      run */
	CHECK_READS = 4,
	CHECK_FILE_FAULTS_MAX = 64,
	CHECK_NAME_SIZE = 256
};

enum check_phase {
	CHECK_FILES,
	CHECK_SEGMENTS,
	CHECK_CHECKPOINTS,
	CHECK_ENDED
};

/* One read of neighbouring segments. */
struct check_read {
	struct io_operation operation;
	struct engine_check *check;
	uint8_t *data;
	uint32_t segment; /* the first */
	uint32_t count;
	bool is_in_flight;
	uint32_t limits[CHECK_READ_SIZE / FORMAT_SEGMENT_SIZE_MIN];
	uint64_t lives[CHECK_READ_SIZE / FORMAT_SEGMENT_SIZE_MIN];
};

/* About files as such. */
struct file_fault {
	char name[CHECK_NAME_SIZE];
	uint64_t offset;
	char what[CHECK_NAME_SIZE];
};

struct engine_check {
	struct engine *engine;
	enum check_phase phase;
	uint32_t segment_count; /* when it began */
	uint32_t next_segment;  /* to read */
	struct check_read reads[CHECK_READS];
	unsigned first; /* oldest read */
	unsigned count;
	uint32_t at;    /* segments of the oldest one that are judged */
	uint32_t run;   /* parts of the run that is being read, or 0 */
	uint32_t run_segment;
	uint64_t run_life;
	uint8_t *run_data;
	struct io_operation run_operation;
	bool is_run_in_flight;

	/* Those that the manifest names on the disk: opening may have found one
	 * of them unusable and forgotten it. */
	struct manifest_checkpoint checkpoints[2];
	uint64_t checkpoint_sizes[2]; /* of their files, for progress */
	uint64_t generation; /* of that manifest */
	unsigned checkpoint; /* 0, 1; 2: done */
	uint64_t checkpoint_number;
	struct checkpoint_reader *reader;

	struct check_faults faults; /* of segments, told one by one */
	uint32_t told;
	struct file_fault *file_faults;
	uint32_t file_fault_count;
	uint32_t files_told;
	char name[CHECK_NAME_SIZE]; /* of the fault that is being told */
};

/* A fault of a file as such; ${message} is another part's error: what it says
 * of path and offset is taken apart. */
void verify_add_file_fault(struct engine_check *check, const char *name,
			   uint64_t offset, const char *what);
void verify_add_message(struct engine_check *check, const char *name,
			const char *message);

/* A step of a phase, which goes on to the next one by itself: ENGINE_PENDING
 * when there is something to wait for or others should have a turn. */
MUST_CHECK int verify_step_files(struct engine_check *check,
				 struct error *error);
MUST_CHECK int verify_step_segments(struct engine_check *check,
				    struct error *error);
MUST_CHECK int verify_step_checkpoints(struct engine_check *check,
				       struct error *error);

/* Waits until the kernel has let go of all memory, and frees it; false when a
 * broken io may never. */
bool verify_finish_segments(struct engine_check *check);

#endif
