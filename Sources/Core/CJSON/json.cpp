#include "stepgate_json.h"

#include <simdjson.h>
#include <memory>
#include <vector>

namespace {

struct Walk {
    std::vector<stepgate_json_event> &events;
    size_t depth;
    size_t limit;
    // Names of members are events too, and no values.
    size_t names = 0;

    stepgate_json_event *add(stepgate_json_kind kind, size_t count) {
        if (events.size() - names >= limit) return nullptr;
        events.push_back(stepgate_json_event{});
        events.back().kind = kind;
        events.back().count = static_cast<uint32_t>(count);
        return &events.back();
    }

    bool text(std::string_view value) {
        stepgate_json_event *event = add(STEPGATE_JSON_STRING, value.size());
        if (!event) return false;
        event->as.text = value.data();
        return true;
    }

    bool name(std::string_view value) {
        names++;
        return text(value);
    }

    bool value(simdjson::dom::element element, size_t level) {
        using simdjson::dom::element_type;
        stepgate_json_event *event = nullptr;
        switch (element.type()) {
        case element_type::NULL_VALUE: return add(STEPGATE_JSON_NULL, 0) != nullptr;
        case element_type::BOOL:
            return add(element.get_bool().value_unsafe() ? STEPGATE_JSON_TRUE : STEPGATE_JSON_FALSE,
                       0) != nullptr;
        case element_type::INT64:
            if ((event = add(STEPGATE_JSON_INT, 0)))
                event->as.integer = element.get_int64().value_unsafe();
            return event != nullptr;
        case element_type::UINT64:
            if ((event = add(STEPGATE_JSON_UINT, 0)))
                event->as.natural = element.get_uint64().value_unsafe();
            return event != nullptr;
        case element_type::DOUBLE:
            if ((event = add(STEPGATE_JSON_DOUBLE, 0)))
                event->as.number = element.get_double().value_unsafe();
            return event != nullptr;
        case element_type::STRING: return text(element.get_string().value_unsafe());
        case element_type::ARRAY: return array(element.get_array().value_unsafe(), level);
        case element_type::OBJECT: return object(element.get_object().value_unsafe(), level);
        }
        return false;
    }

    bool array(simdjson::dom::array elements, size_t level) {
        if (level >= depth) return false;
        size_t at = events.size(), count = 0;
        if (!add(STEPGATE_JSON_ARRAY, 0)) return false;
        for (simdjson::dom::element element : elements) {
            if (!value(element, level + 1)) return false;
            count++;
        }
        events[at].count = static_cast<uint32_t>(count);
        return true;
    }

    bool object(simdjson::dom::object members, size_t level) {
        if (level >= depth) return false;
        size_t at = events.size(), count = 0;
        if (!add(STEPGATE_JSON_OBJECT, 0)) return false;
        for (simdjson::dom::key_value_pair member : members) {
            if (!name(member.key) || !value(member.value, level + 1)) return false;
            count++;
        }
        events[at].count = static_cast<uint32_t>(count);
        return true;
    }
};

}  // namespace

struct Parser {
    simdjson::dom::parser parser;
    std::vector<stepgate_json_event> events;
};

// A text beyond this gets a parser that its memory leaves with.
constexpr size_t kept_bytes = 1 << 20;

const stepgate_json_event *stepgate_json_read(const char *text, size_t count, size_t depth,
                                              size_t limit, size_t *event_count) {
    static thread_local std::unique_ptr<Parser> parser;
    static thread_local bool is_large = false;
    if (!parser || is_large) parser.reset(new Parser());
    is_large = count > kept_bytes;
    simdjson::dom::element root;
    if (parser->parser.parse(text, count, true).get(root)) return nullptr;
    parser->events.clear();
    Walk walk{parser->events, depth, limit};
    if (!walk.value(root, 0)) return nullptr;
    *event_count = parser->events.size();
    return parser->events.data();
}

size_t stepgate_json_escaped_size(const uint8_t *text, size_t count) {
    size_t size = count;
    for (size_t at = 0; at < count; at++) {
        const uint8_t byte = text[at];
        const bool is_short = byte == '"' || byte == '\\' || byte == '\b' || byte == '\t' ||
                              byte == '\n' || byte == '\f' || byte == '\r';
        size += is_short ? 1 : byte < 0x20 ? 5 : 0;
    }
    return size;
}

size_t stepgate_json_escape(const uint8_t *text, size_t count, uint8_t *out) {
    static const char digits[] = "0123456789abcdef";
    uint8_t *to = out;
    for (size_t at = 0; at < count; at++) {
        const uint8_t byte = text[at];
        if (byte >= 0x20 && byte != '"' && byte != '\\') {
            *to++ = byte;
            continue;
        }
        *to++ = '\\';
        switch (byte) {
            case '"': *to++ = '"'; break;
            case '\\': *to++ = '\\'; break;
            case '\b': *to++ = 'b'; break;
            case '\t': *to++ = 't'; break;
            case '\n': *to++ = 'n'; break;
            case '\f': *to++ = 'f'; break;
            case '\r': *to++ = 'r'; break;
            default:
                *to++ = 'u';
                *to++ = '0';
                *to++ = '0';
                *to++ = digits[byte >> 4];
                *to++ = digits[byte & 15];
        }
    }
    return static_cast<size_t>(to - out);
}
