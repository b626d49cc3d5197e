import Testing
import Values

struct JSONPointerTests {
    /// Names that begin with a character that Swift joins to the one before it.
    @Test(arguments: [["\u{301}"], ["~\u{301}", "/\u{200D}"], ["a~/b", "", "~1"], [], [""]])
    func `a pointer reads back, whatever its names begin with`(tokens: [String]) throws {
        let pointer = JSONPointer(tokens: tokens)
        #expect(
            try JSONPointer(pointer.description).tokens.map { Array($0.utf8) }
                == tokens.map { Array($0.utf8) }
        )
    }

    @Test func `marks are escaped, whatever follows them`() {
        let pointer = JSONPointer(tokens: ["~\u{301}", "/\u{301}"])
        #expect(Array(pointer.description.utf8) == Array("/~0\u{301}/~1\u{301}".utf8))
    }

    @Test(arguments: ["a", "/~", "/~2", "\u{301}/a"])
    func `a text that is no pointer is refused`(text: String) {
        #expect(throws: JSONPointerError.self) { try JSONPointer(text) }
    }

    @Test func `a value is found by the bytes of its name`() throws {
        let value: JSON = ["\u{301}": 1, "é": 2]
        #expect(value[try JSONPointer("/\u{301}")] == 1)
        #expect(value[try JSONPointer("/e\u{301}")] == nil)
    }
}
