internal import Foundation
internal import SpecSearch
internal import SpecSearchEvaluation

/// A folder with a trace of each search of a run: `VARIANT.PROBLEM.SEED.jsonl`.
struct TraceFolder: Sendable {
    let path: String

    /// - Throws: ``SpecSearchError`` `ioFailed` where it cannot be made.
    init(_ path: String) throws(SpecSearchError) {
        self.path = path
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw SpecSearchError(.ioFailed, "Cannot write to \(path).", remedy: "Is it a folder, and writable?")
        }
    }

    /// What writes the trace of a search that begins.
    func listener(_ variant: Variant, _ problem: Problem) throws -> @Sendable (SearchEvent) -> Void {
        let name = [variant.name, problem.id, "\(variant.configuration.options.seed)"].map(Self.fileName)
        let writer = try TraceWriter(path: "\(path)/\(name.joined(separator: ".")).jsonl")
        return { event in
            writer.write(event)
            guard case .finished = event else { return }
            do { try writer.finish() } catch { Terminal.say(error.inWords) }
        }
    }

    /// The same names for the same words, and others for others.
    private static func fileName(_ name: String) -> String {
        let plain = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "_-"))
        return name.addingPercentEncoding(withAllowedCharacters: plain) ?? name
    }
}
