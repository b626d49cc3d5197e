// Lets Swift see SQLite as Debian ships it.
#include <sqlite3.h>
