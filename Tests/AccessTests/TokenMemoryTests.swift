@testable import Access
import Testing
import Values

/// What is remembered of tokens, and for how long.
struct TokenMemoryTests {
    private let now = Instant(microseconds: 1_800_000_000_000_000)

    private func digest(_ number: Int) -> Digest { Digest(of: Array("\(number)".utf8)) }

    private func token(_ number: Int) -> AccessToken {
        AccessToken(
            id: Identifier(at: now, random: (1, UInt64(number))),
            name: "t",
            role: .agent,
            policies: nil,
            digest: digest(number),
            createdAt: now,
            expiresAt: nil
        )
    }

    @Test func `what the store said counts for a second, good or not`() {
        var memory = TokenMemory()
        #expect(memory.look(digest(1), at: now) == .unknown)
        memory.note(token(1), of: digest(1), asked: now)
        memory.note(nil, of: digest(2), asked: now)
        let late = now + .microseconds(999_999)
        #expect(memory.look(digest(1), at: late) == .fresh(token(1)))
        #expect(memory.look(digest(2), at: late) == .fresh(nil))
        #expect(memory.look(digest(1), at: now + .seconds(1)) == .seen)
        #expect(memory.look(digest(2), at: now + .seconds(1)) == .unknown)
    }

    @Test func `a clock set back makes no old word young`() {
        var memory = TokenMemory()
        memory.note(token(1), of: digest(1), asked: now)
        #expect(memory.look(digest(1), at: now - .seconds(1)) == .seen)
    }

    @Test func `a token that is gone is good no more, and one that came is`() {
        var memory = TokenMemory()
        memory.note(token(1), of: digest(1), asked: now)
        memory.note(nil, of: digest(1), asked: now)
        #expect(memory.look(digest(1), at: now) == .fresh(nil))
        memory.note(token(1), of: digest(1), asked: now)
        #expect(memory.look(digest(1), at: now) == .fresh(token(1)))
    }

    @Test func `a recent table holds what was written last and never more than twice its limit`() {
        var table = Recent<Int, Int>(limit: 10)
        for number in 0..<1_000 {
            table[number] = number
            #expect(table.count <= 20)
            for kept in max(0, number - 9)...number { #expect(table[kept] == kept) }
            table[0] = 0
        }
        #expect(table[0] == 0)
        #expect(table[500] == nil)
        table[0] = nil
        #expect(table[0] == nil)
    }
}
