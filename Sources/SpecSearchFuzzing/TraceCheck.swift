internal import Foundation
internal import SpecSearch
internal import SpecSearchServer

/// The check of a trace: it is refused, or is the same after it was written again; it can stand in a page; and its tree, and
/// a replay, come out as a result or an error.
enum TraceCheck {
    static func check(_ bytes: [UInt8]) async throws {
        guard let trace = try? SearchTrace(data: Data(bytes)) else { return }
        try Violation.unless(
            try SearchTrace(data: trace.encoded()) == trace, "another trace after it was written again")
        try Violation.unless(!(try TracePage.embedded(trace)).contains("<"), "a trace that could end its script")
        do {
            let tree = try trace.tree()
            for id in tree.ids { _ = tree.pathScore(of: id) }
            let result = try await TraceReplay(trace).run()
            if let configuration = try trace.started().configuration {
                _ = result.outcome.quality(configuration.rejection)
            }
        } catch is SpecSearchError {
        }
    }
}
