/// A programming problem whose answer is judged by running it, as in HumanEval.
public struct CodeTask: Sendable, Hashable, Codable {
    /// A stable name, such as `HumanEval/0`.
    public var id: String
    /// The beginning of the program: imports, helpers, and the function's head with its description.
    public var prompt: String
    /// Python code that defines `check(candidate)`, which raises where the candidate is wrong.
    public var test: String
    /// The function's name.
    public var entryPoint: String

    public init(id: String, prompt: String, test: String, entryPoint: String) {
        self.id = id
        self.prompt = prompt
        self.test = test
        self.entryPoint = entryPoint
    }
}
