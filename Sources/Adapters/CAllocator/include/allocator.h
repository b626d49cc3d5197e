#pragma once

/// How jemalloc works in the program that links it; read before `main`.
extern const char *malloc_conf;
