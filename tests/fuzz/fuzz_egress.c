/* A list as EXECUTOR_HTTP_ALLOW has it, then (after a line feed) a Runtime API. Whatever the list
 * says, the metadata service stays out of reach. */
#include "egress.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    char *list = mem_string((struct span){(const char *)data, size});
    char *api = strchr(list, '\n');
    if (api)
        *api++ = '\0';
    struct config config = {.http_allow = list, .runtime_api = api};
    struct egress *egress = egress_new(&config, &err);
    if (egress) {
        struct sockaddr_in metadata = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xa9fea9fe)};
        if (egress_may_connect(egress, "a.test", 80, (struct sockaddr *)&metadata, &err))
            abort();
    }
    egress_free(egress);
    mem_free(list);
    return 0;
}
