internal import ArgumentParser
internal import Foundation
internal import SpecSearch
package import SpecSearchEvaluation

/// A program to be written, judged by the examples in its description: `solve --program`.
package struct ProgramProblem {
    let task: CodeTask
    private let exampleCount: Int

    /// - Parameter path: A file with the program's beginning; - is standard input.
    /// - Throws: What reading it does, and ``SpecSearchError`` where it begins no function.
    init(path: String) throws {
        let text =
            try path == "-" ? StandardStreams.readText() : String(data: ProblemLines.contents(path), encoding: .utf8)
        guard let text else { throw ValidationError("\(path) cannot be read: it is no text in UTF-8.") }
        self.init(try CodeTask(beginning: text.trimmingCharacters(in: .newlines) + "\n"))
    }

    package init(_ task: CodeTask) {
        self.task = task
        exampleCount = task.visibleExamples.count
    }

    var problem: Problem { task.problem }

    private var graded: GradedProblem { GradedProblem(problem: task.problem, answer: "", codeTask: task) }

    /// What judges the program.
    var rewardModel: any RewardModel { ExampleRewardModel([graded]) }

    /// The settings: what was given, over what suits programs.
    func configuration(_ method: String?, _ arguments: SearchArguments) throws -> SearchConfiguration {
        var configuration = try arguments.base(for: [graded], isJudged: false, isTold: false)
        // Without an example nothing could say which drafts are right.
        let usual = exampleCount == 0 ? SearchMethod.ar : .auto
        configuration.method = try method.map { try MethodsArguments.parsed($0) } ?? usual
        // Nor which program is.
        if exampleCount == 0, arguments.width == nil { configuration.width = 1 }
        try arguments.check([configuration])
        return configuration
    }

    /// What the answer rests on, before it is looked for.
    package var promise: String {
        switch exampleCount {
        case 0:
            "The description of \(task.entryPoint) shows no example that can be run, so nothing judges: add lines such as "
                + ">>> \(task.entryPoint)(…) with what they give."
        case 1: "One example judges; what the models write is run here, without a sandbox."
        default: "\(exampleCount) examples judge; what the models write is run here, without a sandbox."
        }
    }

    /// What is to be said of a program that does not do what its examples show; nil for one that does.
    package func shortcoming(of answer: String?, score: Double) -> String? {
        guard exampleCount > 0, answer != nil, score < 1 else { return nil }
        let held = Int((score * Double(exampleCount)).rounded())
        return "The best program that was found does what \(held) of \(exampleCount) examples show."
    }
}
