import Foundation
import SpecSearch
import Synchronization

/// Brings files of the hub into its cache.
package struct HubDownload: Sendable {
    /// How a file is cut into requests.
    package struct Plan: Sendable {
        /// How many requests at once.
        package var connections = 4
        /// The most bytes of a request.
        package var piece: Int64 = 32 << 20
        /// After how many bytes the small file that says what is there is rewritten.
        package var saveEvery: Int64 = 4 << 20

        package init(connections: Int = 4, piece: Int64 = 32 << 20, saveEvery: Int64 = 4 << 20) {
            self.connections = connections
            self.piece = piece
            self.saveEvery = saveEvery
        }
    }

    /// The server sends the whole file when asked for a part.
    private struct RangesNotHonoured: Error {}

    let client: HubClient
    let cache: HubCache
    let plan: Plan

    package init(client: HubClient, cache: HubCache, plan: Plan = Plan()) {
        self.client = client
        self.cache = cache
        self.plan = plan
    }

    /// Brings a file, unless it is there.
    ///
    /// - Returns: Its path in the cache.
    /// - Throws: ``SpecSearchError``; `CancellationError`. What has come is kept but for a wrong checksum.
    package func fetch(_ file: HubFile, meter: ProgressMeter) async throws -> String {
        if let path = cache.locate(file) { return path }
        if let hash = file.sha256, let size = file.size, LocalDisk.size(cache.blob(file.repository, hash)) == size {
            return try cache.publish(file, etag: hash, commit: nil)
        }
        let info = try await client.info(file, meter: meter)
        try check(info, against: file)
        try cache.prepare(file.repository)
        let lock = try await FileLock.acquire(
            cache.lockFile(file.repository, info.etag), cache: cache.folder,
            onWait: { meter.begin(.waiting, total: info.size, message: "Another pull of this file is under way.") })
        defer { withExtendedLifetime(lock) {} }
        let blob = cache.blob(file.repository, info.etag)
        if LocalDisk.size(blob) != info.size {
            try await download(file, info, to: blob, meter: meter)
        }
        return try cache.publish(file, etag: info.etag, commit: info.commit)
    }

    /// Compares what the hub says with what the catalogue says.
    private func check(_ info: HubFileInfo, against file: HubFile) throws(SpecSearchError) {
        let isOther =
            (file.size.map { $0 != info.size } ?? false)
            || (file.sha256.map { Names.isSHA256(info.etag) && $0 != info.etag } ?? false)
        guard isOther else { return }
        throw SpecSearchError(
            .badChecksum,
            "\(file.repository) has another \(file.name) now (\(info.size) bytes, \(info.etag)) than the catalogue knows.",
            remedy: "Name it as hf:\(file.repository)/\(file.path) if you want it, or put it into a catalogue of yours."
        )
    }

    private func download(_ file: HubFile, _ info: HubFileInfo, to blob: String, meter: ProgressMeter) async throws {
        let partial = try PartialFile(
            path: cache.incomplete(file.repository, info.etag), sidecar: cache.sidecar(file.repository, info.etag),
            size: info.size, cache: cache.folder, saveEvery: plan.saveEvery)
        let there = partial.finished.count
        try cache.disk.check(
            need: info.size - there, at: (blob as NSString).deletingLastPathComponent, file: file.name)
        meter.begin(.downloading, completed: there, total: info.size)
        do {
            let transfer = Transfer(client: client, file: file, address: info.address, partial: partial, meter: meter)
            do {
                try await inRanges(transfer)
            } catch is RangesNotHonoured {
                try await whole(transfer)
            }
        } catch let error as SpecSearchError where error.code == .badChecksum {
            partial.discard()
            throw error
        } catch {
            try? partial.save()
            throw error
        }
        try await check(partial, file, info, meter: meter)
        try partial.rename(to: blob)
    }

    /// Compares the bytes that came with what was announced, and throws them away if they differ.
    private func check(_ partial: PartialFile, _ file: HubFile, _ info: HubFileInfo, meter: ProgressMeter) async throws
    {
        guard let wanted = file.sha256 ?? (Names.isSHA256(info.etag) ? info.etag : nil) else { return }
        meter.begin(.checking, completed: 0, total: info.size)
        try? partial.save()
        let found = try await fileHash(partial.path) { meter.advance(by: $0) }
        guard found != wanted else { return }
        partial.discard()
        throw SpecSearchError(
            .badChecksum, "\(file.name) arrived damaged: its SHA-256 is \(found) and should be \(wanted).",
            remedy: "Pull again; it starts afresh. If it happens again, something between you and "
                + "\(info.address.host ?? "the hub") changes the bytes.")
    }

    /// Fetches what is missing, several pieces at once.
    private func inRanges(_ transfer: Transfer) async throws {
        let pieces = transfer.partial.finished.missing(of: transfer.partial.size, piece: plan.piece)
        let queue = WorkQueue(pieces)
        try await withThrowingTaskGroup { group in
            for _ in 0..<min(plan.connections, pieces.count) {
                group.addTask {
                    while let piece = queue.next() {
                        try await Self.fetch(piece, transfer)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Fetches a piece, as often as it takes.
    private static func fetch(_ piece: Range<Int64>, _ transfer: Transfer) async throws {
        let position = Mutex(piece.lowerBound)
        try await transfer.repeated(position: { position.withLock { $0 } }) {
            let start = position.withLock { $0 }
            guard start < piece.upperBound else { return }
            try await transfer.get(["Range": "bytes=\(start)-\(piece.upperBound - 1)"]) { response in
                if response.status == 200 {
                    throw RangesNotHonoured()
                }
                guard let range = response.headers["content-range"], range.hasPrefix("bytes \(start)-"),
                    range.hasSuffix("/\(transfer.partial.size)") || range.hasSuffix("/*")
                else { throw transfer.changed }
            } onBytes: { data in
                try position.withLock { position in
                    guard position + Int64(data.count) <= piece.upperBound else { throw transfer.changed }
                    try transfer.partial.write(data, at: position)
                    position += Int64(data.count)
                }
                transfer.meter.advance(by: data.count)
            }
            guard position.withLock({ $0 }) == piece.upperBound else { throw transfer.cut }
        }
    }

    /// Fetches the file in one request from its beginning, for servers that know no ranges.
    private func whole(_ transfer: Transfer) async throws {
        let size = transfer.partial.size
        // No attempt goes on where the last one stopped, so none counts as progress.
        try await transfer.repeated(position: { 0 }) {
            try transfer.partial.startAfresh()
            transfer.meter.begin(
                .downloading, completed: 0, message: "The server knows no ranges: one connection, from the beginning.")
            let position = Mutex(Int64(0))
            try await transfer.get([:]) { _ in
            } onBytes: { data in
                try position.withLock { position in
                    guard position + Int64(data.count) <= size else { throw transfer.changed }
                    try transfer.partial.write(data, at: position)
                    position += Int64(data.count)
                }
                transfer.meter.advance(by: data.count)
            }
            guard position.withLock({ $0 }) == size else { throw transfer.cut }
        }
    }
}
