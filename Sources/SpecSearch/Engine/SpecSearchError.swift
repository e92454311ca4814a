/// A failure, with what to do about it: the one error type of all modules.
///
/// ```swift
/// throw SpecSearchError(.badSetting, "The beam has 0 paths.", remedy: "Use 1 or more.")
/// ```
/// Code outside this package throws it too, with the codes here or its own.
public struct SpecSearchError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of failure; open, so that new kinds break no caller.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// The code's name, as records and metrics show it.
        public let description: String

        /// A code by its name, which is to be unique.
        public init(_ description: String) { self.description = description }

        /// A file is missing, truncated or not what it should be.
        public static let badModelFile = Code("badModelFile")
        /// Two models, or a model and its description, do not fit together.
        public static let mismatch = Code("mismatch")
        /// A text does not fit into a model's context.
        public static let contextOverflow = Code("contextOverflow")
        /// What is asked for at once does not fit into an engine's memory, though each part of it may.
        public static let cacheOverflow = Code("cacheOverflow")
        /// The reward model gave no usable score.
        public static let badScore = Code("badScore")
        /// A setting is out of range, unknown, or does not apply.
        public static let badSetting = Code("badSetting")
        /// An engine failed while computing.
        public static let computeFailed = Code("computeFailed")
        /// A model cannot do what its role in the search needs.
        public static let unsupported = Code("unsupported")
        /// No server answered, for longer than a call may wait.
        public static let unavailable = Code("unavailable")
        /// A server refused the key.
        public static let unauthorized = Code("unauthorized")
        /// A trace or a record cannot be read.
        public static let badTrace = Code("badTrace")
        /// A file or stream could not be read or written.
        public static let ioFailed = Code("ioFailed")
    }

    /// The kind of failure.
    public let code: Code
    /// The failure in words, naming the file or setting.
    public let message: String
    /// The remedy, which the user can apply; empty where nothing helps.
    public let remedy: String

    public init(_ code: Code, _ message: String, remedy: String = "") {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    public var description: String { remedy.isEmpty ? message : "\(message) \(remedy)" }
}
