/// A failure of a model or of the engine that runs it, with what to do about it.
public struct EngineError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it is; open, so that new kinds break no caller.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        public let description: String
        package init(_ description: String) { self.description = description }

        /// A file is missing, truncated or not what it should be.
        public static let badModelFile = Code("badModelFile")
        /// Two models, or a model and its description, do not fit together.
        public static let mismatch = Code("mismatch")
        /// A request cannot fit into the context.
        public static let contextOverflow = Code("contextOverflow")
        /// The reward model gave no usable score.
        public static let badScore = Code("badScore")
        /// A setting is out of range.
        public static let badSetting = Code("badSetting")
        /// The engine failed while computing.
        public static let computeFailed = Code("computeFailed")
    }

    public let code: Code
    /// What happened, naming the file or setting.
    public let message: String
    /// What the user can do about it.
    public let remedy: String

    public init(_ code: Code, _ message: String, remedy: String) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    public var description: String { remedy.isEmpty ? message : "\(message) \(remedy)" }
}
