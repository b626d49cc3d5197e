#include "stepgate_json.h"
