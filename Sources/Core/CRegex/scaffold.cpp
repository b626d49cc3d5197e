#include "stepgate_regex.h"
