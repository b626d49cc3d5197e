/// The bounds of what the practice model is asked, those of OpenAI's interface where it has one.
enum Limits {
    static let bodyBytes = 4 << 20
    static let samples: ClosedRange<Int64> = 1...128
    static let alternatives: ClosedRange<Int64> = 0...20
    static let questions = 1...400
    static let choices = 2...255
    /// Required members are filled in down to this depth of a schema.
    static let schemaDepth = 16
}
