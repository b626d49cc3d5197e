#include "stepgate_regex.h"

#include <re2/re2.h>

struct stepgate_regex {
    re2::RE2 expression;
    stepgate_regex(const re2::StringPiece &pattern, const re2::RE2::Options &options)
        : expression(pattern, options) {}
};

static re2::RE2::Options options_for(int64_t memory) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(memory);
    return options;
}

stepgate_regex *stepgate_regex_new(const char *pattern, size_t count, int64_t memory) {
    return new stepgate_regex(re2::StringPiece(pattern, count), options_for(memory));
}

const char *stepgate_regex_error(const stepgate_regex *regex) {
    return regex->expression.ok() ? nullptr : regex->expression.error().c_str();
}

int stepgate_regex_matches(const stepgate_regex *regex, const char *text, size_t count) {
    return re2::RE2::PartialMatch(re2::StringPiece(text, count), regex->expression) ? 1 : 0;
}

void stepgate_regex_free(stepgate_regex *regex) { delete regex; }
