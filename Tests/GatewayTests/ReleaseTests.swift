import Access
import Autonomy
import Decisions
import Engine
import Gateway
import TestSupport
import Testing
import Values

/// What is live, over HTTP.
struct ReleaseTests {
    private func kept(_ text: String, _ world: GatewayWorld) async throws -> Digest {
        let release = Release(files: ["stepgate.yaml": Array(text.utf8)])
        return try await world.releases.keep(release, text: text, by: "ada").release
    }

    @Test func `an admin promotes and rolls back, others look at most`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            let (first, second) = (try await kept("a", world), try await kept("b", world))
            for role in [Role.agent, .reviewer, .operator] {
                let path = "/v1/releases/\(first.hex):promote"
                #expect(try await world.send("POST", path, as: role).status == 403)
                #expect(
                    try await world.send("POST", "/v1/releases:rollback", as: role).status == 403
                )
            }
            #expect(try await world.send("GET", "/v1/releases", as: .agent).status == 403)
            let none = try await world.send("POST", "/v1/releases:rollback", as: .admin)
            #expect(none.status == 409)
            for release in [first, second] {
                let path = "/v1/releases/\(release.hex.prefix(12)):promote"
                let answer = try await world.send("POST", path, as: .admin)
                #expect(answer.status == 200)
                #expect(answer.body["release"]?.string == release.hex)
                #expect(answer.headers["stepgate-release"]?.hasSuffix("; promoted") == true)
            }
            let back = try await world.send("POST", "/v1/releases:rollback", as: .admin)
            #expect(back.body["release"]?.string == first.hex)
            #expect(back.headers["stepgate-release"]?.hasSuffix("; rolled_back") == true)
            let list = try await world.send("GET", "/v1/releases", as: .operator)
            #expect(list.body["live"]?.string == first.hex)
            #expect(list.body["promotions"]?.array?.count == 3)
            #expect(list.body["releases"]?.array?.count == 2)
        }
    }

    @Test func `an admin removes what nothing needs, and is told what is needed`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            let (first, second) = (try await kept("a", world), try await kept("b", world))
            let third = try await kept("c", world)
            for release in [first, second] {
                _ = try await world.releases.promote(release, by: "ada")
            }
            for role in [Role.agent, .reviewer, .operator] {
                let answer = try await world.send("DELETE", "/v1/releases/\(third.hex)", as: role)
                #expect(answer.status == 403)
            }
            for (release, why) in [(first, "rollback returns to it"), (second, "It is live")] {
                let path = "/v1/releases/\(release.hex.prefix(12))"
                let refused = try await world.send("DELETE", path, as: .admin)
                #expect(refused.status == 409)
                #expect(refused.body["detail"]?.string?.contains(why) == true)
            }
            let gone = try await world.send("DELETE", "/v1/releases/\(third.hex)", as: .admin)
            #expect(gone.status == 200)
            #expect(gone.body["release"]?.string == third.hex)
            #expect(gone.body["person"] == "admin")
            let again = try await world.send("DELETE", "/v1/releases/\(third.hex)", as: .admin)
            #expect(again.status == 404)
            let list = try await world.send("GET", "/v1/releases", as: .operator)
            #expect(list.body["releases"]?.array?.count == 2)
        }
    }

    @Test func `a release that is not there is not found, and no name is no name`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            let path = "/v1/releases/\(Digest.zero.hex):promote"
            #expect(try await world.send("POST", path, as: .admin).status == 404)
            let odd = try await world.send("POST", "/v1/releases/zebra:promote", as: .admin)
            #expect(odd.status == 404)
        }
    }
}
