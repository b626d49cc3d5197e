import Values

/// Holds that every diagnostic stands inside the text it is about, and can be shown.
func holdPlaces(_ diagnostics: [Diagnostic], in texts: [String: [UInt8]]) {
    for diagnostic in diagnostics {
        hold(!diagnostic.message.isEmpty, "a diagnostic says nothing")
        hold(diagnostic.length > 0, "'\(diagnostic.message)' underlines nothing")
        guard let bytes = texts[diagnostic.file] else {
            // What is missing is told of by its name.
            continue
        }
        let place = diagnostic.position
        hold(place.offset <= bytes.count, "'\(diagnostic.message)' stands behind the text")
        let before = bytes.prefix(place.offset)
        hold(
            place.line == before.count { $0 == 0x0A } + 1,
            "'\(diagnostic.message)' is said to be on line \(place.line)"
        )
        let column = before.reversed().prefix { $0 != 0x0A }.count { $0 & 0xC0 != 0x80 } + 1
        hold(place.column == column, "'\(diagnostic.message)' is in column \(column)")
        // A place may be the line's end, which is no part of the excerpt: a return, or nothing.
        hold(
            diagnostic.length + place.column <= diagnostic.excerpt.unicodeScalars.count + 3,
            "'\(diagnostic.message)' is underlined beyond its line"
        )
        hold(!diagnostic.rendered.isEmpty, "a diagnostic shows nothing")
    }
}

extension Diagnostics {
    /// The same for what is wrong with one text.
    func holdPlaces(in bytes: [UInt8], named name: String) {
        hold(!list.isEmpty, "refused without a reason")
        hold(list.contains { $0.severity == .error }, "refused by warnings only")
        for diagnostic in list {
            hold(diagnostic.file == name, "a diagnostic names '\(diagnostic.file)'")
        }
        FuzzTargets.holdPlaces(list, in: [name: bytes])
    }
}
