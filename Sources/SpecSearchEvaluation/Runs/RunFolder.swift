public import Foundation
public import SpecSearch

/// A run on disk: `manifest.json` and `records.jsonl` in one folder.
public struct RunFolder: Sendable {
    public let url: URL

    public init(_ path: String) {
        url = URL(fileURLWithPath: path, isDirectory: true)
    }

    private var manifestURL: URL { url.appending(path: "manifest.json") }
    private var recordsURL: URL { url.appending(path: "records.jsonl") }

    /// Whether a run was begun here.
    public var hasRun: Bool { FileManager.default.fileExists(atPath: manifestURL.path) }

    /// Takes the folder for a new run, before anything that takes long: no other run can be begun or gone on with here
    /// until the records' file is let go.
    ///
    /// A run of which no search has succeeded holds nothing to lose, and is replaced.
    ///
    /// - Throws: ``SpecSearchError`` `ioFailed` if there is another run, or the folder cannot be written.
    public func claim() throws(SpecSearchError) -> RecordFile<EvaluationRecord> {
        do {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        } catch {
            throw SpecSearchError(.ioFailed, "Cannot write to \(url.path).", remedy: "Is it a folder, and writable?")
        }
        let file = try records()
        // Lines that cannot be read may be somebody's, too.
        let isLost = file.damagedLines.isEmpty && file.records.allSatisfy(\.hasFailed)
        guard isLost, hasRun || file.records.isEmpty else {
            throw SpecSearchError(
                .ioFailed, "\(url.path) holds a run already.",
                remedy: "Go on with it by --resume, or choose another folder.")
        }
        return file
    }

    /// Begins a run in a folder that was claimed.
    ///
    /// - Throws: ``SpecSearchError`` `ioFailed` if the folder cannot be written.
    public func begin(_ manifest: RunManifest, _ file: RecordFile<EvaluationRecord>) async throws {
        try await file.removeAll()
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            encoder.dateEncodingStrategy = .iso8601
            try encoder.encode(manifest).write(to: manifestURL, options: .atomic)
        } catch {
            throw SpecSearchError(.ioFailed, "Cannot write to \(url.path).", remedy: "Is it a folder, and writable?")
        }
    }

    /// The run's settings.
    ///
    /// - Throws: ``SpecSearchError`` `ioFailed` if there are none, `badTrace` if they cannot be read.
    public func manifest() throws(SpecSearchError) -> RunManifest {
        guard let data = try? Data(contentsOf: manifestURL) else {
            throw SpecSearchError(.ioFailed, "\(url.path) holds no run: there is no manifest.json in it.")
        }
        struct Version: Decodable { var version: Int }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        do {
            let version = try decoder.decode(Version.self, from: data).version
            guard version == RunManifest.currentVersion else {
                throw SpecSearchError(
                    .badTrace,
                    "\(manifestURL.path) is of version \(version), and this program reads "
                        + "\(RunManifest.currentVersion).",
                    remedy: "Report or go on with the run by the program that began it, or run it again.")
            }
            let manifest = try decoder.decode(RunManifest.self, from: data)
            if let fault = manifest.fault {
                throw SpecSearchError(
                    .badTrace, "\(manifestURL.path) contradicts itself: \(fault).",
                    remedy: "Undo what was edited, or run it again in another folder.")
            }
            return manifest
        } catch let error as SpecSearchError {
            throw error
        } catch {
            throw SpecSearchError(
                .badTrace, "\(manifestURL.path) is not a run's manifest: \(error.inWords).",
                remedy: "Undo what was edited, or run it again in another folder.")
        }
    }

    /// The run's records, open for appending.
    public func records() throws(SpecSearchError) -> RecordFile<EvaluationRecord> { try RecordFile(recordsURL) }

    /// The run's records so far: one for each item, the latest, in the order of the manifest.
    public func finishedRecords(_ manifest: RunManifest) throws -> [EvaluationRecord] {
        let found = try RecordFile<EvaluationRecord>.contents(of: recordsURL).records
        let latest = Dictionary(found.map { ($0.key, $0) }, uniquingKeysWith: { $1 })
        return manifest.seeds.flatMap { seed in
            manifest.problems.flatMap { problem in
                manifest.variants.compactMap { variant in
                    latest[EvaluationRecord.Key(variant: variant.name, problem: problem, seed: seed)]
                }
            }
        }
    }
}
