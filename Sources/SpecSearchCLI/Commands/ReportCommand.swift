internal import ArgumentParser
internal import Foundation
internal import SpecSearch
internal import SpecSearchEvaluation

/// `specsearch report`.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Write the report of one or more evaluations: one HTML page, and Markdown.",
        discussion: """
            The page, report.html, holds everything in itself; report.md has its charts beside it. Runs that are not \
            finished are reported as far as they are.
            """)

    @Argument(help: ArgumentHelp("Folders of evaluations, in the order of the report.", valueName: "dir"))
    var runs: [String]

    @Option(help: ArgumentHelp("Where to write. (default: the first run's folder)", valueName: "dir"))
    var output: String?

    @Option(help: "The report's title.")
    var title = "SpecSearch: evaluation"

    func validate() throws {
        guard output != "", !runs.contains("") else { throw ValidationError("An empty name is no folder.") }
    }

    func run() throws {
        var names: Set<String> = []
        let sections = try runs.flatMap { path in
            let folder = RunFolder(path)
            let manifest = try folder.manifest()
            var name = folder.url.standardizedFileURL.lastPathComponent
            while !names.insert(name).inserted { name += "-2" }
            return RunReport(manifest, try folder.finishedRecords(manifest), slug: name).blocks
        }
        let document = ReportDocument(
            title: title, subtitle: "Measured by specsearch \(SpecSearchCommand.configuration.version)",
            blocks: sections)
        let target = URL(fileURLWithPath: output ?? runs[0], isDirectory: true)
        do {
            try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
            let markdown = MarkdownReport(document)
            for chart in markdown.charts {
                try Data(chart.svg.utf8).write(to: target.appending(path: chart.fileName), options: .atomic)
            }
            try Data(markdown.text.utf8).write(to: target.appending(path: "report.md"), options: .atomic)
            let page = target.appending(path: "report.html")
            try Data(HTMLReport(document).text.utf8).write(to: page, options: .atomic)
        } catch {
            throw SpecSearchError(
                .ioFailed, "Cannot write to \(target.path): \(error.inWords).",
                remedy: "Is it a folder, is it yours, and is there room?")
        }
        try StandardStreams.print(target.appending(path: "report.html").path)
    }
}
