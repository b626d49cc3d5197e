/// The network extension: addresses and networks.
enum Networks {
    static let functions: [String: LibraryFunction] = [
        "ip": .reading { (arguments, frame) throws(EvaluationError) in
            try arguments.expect(1...1, "ip")
            return .network(
                NetworkValue(.address(try address(try arguments.text(0, "ip"), &frame)))
            )
        },
        "cidr": .reading { (arguments, frame) throws(EvaluationError) in
            try arguments.expect(1...1, "cidr")
            return .network(
                NetworkValue(.network(try network(try arguments.text(0, "cidr"), &frame)))
            )
        },
        "isIP": isRight("isIP") { (text, frame) throws(EvaluationError) in
            _ = try address(text, &frame)
        },
        "isCIDR": isRight("isCIDR") { (text, frame) throws(EvaluationError) in
            _ = try network(text, &frame)
        },
        "ip.isCanonical": .reading { (arguments, frame) throws(EvaluationError) in
            try arguments.expect(1...1, "ip.isCanonical")
            let text = try arguments.text(0, "ip.isCanonical")
            return .bool(try address(text, &frame).text == text)
        },
    ]

    static let methods: [String: LibraryFunction] = [
        "family": part("family") { .int($0.isVersion4 ? 4 : 6) },
        "isUnspecified": part("isUnspecified") { .bool($0.isUnspecified) },
        "isLoopback": part("isLoopback") { .bool($0.isLoopback) },
        "isGlobalUnicast": part("isGlobalUnicast") { .bool($0.isGlobalUnicast) },
        "isLinkLocalMulticast": part("isLinkLocalMulticast") { .bool($0.isLinkLocalMulticast) },
        "isLinkLocalUnicast": part("isLinkLocalUnicast") { .bool($0.isLinkLocalUnicast) },
        "containsIP": .reading { (arguments, frame) throws(EvaluationError) in
            try arguments.expect(2...2, "containsIP")
            let network = try network(arguments, "containsIP")
            switch arguments[1] {
            case .string(let text): return .bool(network.contains(try address(text, &frame)))
            default: return .bool(network.contains(try address(arguments, 1, "containsIP")))
            }
        },
        "containsCIDR": .reading { (arguments, frame) throws(EvaluationError) in
            try arguments.expect(2...2, "containsCIDR")
            let outer = try network(arguments, "containsCIDR")
            switch arguments[1] {
            case .string(let text): return .bool(outer.contains(try network(text, &frame)))
            case .network(let value):
                guard case .network(let inner) = value.content else { break }
                return .bool(outer.contains(inner))
            default: break
            }
            throw Library.noOverload("containsCIDR", arguments)
        },
        "ip": LibraryFunction { (arguments, _) throws(EvaluationError) in
            try arguments.expect(1...1, "ip")
            return .network(NetworkValue(.address(try network(arguments, "ip").address)))
        },
        "masked": LibraryFunction { (arguments, _) throws(EvaluationError) in
            try arguments.expect(1...1, "masked")
            return .network(NetworkValue(.network(try network(arguments, "masked").masked)))
        },
        "prefixLength": LibraryFunction { (arguments, _) throws(EvaluationError) in
            try arguments.expect(1...1, "prefixLength")
            return .int(Int64(try network(arguments, "prefixLength").length))
        },
    ]

    private static func isRight(
        _ name: String,
        _ read:
            @escaping @Sendable (String, inout Frame) throws(EvaluationError) -> Void
    ) -> LibraryFunction {
        .reading { (arguments, frame) throws(EvaluationError) in
            try arguments.expect(1...1, name)
            let text = try arguments.text(0, name)
            do throws(EvaluationError) {
                try read(text, &frame)
                return .bool(true)
            } catch {
                if error.isFinal { throw error }
                return .bool(false)
            }
        }
    }

    private static func part(
        _ name: String,
        _ part: @escaping @Sendable (IPAddress) -> ExpressionValue
    ) -> LibraryFunction {
        LibraryFunction { (arguments, _) throws(EvaluationError) in
            try arguments.expect(1...1, name)
            return part(try address(arguments, 0, name))
        }
    }

    private static func address(
        _ arguments: [ExpressionValue],
        _ index: Int,
        _ name: String
    ) throws(EvaluationError) -> IPAddress {
        guard case .network(let value) = arguments[index],
            case .address(let address) = value.content
        else { throw Library.noOverload(name, arguments) }
        return address
    }

    private static func network(
        _ arguments: [ExpressionValue],
        _ name: String
    ) throws(EvaluationError) -> IPNetwork {
        guard case .network(let value) = arguments[0], case .network(let network) = value.content
        else { throw Library.noOverload(name, arguments) }
        return network
    }

    private static func address(
        _ text: String,
        _ frame: inout Frame
    ) throws(EvaluationError) -> IPAddress {
        try frame.read(text.utf8.count)
        do throws(IPAddress.Problem) {
            return try IPAddress(text)
        } catch {
            throw problem(error, "an IP address")
        }
    }

    private static func network(
        _ text: String,
        _ frame: inout Frame
    ) throws(EvaluationError) -> IPNetwork {
        try frame.read(text.utf8.count)
        do throws(IPAddress.Problem) {
            return try IPNetwork(text)
        } catch {
            throw problem(error, "a network in CIDR notation")
        }
    }

    private static func problem(_ problem: IPAddress.Problem, _ what: String) -> EvaluationError {
        let message =
            switch problem {
            case .syntax: "the text is not \(what)"
            case .zone: "\(what) has no zone here"
            case .mapped: "an IPv4 address is not written in an IPv6 address here"
            }
        return EvaluationError(.invalidArgument, message)
    }
}
