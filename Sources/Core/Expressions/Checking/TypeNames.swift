/// Names that stand for types.
enum TypeNames {
    static func type(_ name: String) -> ExpressionType? {
        switch name {
        case "bool": .bool
        case "int": .int
        case "uint": .uint
        case "double": .double
        case "string": .string
        case "bytes": .bytes
        case "list": .list(.dyn)
        case "map": .map(.dyn, .dyn)
        case "null_type": .null
        case "type": .type(.dyn)
        case "google.protobuf.Timestamp": .timestamp
        case "google.protobuf.Duration": .duration
        case "optional_type": .optional(.dyn)
        case "net.IP": .address
        case "net.CIDR": .network
        default: nil
        }
    }
}
