/* SPDX-License-Identifier: MIT
 *
 * The statements that CQL (or a later logstor) has and this logstor doesn't,
 * known by their first words. */
#ifndef PARSER_UNSUPPORTED_H
#define PARSER_UNSUPPORTED_H

#include "parser/lexer.h"

/* The words in capitals when the lexer stands before such a statement, else
 * null.  Static.  ${end} is where the last of them ends. */
struct slice unsupported_find(const struct lexer *lexer, const uint8_t **end);

#endif
