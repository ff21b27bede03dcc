/* bearer: what a token claims, taken at its word: nothing is verified. */
#ifndef MOONMILL_CLI_BEARER_H
#define MOONMILL_CLI_BEARER_H

/* A string among the claims of an executor's token ("run_id"), freed by mem_free; NULL when it is
 * no JWT with one. */
char *bearer_claim(const char *token, const char *name);

#endif
