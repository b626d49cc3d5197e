import Decisions
import Foundation
import Testing
import Values
import Webhooks

struct WebhookMessageTests {
    private let decision = Identifier(high: 1, low: 2)
    private let token = Identifier(high: 3, low: 4)
    private let store = [UInt8](repeating: 9, count: 32)
    private let start = Instant(microseconds: 1_800_000_000_123_456)

    @Test func `the published example of Standard Webhooks has its signature`() throws {
        let key = try #require(Data(base64Encoded: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        let text = #"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}"#
        let mac = hmac(key: [UInt8](key), message: Array(text.utf8))
        #expect(mac.bytes.base64 == "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }

    @Test func `a receiver that knows its secret finds the signature right`() throws {
        let message = WebhookMessage(of: decision, .decided, at: start, ["output": ["a": 1]])
        let secret = WebhookSecret(store: store, token: token)
        let sent = message.headers(at: start + .seconds(9), secret: secret)
        let headers = Dictionary(uniqueKeysWithValues: sent.map { ($0.name, $0.value) })
        #expect(headers["content-type"] == "application/json")
        #expect(headers["webhook-id"] == "\(decision)_decided")
        #expect(headers["webhook-timestamp"] == "1800000009")
        #expect(secret.shown.hasPrefix("whsec_"))
        let key = try #require(Data(base64Encoded: String(secret.shown.dropFirst(6))))
        #expect(key.count == 32)
        let signed =
            Array("\(headers["webhook-id"] ?? "").\(headers["webhook-timestamp"] ?? "").".utf8)
            + message.body
        let mac = hmac(key: [UInt8](key), message: signed)
        #expect(headers["webhook-signature"] == "v1,\(Data(mac.bytes).base64EncodedString())")
    }

    @Test func `the body says what happened, when and to what, and is the same for each attempt`()
        throws
    {
        let result: JSON = ["decision": .string(decision.description), "output": ["a": 1]]
        let message = WebhookMessage(of: decision, .rejected, at: start, result)
        #expect(
            try JSON.read(message.body) == [
                "type": "decision.rejected", "timestamp": .string(start.rfc3339), "data": result,
            ]
        )
        #expect(message == WebhookMessage(of: decision, .rejected, at: start, result))
        #expect(!message.id.contains("."), "a full stop parts the signed text")
    }

    @Test func `a message has at most so many bytes; beyond them it says only where to look`()
        throws
    {
        func message(_ length: Int) -> WebhookMessage {
            let result: JSON = ["output": .string(String(repeating: "x", count: length))]
            return WebhookMessage(of: decision, .decided, at: start, result)
        }
        let room = Limits.messageBytes - message(0).body.count
        #expect(message(room).body.count == Limits.messageBytes)
        let thin = try JSON.read(message(room + 1).body)
        #expect(thin["type"] == "decision.decided")
        #expect(
            thin["data"] == [
                "decision": .string(decision.description),
                "location": .string("/v1/decisions/\(decision)"),
            ]
        )
    }

    @Test func `each token has a secret of its own, and none shows itself by accident`() {
        let secret = WebhookSecret(store: store, token: token)
        let other = WebhookSecret(store: store, token: decision)
        #expect(secret.shown != other.shown)
        #expect(secret.shown != WebhookSecret(store: [1], token: token).shown)
        let told = "\(secret) \(String(reflecting: secret)) \(Optional(secret) as Any)"
        #expect(!told.contains(secret.shown.dropFirst(6)))
        #expect(!told.contains("whsec_"))
    }

    @Test(arguments: ["", "f", "fo", "foo", "foob", "fooba", "foobar"])
    func `base64 is that of RFC 4648`(_ text: String) {
        #expect(Array(text.utf8).base64 == Data(text.utf8).base64EncodedString())
    }
}
