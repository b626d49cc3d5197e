#include "stepgate_regex.h"

#include <re2/re2.h>

#include <vector>

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

int stepgate_regex_groups(const stepgate_regex *regex) {
    return regex->expression.NumberOfCapturingGroups();
}

int stepgate_regex_find(const stepgate_regex *regex, const char *text, size_t count, size_t start,
                        stepgate_regex_range *ranges, size_t range_count) {
    // A null pointer would make an empty group look like one that took no part.
    const re2::StringPiece whole(text == nullptr ? "" : text, count);
    std::vector<re2::StringPiece> groups(range_count);
    if (!regex->expression.Match(whole, start, count, re2::RE2::UNANCHORED, groups.data(),
                                 static_cast<int>(range_count))) {
        return 0;
    }
    for (size_t index = 0; index < range_count; ++index) {
        const re2::StringPiece &group = groups[index];
        ranges[index].start = group.data() == nullptr ? -1 : group.data() - whole.data();
        ranges[index].end = group.data() == nullptr ? -1 : ranges[index].start
                                                        + static_cast<int64_t>(group.size());
    }
    return 1;
}

void stepgate_regex_free(stepgate_regex *regex) { delete regex; }
