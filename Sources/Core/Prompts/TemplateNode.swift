internal import Values

/// One piece of a parsed template.
indirect enum TemplateNode: Sendable {
    case text(String)
    case output(TemplateCall)
    case block(Block)
    case partial(String, context: TemplateOperand?, hash: [(String, TemplateOperand)])

    struct Block: Sendable {
        let call: TemplateCall
        let body: [TemplateNode]
        let otherwise: [TemplateNode]
        /// Names for the element and its index: `as |item index|`.
        let parameters: [String]
    }
}

/// What stands between double braces: a name with its arguments.
struct TemplateCall: Sendable {
    let name: TemplateOperand
    let arguments: [TemplateOperand]
    let hash: [(String, TemplateOperand)]
    let range: SourceRange
}

indirect enum TemplateOperand: Sendable {
    case literal(JSON)
    case path(TemplatePath)
    case call(TemplateCall)

    var path: TemplatePath? {
        if case .path(let path) = self { path } else { nil }
    }
}

/// A place in the data: `a.b`, `this`, `../a`, `@key`.
struct TemplatePath: Sendable {
    /// How many contexts up.
    let up: Int
    /// Begins with `@`: data beside the input.
    let isData: Bool
    let names: [String]
    let range: SourceRange

    /// The one name that may also be a helper's.
    var simpleName: String? { up == 0 && !isData && names.count == 1 ? names[0] : nil }
}
