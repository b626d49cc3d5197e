import Reviews
import TestSupport
import Testing
import Values

struct ReviewTests {
    private let start = Instant(microseconds: 0)
    private let draft = Digest(of: [1])
    private let other = Digest(of: [2])

    private func review(
        approvals: Int = 1,
        fourEyes: Bool = false,
        draft: Digest? = Digest(of: [1])
    ) -> Review {
        Review(
            id: Identifier(high: 1, low: 1),
            kind: .decision,
            decision: Identifier(high: 1, low: 2),
            policy: "p",
            terms: .init(
                queue: "q",
                due: .seconds(60),
                approvals: approvals,
                lease: .seconds(10),
                fourEyes: fourEyes
            ),
            reason: "r",
            because: "b",
            requester: "ann",
            openedAt: start,
            candidate: draft
        )
    }

    @Test func `one approval settles a review of one seat`() throws {
        var review = review()
        #expect(try review.conclude(.approve(draft), by: "bob", at: start) == .settled)
        #expect(review.state == .settled)
        #expect(throws: ReviewRefusal.notOpen(.settled)) { try review.claim(by: "eve", at: start) }
    }

    @Test func `a claimed seat is taken until its lease ends`() throws {
        var review = review()
        _ = try review.claim(by: "bob", at: start)
        let until = start + .seconds(10)
        #expect(throws: ReviewRefusal.taken(by: "bob", until: until)) {
            try review.claim(by: "eve", at: start + .seconds(9))
        }
        _ = try review.claim(by: "eve", at: until)
        #expect(review.held(at: until).map(\.person) == ["eve"])
    }

    @Test func `a verdict after the lease counts while nobody claimed since`() throws {
        var alone = review()
        _ = try alone.claim(by: "bob", at: start)
        #expect(
            try alone.conclude(.approve(draft), by: "bob", at: start + .seconds(99)) == .settled
        )
        var taken = review()
        _ = try taken.claim(by: "bob", at: start)
        _ = try taken.claim(by: "eve", at: start + .seconds(20))
        #expect(throws: ReviewRefusal.taken(by: "eve", until: start + .seconds(30))) {
            try taken.conclude(.approve(draft), by: "bob", at: start + .seconds(21))
        }
    }

    @Test func `two seats need two people`() throws {
        var review = review(approvals: 2)
        #expect(try review.conclude(.approve(draft), by: "bob", at: start) == .counted(missing: 1))
        #expect(throws: ReviewRefusal.alreadyApproved) {
            try review.conclude(.approve(draft), by: "bob", at: start)
        }
        #expect(try review.conclude(.approve(draft), by: "eve", at: start) == .settled)
    }

    @Test func `an edit resets the approvals of the draft`() throws {
        var review = review(approvals: 2)
        _ = try review.conclude(.approve(draft), by: "bob", at: start)
        #expect(try review.conclude(.edit(other), by: "eve", at: start) == .counted(missing: 1))
        #expect(review.candidate == other)
        #expect(throws: ReviewRefusal.candidateChanged) {
            try review.conclude(.approve(draft), by: "bob", at: start)
        }
        #expect(try review.conclude(.approve(other), by: "bob", at: start) == .settled)
    }

    @Test func `without a draft a person decides, and the next approves that`() throws {
        var review = review(approvals: 2, draft: nil)
        #expect(throws: ReviewRefusal.noDraft) {
            try review.conclude(.approve(draft), by: "bob", at: start)
        }
        _ = try review.conclude(.decide(other), by: "bob", at: start)
        #expect(throws: ReviewRefusal.hasDraft) {
            try review.conclude(.decide(draft), by: "eve", at: start)
        }
        #expect(try review.conclude(.approve(other), by: "eve", at: start) == .settled)
    }

    @Test func `one rejection settles it, whatever the seats`() throws {
        var review = review(approvals: 3)
        #expect(try review.conclude(.reject, by: "bob", at: start) == .rejected)
        #expect(review.state == .settled)
    }

    @Test func `with four eyes the requester may neither claim nor decide`() throws {
        var review = review(fourEyes: true)
        #expect(throws: ReviewRefusal.requester) { try review.claim(by: "ann", at: start) }
        #expect(throws: ReviewRefusal.requester) { try review.reassign(to: "ann") }
    }

    @Test func `an assigned review is its assignee's, and can be given back to anyone`() throws {
        var review = review()
        _ = try review.claim(by: "bob", at: start)
        _ = try review.reassign(to: "eve")
        #expect(throws: ReviewRefusal.assigned(to: "eve")) {
            try review.claim(by: "bob", at: start)
        }
        _ = try review.reassign(to: nil)
        _ = try review.claim(by: "bob", at: start)
        #expect(try review.release(by: "bob") == .released)
        #expect(throws: ReviewRefusal.holdsNoClaim) { try review.release(by: "bob") }
    }

    @Test(arguments: SeededGenerator.seeds)
    func
        `whatever people do, seats, approvals and the candidate agree`(seed: UInt64) throws
    {
        var generator = SeededGenerator(seed: seed)
        let people = ["ann", "bob", "eve", "joe"]
        for _ in 0..<50 {
            let approvals = Int.random(in: 1...3, using: &generator)
            var review = review(
                approvals: approvals,
                fourEyes: Bool.random(using: &generator),
                draft: Bool.random(using: &generator) ? draft : nil
            )
            var now = start
            for _ in 0..<30 {
                now = now + .seconds(Int64.random(in: 0...6, using: &generator))
                let person = people[Int.random(in: 0..<4, using: &generator)]
                let before = review
                do {
                    switch Int.random(in: 0..<6, using: &generator) {
                    case 0: _ = try review.claim(by: person, at: now)
                    case 1: _ = try review.release(by: person)
                    case 2:
                        let seen = review.candidate ?? draft
                        _ = try review.conclude(.approve(seen), by: person, at: now)
                    case 3: _ = try review.conclude(.edit(other), by: person, at: now)
                    case 4: _ = try review.conclude(.decide(other), by: person, at: now)
                    default: _ = try review.reassign(to: nil)
                    }
                } catch {
                    #expect(review == before, "a refused act changes nothing")
                }
                #expect(review.seats.count <= approvals)
                #expect(Set(review.seats.map(\.person)).count == review.seats.count)
                #expect(
                    review.seats.allSatisfy {
                        $0.approved == nil || $0.approved == review.candidate
                    }
                )
                #expect((review.state == .settled) == (review.approvals == approvals))
                #expect(Review(json: review.json) == review)
            }
        }
    }
}
