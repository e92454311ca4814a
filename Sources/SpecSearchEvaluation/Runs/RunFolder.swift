public import Foundation

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

    /// Checks that no run was begun here.
    ///
    /// - Throws: ``RunError`` otherwise.
    public func checkEmpty() throws {
        guard !hasRun else {
            throw RunError("\(url.path) holds a run already: go on with it by --resume, or choose another folder.")
        }
    }

    /// Begins a run.
    ///
    /// - Throws: ``RunError`` if there is one here already, or the folder cannot be written.
    public func begin(_ manifest: RunManifest) throws -> RecordFile<EvaluationRecord> {
        try checkEmpty()
        do {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            encoder.dateEncodingStrategy = .iso8601
            try encoder.encode(manifest).write(to: manifestURL, options: .atomic)
        } catch {
            throw RunError("cannot write to \(url.path): is it a folder, and writable?")
        }
        return try records()
    }

    /// The run's settings.
    ///
    /// - Throws: ``RunError`` if there are none, or they cannot be read.
    public func manifest() throws -> RunManifest {
        guard let data = try? Data(contentsOf: manifestURL) else {
            throw RunError("\(url.path) holds no run: there is no manifest.json in it.")
        }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        do {
            let manifest = try decoder.decode(RunManifest.self, from: data)
            guard manifest.version == 1 else {
                throw RunError("\(manifestURL.path) is of version \(manifest.version); this program reads version 1.")
            }
            return manifest
        } catch let error as DecodingError {
            throw RunError("\(manifestURL.path) is not a run's manifest: \(error)")
        }
    }

    /// The run's records, open for appending.
    public func records() throws -> RecordFile<EvaluationRecord> { try RecordFile(recordsURL) }

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
