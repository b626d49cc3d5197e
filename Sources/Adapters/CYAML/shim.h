// Lets Swift see libyaml as Debian ships it.
#include <yaml.h>
