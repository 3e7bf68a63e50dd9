/* SPDX-License-Identifier: MIT */
#include "cli/history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* False when the environment names no place. */
static bool
append_folder(struct buffer *path)
{
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");

	if (state != NULL && state[0] == '/') {
		buffer_append_string(path, state);
	} else if (home != NULL && home[0] == '/') {
		buffer_append_string(path, home);
		buffer_append_string(path, "/.local/state");
	} else {
		return false;
	}
	buffer_append_string(path, "/logstor");
	return !path->has_failed;
}

/* Makes the folder and those above it, as XDG asks: 0700. */
static void
make_folders(char *path)
{
	for (char *at = path + 1; *at != '\0'; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST) {
			*at = '/';
			return;
		}
		*at = '/';
	}
}

/* The file's path, to be freed; NULL when there is none. */
static char *
make_path(void)
{
	struct buffer path = { 0 };

	if (append_folder(&path)) {
		buffer_append_string(&path, "/history");
		buffer_append_byte(&path, '\0');
		if (!path.has_failed)
			return (char *)path.data;
	}
	buffer_finish(&path);
	return NULL;
}

void
history_load(History *entries)
{
	char *path = make_path();
	HistEvent event;

	if (path != NULL)
		history(entries, &event, H_LOAD, path);
	free(path);
}

static FILE *
open_for_writing(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *file;

	if (fd < 0)
		return NULL;
	file = fdopen(fd, "w");
	if (file == NULL)
		close(fd);
	return file;
}

/* Written aside and renamed, so that two shells that end together leave the
 * whole of one. */
void
history_save(History *entries)
{
	char *path = make_path();
	struct buffer temporary = { 0 };
	HistEvent event;
	FILE *file;

	if (path == NULL)
		return;
	make_folders(path);
	buffer_printf(&temporary, "%s.%ld", path, (long)getpid());
	buffer_append_byte(&temporary, '\0');
	if (temporary.has_failed)
		goto out;
	file = open_for_writing((const char *)temporary.data);
	if (file == NULL)
		goto out;
	history(entries, &event, H_SAVE_FP, file);
	if (fclose(file) == 0)
		rename((const char *)temporary.data, path);
	else
		unlink((const char *)temporary.data);
out:
	buffer_finish(&temporary);
	free(path);
}
