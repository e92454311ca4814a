internal import Foundation
internal import SpecSearch
internal import SpecSearchServer

/// A trace is refused, or is the same after it was written again; it can stand in a page; and a replay ends, with a
/// result or an error of its own.
enum TraceCheck {
    static func check(_ bytes: [UInt8]) async throws {
        guard let trace = try? SearchTrace(data: Data(bytes)) else { return }
        try Violation.unless(
            try SearchTrace(data: trace.encoded()) == trace, "another trace after it was written again")
        try Violation.unless(!(try TracePage.embedded(trace)).contains("<"), "a trace that could end its script")
        do {
            let result = try await TraceReplay(trace).run()
            guard case .started(let started)? = trace.events.first else { return }
            _ = result.quality(started.configuration.speculation.rejection)
        } catch is SearchTrace.FormatError {
        } catch is EngineError {
        }
    }
}
