internal import ArgumentParser
internal import Checksums
internal import Foundation
internal import SpecSearch
internal import SpecSearchLlama
internal import Synchronization

/// Loads model files in a short-lived process of this program before it loads them itself, so that no file can end it:
/// llama.cpp asserts much of a file, and an assertion ends the process.
///
/// A file that was fit once is remembered, by its place on the disk, size and times and by the version of llama.cpp, and is
/// not tried again until one of them changes.
enum ModelTrial {
    /// The exit status of a trial that found the model unfit, and printed why.
    static let unfit: Int32 = 65
    /// The most seconds that a trial may take: the weights come from the disk.
    private static let patience = 900.0

    private static let isProgram = Mutex(false)

    /// To be called by the program itself: only it can be started again for a trial.
    static func enable() { isProgram.withLock { $0 = true } }

    /// Tries the files of a set that were not seen before.
    ///
    /// - Throws: ``SpecSearchError`` `badModelFile`, naming the file; `CancellationError` where the trial was interrupted.
    static func check(_ set: ModelSet) throws {
        for role in ModelRole.allCases {
            guard let path = set[role] else { continue }
            let adapters = (set.adapters[role] ?? []).map(\.file)
            let mark = mark(of: [path] + adapters)
            if let mark, FileManager.default.fileExists(atPath: mark.path) { continue }
            if let error = try fault(of: path, adapters: adapters) { throw error }
            guard let mark else { continue }
            // Where it cannot be kept the file is tried again.
            try? FileManager.default.createDirectory(
                at: mark.deletingLastPathComponent(), withIntermediateDirectories: true)
            try? Data().write(to: mark)
        }
    }

    /// What is wrong with a model's file, if loading it would end the process, or it is unfit in a way that loading does not
    /// show; nil where it may be loaded, and where no process can be started.
    ///
    /// - Parameter checksWeights: Whether every weight is looked at.
    static func fault(
        of path: String, adapters: [String] = [], checksWeights: Bool = false
    ) throws -> SpecSearchError? {
        guard isProgram.withLock({ $0 }), let program = Bundle.main.executableURL,
            FileManager.default.fileExists(atPath: path)
        else { return nil }
        let process = Process()
        process.executableURL = program
        process.arguments =
            ["models", "try"] + (checksWeights ? ["--check-weights"] : [])
            + adapters.flatMap { ["--adapter=\($0)"] } + ["--", path]
        process.standardInput = FileHandle.nullDevice
        let (output, errors) = (Pipe(), Pipe())
        (process.standardOutput, process.standardError) = (output, errors)
        guard (try? process.run()) != nil else { return nil }
        let timer = DispatchSource.makeTimerSource()
        timer.schedule(deadline: .now() + patience)
        timer.setEventHandler { kill(process.processIdentifier, SIGKILL) }
        timer.activate()
        defer { timer.cancel() }
        let said = Mutex(Data())
        let reading = DispatchQueue(label: "specsearch.trial")
        reading.async {
            let data = errors.fileHandleForReading.readDataToEndOfFile()
            said.withLock { $0 = data }
        }
        let found = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        reading.sync {}
        switch (process.terminationReason, process.terminationStatus) {
        case (.uncaughtSignal, SIGINT), (.uncaughtSignal, SIGTERM), (.uncaughtSignal, SIGHUP):
            throw CancellationError()
        case (.uncaughtSignal, let number):
            let reason = Self.reason(String(decoding: said.withLock { $0 }, as: UTF8.self), number)
            return SpecSearchError(
                .badModelFile, "The model \(path) would end this program when it is loaded: \(reason).",
                remedy: "The file is damaged, or made for another version of llama.cpp: fetch it, or convert it, again."
            )
        case (_, unfit):
            let text = String(decoding: found, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            return SpecSearchError(.badModelFile, text, remedy: "Fetch it, or convert it, again.")
        default:
            // Whatever else is wrong with it, loading it says better.
            return nil
        }
    }

    /// What a trial said before it ended, in a line.
    private static func reason(_ text: String, _ signal: Int32) -> String {
        let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
        let telling = lines.first { $0.contains("ASSERT") || $0.contains("what():") || $0.contains("Fatal error") }
            // Where llama.cpp was built is nobody's business.
            .map { $0.replacing(#/^/\S*/(?=[^/\s]+:\d+: )/#, with: "") }
        let name = [SIGABRT: "an assertion", SIGSEGV: "an invalid memory access", SIGKILL: "out of memory or time"][
            signal]
        return ([name ?? "signal \(signal)"] + [telling ?? lines.last].compactMap(\.self)).joined(separator: ": ")
            .singleLine.fitted(300)
    }

    /// The file whose being there says that these files are fit.
    private static func mark(of paths: [String]) -> URL? {
        var name = "\(LlamaEngine.libraryVersion) \(SpecSearchCommand.configuration.version)"
        for path in paths.flatMap(parts) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            #if os(Linux)
                let times = [status.st_mtim, status.st_ctim]
            #else
                let times = [status.st_mtimespec, status.st_ctimespec]
            #endif
            name += " \(status.st_dev) \(status.st_ino) \(status.st_size)"
            for time in times { name += " \(time.tv_sec).\(time.tv_nsec)" }
        }
        let hash = SHA256.hexadecimal(SHA256.hash(Data(name.utf8))).prefix(32)
        return CostModelCache.userCache.appending(path: "fit").appending(path: String(hash))
    }

    /// All files of a model that is split, by their names alone: no header is read.
    private static func parts(of path: String) -> [String] {
        guard let match = path.firstMatch(of: #/-00001-of-(\d{5})\.gguf$/#), let count = Int(match.1, in: 1...99_999)
        else {
            return [path]
        }
        let stem = path[..<match.range.lowerBound]
        return (1...count).map { number in
            let digits = String(repeating: "0", count: 5 - String(number).count) + String(number)
            return "\(stem)-\(digits)-of-\(match.1).gguf"
        }
    }
}
