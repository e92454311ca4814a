internal import ArgumentParser
internal import Foundation
internal import SpecSearch
internal import SpecSearchEvaluation

/// `specsearch router`.
struct RouterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "router",
        abstract: "Learn from traces where the target would hardly do better than a rejected draft.",
        discussion: """
            Traces are those of solve --trace and evaluate --traces by --method specsearch. Of every rejected draft it is learnt \
            whether what the target generated in its place scored more; the probability of that, by the draft's score, its \
            distance to the threshold, its likelihood and its depth, is what the router says. Its figures are for problems that \
            the router they are told of has not seen.

            It prints the value of --router, which keeps drafts below the threshold whose advantage is below --least-advantage. \
            Whether accuracy holds is certified by calibrate --router.
            """)

    @Argument(help: "The traces.")
    var files: [String]

    @Option(
        help: ArgumentHelp("The probability of doing better from which on the target is asked.", valueName: "share"))
    var leastAdvantage = 0.3

    func validate() throws {
        guard (0...1).contains(leastAdvantage) else { throw ValidationError("--least-advantage lies in 0 ... 1.") }
        guard !files.isEmpty else { throw ValidationError("Name traces.") }
    }

    func run() async throws {
        var training = RouterTraining()
        for file in files { training.add(try SearchTrace(contentsOf: file).tree()) }
        let router = try training.router(leastAdvantage: leastAdvantage)
        let advantages = training.heldOut()
        let better = training.examples.map(\.isBetter)
        var lines = [
            "\(files.count) searches, \(better.count) rejected drafts; the target did better than \(training.share.percent) of them.",
            "Told apart on problems not seen: AUC \(training.discrimination(advantages)?.fixed(3) ?? "–").", "",
        ]
        let rows = [0.1, 0.2, 0.3, 0.5, 0.7].map { least in
            let kept = zip(advantages, better).filter { $0.0 < least }
            let lost = kept.count { $0.1 }
            return [
                "\(least)", (Double(kept.count) / Double(better.count)).percent,
                kept.isEmpty ? "–" : (Double(lost) / Double(kept.count)).percent,
            ]
        }
        lines +=
            MarkdownTable(
                header: ["least advantage", "rejected drafts kept", "of these the target did better than"], rows: rows
            ).lines
        try StandardStreams.print(lines.joined(separator: "\n"))
        try StandardStreams.print("\n--router '\(router)'")
    }
}
