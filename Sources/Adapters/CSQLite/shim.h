// Lets Swift see SQLite as Debian ships it.
#include <sqlite3.h>

// Has the log of writes left as it is when the connection closes. Swift cannot call the function,
// which takes what its second argument says.
static inline int stepgate_sqlite_keep_log(sqlite3 *connection) {
    return sqlite3_db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}
