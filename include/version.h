/* version: which moonmill this is: its number, the commit it was built from, and the libraries that
 * it runs with, each by its own word. */
#ifndef MOONMILL_VERSION_H
#define MOONMILL_VERSION_H

/* Prints it on stdout, a line each; 0, the exit status of --version. */
int version_print(void);

#endif
