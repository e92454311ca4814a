import Foundation
import ModelHub
import SpecSearch
import Synchronization
import Testing

/// A folder of a test's own, with a store in it that asks a test's hub; gone with the value.
final class Bench: Sendable {
    let folder: String
    private let pauses = Mutex<[Duration]>([])

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/modelhub-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    var cache: String { folder + "/home/hub" }
    /// The pauses that requests made, none of which took time.
    var waited: [Duration] { pauses.withLock { $0 } }

    func environment(_ endpoint: String, _ more: [String: String] = [:]) -> HubEnvironment {
        HubEnvironment(
            ["HOME": folder, "HF_HOME": folder + "/home", "HF_ENDPOINT": endpoint].merging(more) { $1 })
    }

    func store(
        _ hub: TestHub, entries: [CatalogueEntry] = [], _ more: [String: String] = [:], attempts: Int = 4,
        plan: HubDownload.Plan = HubDownload.Plan(connections: 4, piece: 1 << 14, saveEvery: 1 << 10),
        disk: LocalDisk = LocalDisk(), pip: [String] = ["false"], roots: [String] = []
    ) throws -> ModelStore {
        try store(
            environment(hub.endpoint, more), entries: entries, attempts: attempts, plan: plan, disk: disk, pip: pip,
            roots: roots)
    }

    func store(
        _ environment: HubEnvironment, entries: [CatalogueEntry] = [], attempts: Int = 4,
        plan: HubDownload.Plan = HubDownload.Plan(connections: 4, piece: 1 << 14, saveEvery: 1 << 10),
        disk: LocalDisk = LocalDisk(), pip: [String] = ["false"], roots: [String] = []
    ) throws -> ModelStore {
        let retry = RetryPolicy(attempts: attempts) { [weak self] pause in
            self?.pauses.withLock { $0.append(pause) }
            try Task.checkCancellation()
        }
        return try ModelStore(
            environment: environment, catalogue: Catalogue(entries: entries),
            http: HTTPClient(headTimeout: .seconds(60)), retry: retry, plan: plan, disk: disk, pip: pip,
            shippedRoots: roots)
    }

    /// A repository's folder in the cache.
    func repository(_ name: String) -> String { "\(cache)/models--\(name.replacing("/", with: "--"))" }

    func blob(_ repository: String, _ bytes: [UInt8]) -> String {
        "\(self.repository(repository))/blobs/\(TestHub.hash(bytes))"
    }

    /// All that is in a folder, sorted.
    static func names(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    static func bytes(_ path: String?) -> [UInt8]? {
        path.flatMap { FileManager.default.contents(atPath: $0) }.map(Array.init)
    }

    /// Bytes that look like nothing, the same for the same seed.
    static func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
        return (0..<count).map { _ in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return UInt8(truncatingIfNeeded: state >> 24)
        }
    }
}

/// Collects what a pull says.
final class Log: Sendable {
    private let lines = Mutex<[PullProgress]>([])
    var all: [PullProgress] { lines.withLock { $0 } }
    func take(_ progress: PullProgress) { lines.withLock { $0.append(progress) } }
}

/// A door that is shut until somebody opens it.
final class Gate: Sendable {
    private let condition = NSCondition()
    private let state = Mutex(false)
    var isOpen: Bool { state.withLock { $0 } }

    func open() {
        state.withLock { $0 = true }
        condition.lock()
        condition.broadcast()
        condition.unlock()
    }

    /// Waits, blocking the thread.
    func pass() {
        condition.lock()
        while !isOpen { _ = condition.wait(until: Date(timeIntervalSinceNow: 0.05)) }
        condition.unlock()
    }

    /// Waits without blocking.
    func wait() async throws {
        while !isOpen { try await Task.sleep(for: .milliseconds(5)) }
    }
}

/// The error that a piece of work ends with.
func failure(_ work: () async throws -> some Any) async -> SpecSearchError? {
    do {
        _ = try await work()
        return nil
    } catch {
        return error as? SpecSearchError
    }
}
