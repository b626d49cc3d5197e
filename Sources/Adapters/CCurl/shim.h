// Lets Swift see libcurl as Debian ships it; its variadic setters need wrappers.
#include <curl/curl.h>
