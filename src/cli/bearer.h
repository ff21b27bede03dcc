/* bearer: what a token claims, taken at its word: nothing is verified. */
#ifndef MOONMILL_CLI_BEARER_H
#define MOONMILL_CLI_BEARER_H

/* The run_id that an executor's token claims, freed by mem_free; NULL when it is no JWT with one.
 */
char *bearer_run_id(const char *token);

#endif
