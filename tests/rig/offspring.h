/* offspring: the processes whose parent we are. */
#ifndef MOONMILL_RIG_OFFSPRING_H
#define MOONMILL_RIG_OFFSPRING_H

#include <stddef.h>

/* All of them, dead but unburied ones too. */
size_t offspring_count(void);
/* Those that live; each (or NULL) is told each one's id, as /proc spells it. */
size_t offspring_living(void (*each)(void *arg, const char *pid), void *arg);

#endif
