#include "version.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <lua.h>
#include <stdio.h>

int version_print(void)
{
    printf("moonmill " MOONMILL_VERSION "\ncommit %s\n%s\n" LUA_RELEASE "\ncJSON %s\n",
           MOONMILL_COMMIT, curl_version(), cJSON_Version());
    return 0;
}
