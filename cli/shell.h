/* SPDX-License-Identifier: MIT
 *
 * A session with a person or a script: takes statements and commands from an
 * input, runs them, prints what they return.
 *
 * In a script, statements are made durable together: before anything that was
 * printed leaves, before waiting for more input, and at the end.  At the
 * prompt each is durable when the next prompt comes. */
#ifndef CLI_SHELL_H
#define CLI_SHELL_H

#include "cli/input.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/render.h"
#include "include/logstor.h"

struct line_editor;

/* Why nothing more is run. */
enum shell_stop {
	SHELL_GOES_ON = 0,
	SHELL_EXIT,        /* the EXIT command */
	SHELL_BAIL,        /* an error, with --bail */
	SHELL_INTERRUPTED, /* SIGINT */
	SHELL_TERMINATED,  /* SIGTERM, SIGHUP */
	SHELL_UNREAD       /* what is said can't be written any more */
};

enum { SHELL_PAGE_ROWS = 100 };

struct shell {
	logstor_database *database;
	logstor_session *session;
	struct output output;
	struct progress progress;   /* of a statement that takes long */
	const struct render *render;
	struct line_editor *editor; /* NULL unless there is a prompt */
	const char *path;           /* the database's, or NULL */
	uint32_t page_rows;         /* 0: PAGING OFF */
	unsigned script_depth;      /* scripts that run inside one another */
	int capture_fd;             /* CAPTURE's file, or -1 */
	enum shell_stop stop;
	const char *consistency;
	bool bails;
	bool is_safe;               /* no SOURCE, no CAPTURE */
	bool is_timed;              /* TIMING ON */
	bool is_terminal;           /* results may reach a terminal */
	bool is_dirty;              /* something awaits its commit */
	bool has_failed;            /* a statement did */
};

/* Tells ${shell} of the progress of its database's statements. */
void shell_watch_progress(struct shell *shell);

/* Makes durable what was run; false when that failed, which is reported. */
bool shell_commit(struct shell *shell);
/* Commits and writes everything out: what must happen before waiting. */
void shell_settle(struct shell *shell);

/* Runs every whole statement and command of ${input}.  False when the shell
 * is to stop: shell->stop says why. */
bool shell_run(struct shell *shell, struct input *input);

/* Notes a failure, which with --bail ends the shell. */
void shell_fail(struct shell *shell);

/* Stops the shell when a signal asks for it. */
void shell_check_signals(struct shell *shell);

/* Is this typed at a prompt, and not from a script? */
bool shell_has_prompt(const struct shell *shell);
/* Is somebody at a prompt looking at this result? */
bool shell_is_interactive(const struct shell *shell);

#endif
