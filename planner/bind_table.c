/* SPDX-License-Identifier: MIT */
#include "planner/schema.h"
#include "planner/suggestion.h"

bool
bind_hint_keyspace(struct logstor_session *session, struct slice name,
		   struct error *error)
{
	const struct keyspace *keyspace =
		session->database->catalog.keyspaces;
	struct suggestion suggestion = suggestion_make(name);

	for (; keyspace != NULL; keyspace = keyspace->next)
		suggestion_offer(&suggestion, keyspace->name);
	return suggestion_hint(&suggestion, error);
}

int
bind_refuse_no_keyspace(struct logstor_session *session,
			struct ast_place place, struct error *error)
{
	const struct keyspace *first = session->database->catalog.keyspaces;
	int result = error_at(error, ERROR_INVALID, place.start, place.size,
			      "No keyspace has been specified. USE a "
			      "keyspace, or explicitly specify "
			      "keyspace.tablename");

	if (first != NULL)
		error_hint(error, "for example: USE %.*s;",
			   SLICE_ARGUMENTS(first->name));
	else
		error_hint(error, "there is none yet: CREATE KEYSPACE name; "
			   "USE name;");
	return result;
}

int
bind_keyspace(struct logstor_session *session, const struct ast_name *name,
	      struct keyspace **keyspace, struct error *error)
{
	int result;

	*keyspace = catalog_find_keyspace(&session->database->catalog,
					  name->text);
	if (*keyspace != NULL)
		return 0;
	result = error_at(error, ERROR_INVALID, name->place.start,
			  name->place.size, "Keyspace %.*s does not exist",
			  SLICE_ARGUMENTS(name->text));
	bind_hint_keyspace(session, name->text, error);
	return result;
}

/* First a similar name here, then the same name elsewhere. */
static int
refuse_table(struct logstor_session *session, const struct keyspace *keyspace,
	     const struct ast_name *name, struct error *error)
{
	const struct catalog *catalog = &session->database->catalog;
	const struct keyspace *other = catalog->keyspaces;
	struct suggestion suggestion = suggestion_make(name->text);
	int result = error_at(error, ERROR_INVALID, name->place.start,
			      name->place.size, "unconfigured table %.*s",
			      SLICE_ARGUMENTS(name->text));

	for (const struct table *table = keyspace->tables; table != NULL;
	     table = table->next)
		suggestion_offer(&suggestion, table->name);
	if (suggestion_hint(&suggestion, error))
		return result;
	for (; other != NULL; other = other->next)
		if (catalog_find_table(catalog, other->name, name->text)) {
			error_hint(error, "did you mean '%.*s.%.*s'?",
				   SLICE_ARGUMENTS(other->name),
				   SLICE_ARGUMENTS(name->text));
			break;
		}
	return result;
}

int
bind_table(struct logstor_session *session,
	   const struct ast_qualified_name *name, struct table **table,
	   struct error *error)
{
	struct ast_name keyspace_name = name->keyspace;
	struct keyspace *keyspace;
	int result;

	if (slice_is_null(keyspace_name.text)) {
		keyspace_name.text = session_keyspace(session);
		keyspace_name.place = name->name.place;
	}
	if (slice_is_null(keyspace_name.text))
		return bind_refuse_no_keyspace(session, name->name.place,
					       error);
	result = bind_keyspace(session, &keyspace_name, &keyspace, error);
	if (result < 0)
		return result;
	*table = catalog_find_table(&session->database->catalog,
				    keyspace->name, name->name.text);
	if (*table == NULL)
		return refuse_table(session, keyspace, &name->name, error);
	return 0;
}
