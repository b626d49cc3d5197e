/// Which running exchange is to be looked at next, and when: a heap whose first is due first.
///
/// An exchange that ends leaves its entry behind until the entry is due or swept, so that ending
/// one costs nothing here.
struct Deadlines {
    typealias Instant = ContinuousClock.Instant

    struct Entry {
        let due: Instant
        let number: UInt64
    }

    private var heap: [Entry] = []

    var first: Entry? { heap.first }

    var count: Int { heap.count }

    mutating func add(_ entry: Entry) {
        heap.append(entry)
        var place = heap.count - 1
        while place > 0, heap[place].due < heap[(place - 1) / 2].due {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var place = 0
        while let child = earlierChild(of: place), heap[child].due < heap[place].due {
            heap.swapAt(place, child)
            place = child
        }
    }

    /// Drops the entries of all other exchanges.
    mutating func keep(_ isKept: (UInt64) -> Bool) {
        heap.removeAll { !isKept($0.number) }
        // A sorted array is a heap.
        heap.sort { $0.due < $1.due }
    }

    private func earlierChild(of place: Int) -> Int? {
        let left = 2 * place + 1
        guard left < heap.count else { return nil }
        let right = left + 1
        return right < heap.count && heap[right].due < heap[left].due ? right : left
    }
}
