internal import ArgumentParser
internal import Foundation
internal import MathGrading

/// `specsearch grade`.
struct GradeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grade", abstract: "Say of answers whether they equal their gold answers.",
        discussion: """
            Reads JSON Lines of {"gold", "answer"} and prints each line with "equal": true or false. An answer is a final \
            answer or a worked solution: one with a box, "####", "answer is" or "answer:", or several lines or sentences of \
            words. A line that cannot be read is printed with "error", named on stderr, and makes the exit status 1.
            """)

    @Argument(help: ArgumentHelp("The file; - is standard input.", valueName: "file"))
    var file = "-"

    @Option(help: "strict: by value, exactly; compat: as the evaluation code that most papers share.")
    var mode = GradingMode.strict

    func run() throws {
        let grading = GradingLine(mode: mode)
        try LineReader.read(from: file)
        var number = 0
        var hasFailed = false
        while let line = readLine() {
            number += 1
            if line.allSatisfy(\.isWhitespace) { continue }
            let result = grading.graded(line)
            if let error = result.error {
                hasFailed = true
                Terminal.say("line \(number): \(error)")
            }
            try StandardStreams.print(result.line)
        }
        try StandardStreams.checkEnd()
        if hasFailed { throw ExitCode(1) }
    }
}
