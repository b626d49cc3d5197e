// Lets Swift see libmicrohttpd as Debian ships it; its variadic start needs a wrapper.
#include <microhttpd.h>
