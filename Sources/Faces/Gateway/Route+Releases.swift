internal import Access
internal import Values

extension Route {
    static let releases: [Route] = [
        Route(
            method: "GET",
            path: "/v1/releases",
            roles: [.operator, .admin],
            operation: "listReleases",
            tag: .releases,
            summary: "The releases kept, the last first, and which is live.",
            answers: [
                Answer(
                    status: 200,
                    description: "All of them, and what was promoted when.",
                    schema: Components.ref("Releases")
                )
            ],
            handler: { gateway, _ async throws(Problem) in try await gateway.releases() }
        ),
        Route(
            method: "POST",
            path: "/v1/releases/{release}:promote",
            roles: [.admin],
            operation: "promoteRelease",
            tag: .releases,
            summary: "Makes a kept release live, without a restart.",
            detail: "New steps are decided under it at once; what was begun is finished under the "
                + "release it was begun under.",
            names: [.release],
            body: .nothing,
            answers: [
                Answer(
                    status: 200,
                    description: "It is live.",
                    schema: Components.ref("Promotion")
                )
            ],
            faults: [.refused, .broken],
            handler: { gateway, call async throws(Problem) in try await gateway.promote(call) }
        ),
        Route(
            method: "DELETE",
            path: "/v1/releases/{release}",
            roles: [.admin],
            operation: "removeRelease",
            tag: .releases,
            summary: "Takes a release out of the store that nothing needs any more.",
            detail:
                "Refused for what is live, for what the next rollback returns to, and while live "
                + "runs, decisions being asked or open reviews are of it; the detail names them. What "
                + "was decided under it stays explained by the log.",
            names: [.release],
            answers: [
                Answer(
                    status: 200,
                    description: "It is removed.",
                    schema: Components.ref("Removal")
                )
            ],
            faults: [.refused],
            handler: { gateway, call async throws(Problem) in
                try await gateway.removeRelease(call)
            }
        ),
        Route(
            method: "POST",
            path: "/v1/releases:rollback",
            roles: [.admin],
            operation: "rollbackRelease",
            tag: .releases,
            summary: "Goes back to the release that was live before.",
            body: .nothing,
            answers: [
                Answer(
                    status: 200,
                    description: "The release before is live again.",
                    schema: Components.ref("Promotion")
                )
            ],
            faults: [.refused, .broken],
            handler: { gateway, call async throws(Problem) in try await gateway.rollback(call) }
        ),
    ]
}

extension Route.Parameter {
    static let release = Self(
        name: "release",
        schema: Form.setting(
            "pattern",
            "^[0-9a-fA-F]{6,64}$",
            Form.text("A release's name, or how it begins.", "9f86d081884c")
        ),
        description: "the release"
    )
}
