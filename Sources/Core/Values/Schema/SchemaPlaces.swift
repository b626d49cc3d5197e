/// Where the schemas of a document stand, each by its parent, so that a long name is kept once.
struct SchemaPlaces: Sendable {
    private struct Place {
        let parent: Int
        /// The pointer's tokens behind the parent's; for a document its address.
        let tokens: [String]
    }

    private var places: [Place] = []

    var count: Int { places.count }

    /// Adds a document by its address, which is empty for the schema's own.
    mutating func add(document address: String) -> Int {
        places.append(Place(parent: -1, tokens: [address]))
        return places.count - 1
    }

    /// Adds a schema by its tokens behind another's.
    mutating func add(_ tokens: [String], in parent: Int) -> Int {
        places.append(Place(parent: parent, tokens: tokens))
        return places.count - 1
    }

    /// The pointer of a keyword of a schema: `/properties/amount/minimum`, with the document's
    /// address and `#` before it where that is not the schema's own.
    func pointer(_ place: Int, keyword: [String] = []) -> String {
        var runs = [keyword]
        var current = place
        while places[current].parent >= 0 {
            runs.append(places[current].tokens)
            current = places[current].parent
        }
        let address = places[current].tokens.first ?? ""
        let pointer = JSONPointer(tokens: runs.reversed().flatMap(\.self)).description
        return address.isEmpty ? pointer : "\(address)#\(pointer)"
    }
}
