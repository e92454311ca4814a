internal import Foundation
internal import MathGrading

extension CodeTask {
    /// The program that judges a completion: HumanEval's order of prompt, completion, test and call.
    public func program(completion: String) -> String {
        "\(prompt)\(completion)\n\(test)\ncheck(\(entryPoint))\n"
    }

    /// The program that judges a model's whole answer: from its code block if there is one, else from the answer as it
    /// stands, as a continuation of the prompt.
    ///
    /// Of several blocks the last one that defines the function counts, else the first; a block without its closing
    /// fence goes to the end. Code that defines the function follows what the prompt has before it (imports, helpers);
    /// other code is the function's body.
    public func program(answer: String) -> String {
        let answer = answer.replacingOccurrences(of: "\r\n", with: "\n")
        let blocks = FencedCode(answer).blocks.map(\.code)
        guard let code = blocks.last(where: defines) ?? blocks.first else {
            return defines(answer) ? whole(fromDefinition(answer)) : program(completion: Self.body(answer))
        }
        return defines(code) ? whole(code) : program(completion: Self.indented(code))
    }

    private func whole(_ code: String) -> String { "\(preamble)\n\(code)\n\(test)\ncheck(\(entryPoint))\n" }

    /// The prompt up to the function's head.
    private var preamble: String {
        prompt.split(separator: "\n", omittingEmptySubsequences: false).prefix { !isHead($0) }.joined(separator: "\n")
    }

    private func isHead(_ line: Substring) -> Bool {
        line.hasPrefix("def \(entryPoint)(") || line.hasPrefix("async def \(entryPoint)(")
    }

    private func defines(_ code: String) -> Bool { code.split(separator: "\n").contains(where: isHead) }

    /// An unfenced answer from its first import or definition on.
    private func fromDefinition(_ answer: String) -> String {
        let lines = answer.split(separator: "\n", omittingEmptySubsequences: false)
        let starts = ["import ", "from ", "def ", "class ", "async def ", "@"]
        return lines.drop { line in !starts.contains { line.hasPrefix($0) } }.joined(separator: "\n")
    }

    /// A raw continuation up to where the function ends, since models go on with other code.
    ///
    /// The stops are those of Chen et al. 2021.
    private static func body(_ answer: String) -> String {
        let stops = ["class ", "def ", "#", "if ", "print(", "@"]
        let lines = answer.split(separator: "\n", omittingEmptySubsequences: false)
        let end = lines.dropFirst().firstIndex { line in stops.contains { line.hasPrefix($0) } } ?? lines.endIndex
        return lines[..<end].joined(separator: "\n")
    }

    /// A body with the function's indentation, if it has none.
    private static func indented(_ code: String) -> String {
        let lines = code.split(separator: "\n", omittingEmptySubsequences: false)
        let first = lines.first { !$0.allSatisfy(\.isWhitespace) }
        guard let first, !(first.first?.isWhitespace ?? false) else { return code }
        return lines.map { $0.isEmpty ? "" : "    \($0)" }.joined(separator: "\n")
    }
}
