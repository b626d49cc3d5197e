package import Values

/// A value that a store keeps as one JSON object, written without building the object first.
package protocol Stored {
    /// Adds its members.
    func store(in form: inout StoredForm)
    /// Nothing where the JSON is not of this form.
    init?(stored: JSON)
}

extension Stored {
    /// The object as compact JSON.
    package var storedBytes: [UInt8] {
        var form = StoredForm()
        store(in: &form)
        return form.finish()
    }

    /// Reads `storedBytes`; nothing where they are not of this form.
    package init?(storedBytes: [UInt8]) {
        // A value as deep as any may be stands a few objects deeper in a row.
        let limits = JSONLimits(
            depth: Values.Limits.jsonDepth + 16,
            values: 2 * Values.Limits.jsonValues
        )
        do {
            self.init(stored: try JSON.read(storedBytes, limits: limits))
        } catch {
            return nil
        }
    }
}

/// Writes the compact JSON of an object member by member; what is nothing is left out.
///
/// Names are written as they are: they are ours and need no escapes.
package struct StoredForm: Sendable {
    private var bytes: [UInt8] = []
    private var isFirst = true

    package init() {
        bytes.reserveCapacity(512)
        bytes.append(UInt8(ascii: "{"))
    }

    /// Closes the object, to which nothing can be added then.
    package mutating func finish() -> [UInt8] {
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    private mutating func name(_ name: String) {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        bytes.append(UInt8(ascii: "\""))
        bytes += name.utf8
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
    }

    /// Adds a value as it is; null is one, too.
    package mutating func add(_ name: String, _ value: JSON?) {
        guard let value else { return }
        self.name(name)
        value.appendCompact(to: &bytes)
    }

    /// Adds a text, with the escapes it needs.
    package mutating func add(_ name: String, _ text: String?) {
        add(name, text.map(JSON.string))
    }

    /// Adds a whole number.
    package mutating func add(_ name: String, _ number: Int64?) {
        guard let number else { return }
        self.name(name)
        bytes += String(number).utf8
    }

    /// Adds a whole number.
    package mutating func add(_ name: String, _ number: Int?) { add(name, number.map(Int64.init)) }

    /// Adds an instant as its microseconds.
    package mutating func add(_ name: String, _ instant: Instant?) {
        add(name, instant?.microseconds)
    }

    /// Adds an identifier as its text.
    package mutating func add(_ name: String, _ identifier: Identifier?) {
        add(name, identifier?.description)
    }

    /// Adds a digest in hexadecimal.
    package mutating func add(_ name: String, _ digest: Digest?) { add(name, digest?.hex) }

    /// Only what is true is written.
    package mutating func add(_ name: String, _ flag: Bool) {
        if flag { add(name, JSON.bool(true)) }
    }

    /// Adds an object.
    package mutating func add(_ name: String, _ value: (any Stored)?) {
        guard let value else { return }
        self.name(name)
        addObject { value.store(in: &$0) }
    }

    /// Objects in a list; an empty one is left out.
    package mutating func add<Element>(
        _ name: String,
        _ elements: [Element],
        _ write: (Element, inout StoredForm) -> Void
    ) {
        if elements.isEmpty { return }
        self.name(name)
        bytes.append(UInt8(ascii: "["))
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            addObject { write(element, &$0) }
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private mutating func addObject(_ write: (inout StoredForm) -> Void) {
        bytes.append(UInt8(ascii: "{"))
        isFirst = true
        write(&self)
        bytes.append(UInt8(ascii: "}"))
        isFirst = false
    }
}

extension JSON {
    /// The member of that name as an integer of this machine.
    func int(_ name: String) -> Int? { self[name]?.integer.map(Int.init) }

    func text(_ name: String) -> String? { self[name]?.string }

    func instant(_ name: String) -> Instant? {
        self[name]?.integer.map { Instant(microseconds: $0) }
    }

    func identifier(_ name: String) -> Identifier? { text(name).flatMap { Identifier($0) } }

    func digest(_ name: String) -> Digest? { text(name).flatMap { Digest(hex: $0) } }

    func flag(_ name: String) -> Bool { self[name]?.bool ?? false }

    /// The member as a stored value; nothing where it is missing, `Unreadable` where it is another.
    func value<Value: Stored>(_ name: String) throws(Unreadable) -> Value? {
        guard let json = self[name] else { return nil }
        guard let value = Value(stored: json) else { throw Unreadable() }
        return value
    }

    /// The elements of a list, each read; none where the list is missing.
    func list<Value>(
        _ name: String,
        _ read: (JSON) throws(Unreadable) -> Value?
    ) throws(Unreadable) -> [Value] {
        var values: [Value] = []
        for element in self[name]?.array ?? [] {
            guard let value = try read(element) else { throw Unreadable() }
            values.append(value)
        }
        return values
    }
}

/// A member is there but is not what it should be.
struct Unreadable: Error {}
