internal import Foundation

/// An example of what a function does, as its description shows it to whoever is to write the function: a line of a
/// Python session, and what Python says to it.
public struct VisibleExample: Sendable, Hashable {
    /// What follows `>>>`, with the lines that go on with it.
    public var source: String
    /// The lines after it; empty for a statement, or a comparison that is to hold.
    public var expected: String

    public init(source: String, expected: String) {
        self.source = source
        self.expected = expected
    }
}

extension CodeTask {
    /// The examples in the prompt, in their order; none where it has none that can be run.
    ///
    /// Lines of a Python session; where there are none, calls of the function with what they give (`f(1) == 2`, `f(1) ➞ 2`,
    /// `f(1) should return 2`), values with what comes out (`For x = 1, y = 2 the output should be 3`), and pairs of
    /// `Input:` and `Output:`. What is not made of literals is left out: descriptions are written for people.
    public var visibleExamples: [VisibleExample] {
        let session = sessionExamples
        return session.isEmpty ? ProseExamples(prompt, function: entryPoint).examples : session
    }

    /// The lines of a Python session.
    private var sessionExamples: [VisibleExample] {
        var examples: [VisibleExample] = []
        var isOpen = false
        for line in prompt.replacing("\r\n", with: "\n").split(separator: "\n", omittingEmptySubsequences: false) {
            let text = line.trimmingCharacters(in: .whitespaces)
            if text.hasPrefix(">>>") {
                let source = text.dropFirst(3).trimmingCharacters(in: .whitespaces)
                examples.append(VisibleExample(source: source, expected: ""))
                isOpen = true
            } else if text.isEmpty || text.hasPrefix("\"\"\"") || text.hasPrefix("'''") {
                isOpen = false
            } else if isOpen, let last = examples.last {
                if text.hasPrefix("..."), last.expected.isEmpty {
                    // The space after the dots is not part of the program, the indentation behind it is.
                    examples[examples.count - 1].source += "\n" + text.dropFirst(text.hasPrefix("... ") ? 4 : 3)
                } else {
                    examples[examples.count - 1].expected += (last.expected.isEmpty ? "" : "\n") + text
                }
            }
        }
        return examples
    }

    /// The same task, tested by the last of some examples alone; the statements before it are run first.
    ///
    /// What is printed must be what is expected, or a literal of the same value: descriptions quote and space freely.
    func tested(by examples: ArraySlice<VisibleExample>) throws -> CodeTask {
        let encoder = JSONEncoder()
        // JSON's strings are Python's, but for escaped slashes.
        encoder.outputFormatting = .withoutEscapingSlashes
        let list = String(decoding: try encoder.encode(examples.map { [$0.source, $0.expected] }), as: UTF8.self)
        var task = self
        task.test = """
            def check(candidate):
                import ast, contextlib, io
                def run(source):
                    with contextlib.redirect_stdout(io.StringIO()) as output:
                        exec(compile(source + "\\n", "example", "single"), globals())
                    return output.getvalue().strip()
                *earlier, (source, expected) = \(list)
                for statement, _ in earlier:
                    try:
                        compile(statement, "example", "eval")
                    except SyntaxError:
                        run(statement)
                try:
                    printed = run(source)
                except Exception:
                    assert expected.startswith("Traceback")
                    return
                if expected:
                    if printed == expected or not printed and expected == "None":
                        return
                    value, wanted = ast.literal_eval(printed), ast.literal_eval(expected)
                    # People write a tuple of one as if it were a value in parentheses.
                    assert value == wanted or expected.startswith("(") and value == (wanted,)
                else:
                    assert printed in ("", "True")

            """
        return task
    }
}
