#if Server
    internal import ArgumentParser
    internal import Foundation
    internal import SpecSearch
    internal import SpecSearchServer

    /// `specsearch view`.
    struct ViewCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "view",
            abstract: "Write a recorded search, or two side by side, as one HTML file: trees, scores, times and costs.",
            discussion: "The file needs no server and no network; it can be sent to a colleague.")

        @Argument(help: "The trace of solve --trace.")
        var trace: String

        @Argument(help: "Another trace, to be shown beside it.")
        var beside: String?

        @Option(name: .shortAndLong, help: ArgumentHelp("The file to write. (default: the trace's name, in .html)"))
        var output: String?

        func run() throws {
            let events = try SearchTrace(contentsOf: trace)
            _ = try events.started()
            let other = try beside.map { try SearchTrace(contentsOf: $0) }
            _ = try other?.started()
            let path = output ?? URL(fileURLWithPath: trace).deletingPathExtension().appendingPathExtension("html").path
            let file = try OutputFile(
                path, option: output == nil ? "The page" : "--output", inputs: [trace] + (beside.map { [$0] } ?? []))
            try file.write(try TracePage.html(events, beside: other))
            try StandardStreams.print(path)
        }
    }
#endif
